//! Roundsman

pub mod text;

pub mod diag;

pub mod model;

pub mod event;
pub mod template;
pub mod transport;
pub mod yaml;

pub mod inventory;
pub mod resource;

pub mod playbook;

pub mod plan;

pub mod exec;
pub mod report;
pub mod store;

pub mod app;

pub mod cli;

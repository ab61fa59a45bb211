//! OpenSSH: masters of our own, and the channels on them.
//!
//! `options` writes a master's arguments, `launcher` starts it so that it dies with us, `askpass` answers its password prompt, `classify`
//! reads its words, `master` holds it, `pace` says when, `hub` brings them together. Knows nothing of lanes.

mod askpass;
mod classify;
mod hub;
mod launcher;
mod master;
mod options;
mod pace;
#[cfg(test)]
mod tests;

pub(super) use hub::SshHub;
pub use launcher::helper_main;
pub(super) use master::Master;

//! OpenSSH: masters of our own, and the channels on them.
//!
//! `options` writes a master's arguments, `starter` starts it so that it ends with us: by the `keeper`, a helper process, as
//! `launcher` finds out; `started` is what then runs. `askpass` answers its password prompt, `classify` reads its words, `master` holds
//! it, `pace` says when, `hub` brings them together. Knows nothing of lanes.

mod askpass;
mod classify;
mod hub;
mod keeper;
mod launcher;
mod master;
mod options;
mod pace;
mod started;
mod starter;
#[cfg(test)]
mod tests;

pub(super) use hub::SshHub;
pub use launcher::helper_main;
pub(super) use master::Master;

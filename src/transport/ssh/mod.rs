//! OpenSSH: masters of our own, and the channels on them.

use std::process::ExitCode;
use std::sync::Arc;

use super::hub::{HubError, HubOptions, Progress};
use super::lane_api::{Refusal, RefusalClass, Target};

/// Serves as launcher of a master or as askpass where the program was started as one; the caller ends with the code.
#[must_use]
pub fn helper_main() -> Option<ExitCode> {
    None
}

#[derive(Debug)]
pub(super) struct SshHub {}

#[derive(Debug)]
pub(super) struct Master {}

impl SshHub {
    pub(super) fn new(_options: HubOptions) -> Result<SshHub, HubError> {
        Ok(SshHub {})
    }

    pub(super) async fn connect(&self, _target: &Target, _progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Arc<Master>, Refusal> {
        Err(Refusal { class: RefusalClass::Local, message: "not there yet".to_owned() })
    }

    pub(super) async fn close(&self) {}
}

impl Master {
    pub(super) async fn channel(&self, _command: &str) -> Result<super::channel::Channel, Refusal> {
        Err(Refusal { class: RefusalClass::Local, message: "not there yet".to_owned() })
    }
    pub(super) async fn lost(&self) -> String {
        std::future::pending().await
    }
    pub(super) async fn reason(&self) -> Option<String> {
        None
    }
    pub(super) async fn close(&self) {}
}

//! Signals as wishes to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::AppError;
use crate::exec::Interrupt;

/// Listens for SIGINT, SIGTERM and SIGHUP from now on; each one that comes is a wish to stop.
///
/// # Errors
/// Where the system refuses. Must be called within a tokio runtime.
pub fn interrupts() -> Result<mpsc::Receiver<Interrupt>, AppError> {
    let (sender, receiver) = mpsc::channel(8);
    for (kind, interrupt) in
        [(SignalKind::interrupt(), Interrupt::Int), (SignalKind::terminate(), Interrupt::Term), (SignalKind::hangup(), Interrupt::Hup)]
    {
        let mut stream = signal(kind).map_err(|error| AppError::Machine { what: "signals can't be listened for", error })?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if sender.send(interrupt).await.is_err() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

//! SIGINT and SIGTERM: the first asks a run to end with what it has, the second ends the process, whose report nobody
//! reads any more.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::INCONCLUSIVE;

/// The signals, taken from the moment that this is made until the process ends.
pub(super) struct Signals {
    came: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
}

impl Signals {
    /// Takes the signals; `stop` turns true with the first, once somebody obeys.
    ///
    /// # Errors
    /// The system's, where it does not let go of a signal.
    pub(super) fn take(stop: watch::Sender<bool>) -> io::Result<Signals> {
        let came = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            // In this order, so that it is unset when the first one comes.
            flag::register_conditional_shutdown(number, INCONCLUSIVE.into(), Arc::clone(&came))?;
            flag::register(number, Arc::clone(&came))?;
        }
        Ok(Signals { came, stop })
    }

    /// Tells of the first signal as long as it is polled.
    pub(super) async fn obey(self) {
        let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        let [Ok(mut interrupt), Ok(mut terminate)] = signals else {
            return;
        };
        // It may have come before anybody listened.
        if !self.came.load(Ordering::SeqCst) {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        self.stop.send_replace(true);
    }
}

//! Logs: to standard error, never to standard output, and of vpcheck's own rooms only.

use std::io::{self, Stderr, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Settings;
use crate::gather::secrets;

/// Starts logging as loud as the settings say. Other crates' logs can hold signed headers, so they stay out.
pub(super) fn start(settings: &Settings) {
    let level = match (settings.quiet, settings.verbosity) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| Careful(std::io::stderr()))
        .with_ansi(false)
        .without_time()
        .with_target(false);
    // A second start in one process, as in the demo, keeps the first.
    let _ = tracing_subscriber::registry()
        .with(Targets::new().with_target("vpcheck", level))
        .with(layer)
        .try_init();
}

/// Standard error, without secrets. An event is written in one piece.
struct Careful(Stderr);

impl Write for Careful {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = secrets::without(&String::from_utf8_lossy(bytes));
        self.0.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

//! TCP connections, and what their errors mean.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::Bounds;
use crate::facts::tcp::TcpSeen;
use crate::facts::{Failure, FailureKind, Observation, Outcome};

/// Connects to an address, directly: no proxy is ever obeyed.
pub async fn connect(
    bounds: &Bounds,
    address: SocketAddr,
) -> (Observation<TcpSeen>, Option<TcpStream>) {
    let observation = bounds
        .observe(async {
            match open(address).await {
                Ok(seen) => Outcome::Seen(seen),
                Err(error) => outcome(failure(&error)),
            }
        })
        .await;
    split(observation)
}

/// What an error of a socket means for a diagnosis.
pub fn failure(error: &Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::ConnectionRefused => FailureKind::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => FailureKind::Reset,
        ErrorKind::NetworkUnreachable
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        // Routes of the kinds `prohibit` and `blackhole`: EACCES and EINVAL.
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidInput => FailureKind::Unreachable,
        ErrorKind::TimedOut => FailureKind::Timeout,
        _ => FailureKind::Other,
    };
    let detail = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::InvalidInput => {
            format!("this host's routes or filters do not allow it: {error}")
        }
        _ if is_exhausted(error) => format!("{NO_SOCKET}: {error}"),
        _ => error.to_string(),
    };
    Failure::new(kind, bounded(&detail))
}

/// What a failure comes to: where this host had no socket left, nothing was tried at all.
pub(super) fn outcome<T>(failure: Failure) -> Outcome<T> {
    match failure.detail.starts_with(NO_SOCKET) {
        true => Outcome::Skipped(failure.detail),
        false => Outcome::Failed(failure),
    }
}

/// Makes a socket; where this host has none left just now, others are waited for that end soon.
pub(super) async fn patiently<T, F>(make: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for _ in 0..ATTEMPTS {
        match make().await {
            Err(error) if is_exhausted(&error) => tokio::time::sleep(PAUSE).await,
            made => return made,
        }
    }
    make().await
}

/// How often, and how long, a socket is waited for: half a second in all, less than a probe may take by default.
const ATTEMPTS: usize = 25;
const PAUSE: Duration = Duration::from_millis(20);

/// The failure of a call that had no socket, where that is what this error is.
pub(super) fn without_socket(error: &Error) -> Option<Failure> {
    is_exhausted(error).then(|| failure(error))
}

/// How the detail begins where this host ran out of sockets.
const NO_SOCKET: &str = "this host had no socket left";

fn is_exhausted(error: &Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Divides what was seen into the fact and the thing that the next phase works on.
pub(super) fn split<F, T>(observation: Observation<(F, T)>) -> (Observation<F>, Option<T>) {
    let (outcome, rest) = match observation.outcome {
        Outcome::Seen((fact, rest)) => (Outcome::Seen(fact), Some(rest)),
        Outcome::Failed(failure) => (Outcome::Failed(failure), None),
        Outcome::Skipped(reason) => (Outcome::Skipped(reason), None),
    };
    let observation = Observation {
        at_ms: observation.at_ms,
        took_ms: observation.took_ms,
        outcome,
    };
    (observation, rest)
}

/// A detail's text, cut to what a report can bear.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(MAX_DETAIL).collect()
}

/// The most characters of a detail, or of a text of a certificate.
const MAX_DETAIL: usize = 256;

async fn open(address: SocketAddr) -> Result<(TcpSeen, TcpStream), Error> {
    let stream = patiently(|| TcpStream::connect(address)).await?;
    // A request is written at once and its answer waited for: there is nothing to gain from holding packets.
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?.ip();
    Ok((TcpSeen { local }, stream))
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn each_error_of_the_kernel_means_what_it_means_on_the_way_there() {
        for (errno, kind) in [
            (Errno::CONNREFUSED, FailureKind::Refused),
            (Errno::CONNRESET, FailureKind::Reset),
            (Errno::PIPE, FailureKind::Reset),
            (Errno::NETUNREACH, FailureKind::Unreachable),
            (Errno::HOSTUNREACH, FailureKind::Unreachable),
            (Errno::ADDRNOTAVAIL, FailureKind::Unreachable),
            (Errno::ACCESS, FailureKind::Unreachable),
            (Errno::INVAL, FailureKind::Unreachable),
            (Errno::TIMEDOUT, FailureKind::Timeout),
            (Errno::MFILE, FailureKind::Other),
        ] {
            let error = Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(failure(&error).kind, kind, "{error}");
        }
    }

    #[test]
    fn without_a_socket_nothing_was_tried() {
        for (errno, tried) in [(Errno::MFILE, false), (Errno::CONNREFUSED, true)] {
            let error = Error::from_raw_os_error(errno.raw_os_error());
            let is_failed = matches!(outcome::<()>(failure(&error)), Outcome::Failed(_));
            assert_eq!(is_failed, tried, "{error}");
        }
    }
}

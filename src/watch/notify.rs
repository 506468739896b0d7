//! What the service manager is told: that it is ready, how it is, that it is alive (systemd, "sd_notify").

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The longest status.
const LONGEST: usize = 200;

/// Tells the service manager, where there is one that wants to be told.
#[derive(Debug, Default)]
pub struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the service manager's variables say; `process` is this process's id.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>, process: u32) -> Notifier {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Notifier::default();
        };
        let opened = address(&name).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok((socket, address))
        });
        if let Err(error) = &opened {
            tracing::warn!("the service manager cannot be told anything at NOTIFY_SOCKET: {error}");
        }
        let number = |name: &str| variable(name)?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(process));
        let limit = number("WATCHDOG_USEC").filter(|limit| *limit > 0 && is_ours);
        Notifier {
            to: opened.ok(),
            watchdog: limit.map(Duration::from_micros),
        }
    }

    /// How long the service manager waits for a sign of life, where it does. One is due twice in that time.
    pub fn watchdog(&self) -> Option<Duration> {
        self.to.as_ref().and(self.watchdog)
    }

    /// All is set up: it begins.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The settings are read again; it is [`Notifier::ready`] afterwards.
    pub fn reloading(&self) {
        self.tell("RELOADING=1");
    }

    /// How it is, in one line.
    pub fn status(&self, text: &str) {
        let line: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect();
        self.tell(&format!("STATUS={line}"));
    }

    /// It is alive.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// It ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = &self.to else {
            return;
        };
        // A manager that has no ear now is no reason to stop watching.
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::debug!("the service manager was not told {state}: {error}");
        }
    }
}

/// A path, or a name in the abstract namespace after an `@`.
fn address(name: &str) -> io::Result<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None if name.starts_with('/') => SocketAddr::from_pathname(name),
        None => Err(io::Error::other("expected a path, or a name after an @")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notifier(name: &str, watchdog: &[(&str, &str)]) -> Notifier {
        let variables: Vec<(String, String)> = [("NOTIFY_SOCKET", name)]
            .iter()
            .chain(watchdog)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let variable = |asked: &str| {
            let mut all = variables.iter();
            Some(all.find(|(name, _)| name == asked)?.1.clone())
        };
        Notifier::from_variables(variable, 7)
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0_u8; 512];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_is_told_at_a_path_and_in_the_abstract_namespace() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let abstract_name = format!("vpcheck-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let sockets = [
            (
                path.display().to_string(),
                UnixDatagram::bind(&path).unwrap(),
            ),
            (
                format!("@{abstract_name}"),
                UnixDatagram::bind_addr(&abstract_address).unwrap(),
            ),
        ];
        for (name, socket) in sockets {
            let notifier = notifier(&name, &[]);
            notifier.ready();
            assert_eq!(heard(&socket), "READY=1");
            notifier.status("all\nis well");
            assert_eq!(heard(&socket), "STATUS=allis well");
            notifier.status(&"é".repeat(1000));
            assert_eq!(heard(&socket).len(), "STATUS=".len() + 2 * LONGEST);
            notifier.alive();
            notifier.stopping();
            assert_eq!(heard(&socket), "WATCHDOG=1");
            assert_eq!(heard(&socket), "STOPPING=1");
        }
    }

    #[test]
    fn without_a_manager_nothing_is_told_and_nothing_fails() {
        Notifier::default().ready();
        for name in ["", "nowhere", "/no/such/socket", "vsock:2:1", "@"] {
            notifier(name, &[]).ready();
        }
    }

    #[test]
    fn the_watchdog_is_this_processs() {
        let of = |variables: &[(&str, &str)]| notifier("/x", variables).watchdog();
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[("WATCHDOG_USEC", "3000000")]),
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            of(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "8")]),
            None
        );
        assert!(of(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "7")]).is_some());
        assert_eq!(of(&[("WATCHDOG_USEC", "0")]), None);
        assert_eq!(of(&[("WATCHDOG_USEC", "soon")]), None);
    }
}

//! A watch that runs in the lab: what it says, what it answers, what it uses.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::lab::Lab;

/// Where the agents of these tests listen.
pub(crate) const PLACE: &str = "127.0.0.1:9442";
/// What takes longer than this does not come any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running watch.
pub(crate) struct Agent {
    child: Child,
    /// The documents it wrote to standard output.
    told: Arc<Mutex<Vec<Value>>>,
    errors: Arc<Mutex<String>>,
    /// What the service manager was told.
    managed: Arc<Mutex<Vec<String>>>,
    evidence: PathBuf,
}

/// What a process uses of its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) memory_kib: u64,
    pub(crate) files: usize,
    pub(crate) sockets: usize,
    pub(crate) threads: usize,
}

impl Agent {
    /// Starts a watch of the lab's world; `command` is what `vpcheck` is.
    pub(crate) fn start(
        lab: &Lab,
        mut command: Command,
        further: &[&str],
    ) -> Result<Agent, String> {
        let evidence = lab.directory().join("evidence");
        let manager_path = lab.directory().join("notify");
        let manager = UnixDatagram::bind(&manager_path).map_err(|e| e.to_string())?;
        let managed: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&managed);
        std::thread::spawn(move || {
            let mut bytes = [0_u8; 2048];
            while let Ok(length) = manager.recv(&mut bytes) {
                let state = String::from_utf8_lossy(&bytes[..length]).into_owned();
                heard.lock().unwrap().push(state);
            }
        });
        command
            .args(["watch", "-o", "json", "--listen", PLACE])
            .args(["--queue-url", &lab.queue_url("canary")])
            .arg("--service-roots")
            .arg(lab.service_roots())
            .arg("--evidence")
            .arg(&evidence)
            .args(further)
            .env("NOTIFY_SOCKET", &manager_path)
            .env("WATCHDOG_USEC", "2000000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        let (told, errors) = (Arc::default(), Arc::default());
        if let Some(out) = child.stdout.take() {
            let told: Arc<Mutex<Vec<Value>>> = Arc::clone(&told);
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                    told.lock().unwrap().push(value);
                }
            });
        }
        if let Some(err) = child.stderr.take() {
            let errors: Arc<Mutex<String>> = Arc::clone(&errors);
            std::thread::spawn(move || {
                for line in BufReader::new(err).lines().map_while(Result::ok) {
                    *errors.lock().unwrap() += &(line + "\n");
                }
            });
        }
        Ok(Agent {
            child,
            told,
            errors,
            managed,
            evidence,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What was told so far.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap().clone()
    }

    /// What was said on standard error.
    pub(crate) fn errors(&self) -> String {
        self.errors.lock().unwrap().clone()
    }

    /// Waits until so many documents were told.
    pub(crate) fn wait_told(&self, count: usize) -> Result<Vec<Value>, String> {
        self.wait(&format!("document {count}"), || self.told().len() >= count)?;
        Ok(self.told())
    }

    /// Waits for something to become true.
    pub(crate) fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), String> {
        let start = Instant::now();
        while !is_so() {
            if start.elapsed() > PATIENCE {
                let (told, errors) = (self.told().len(), self.errors());
                let health = get("/healthz");
                return Err(format!(
                    "{what} did not come; {told} documents; {health:?}; standard error: {errors}"
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until so many more rounds are done.
    pub(crate) fn rounds(&self, more: u64) -> Result<(), String> {
        let before = rounds();
        self.wait(&format!("{more} more rounds"), || rounds() >= before + more)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), String> {
        let id = i32::try_from(self.child.id()).map_err(|e| e.to_string())?;
        kill(Pid::from_raw(id), signal).map_err(|e| e.to_string())
    }

    /// Ends it: how it ended, how long that took, and what was said to the service manager in all.
    pub(crate) fn end(
        mut self,
        signal: Signal,
    ) -> Result<(ExitStatus, Duration, Vec<String>), String> {
        self.signal(signal)?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                break status;
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("it does not end: {}", self.errors()));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = start.elapsed();
        Ok((status, took, self.managed()))
    }

    /// What the service manager was told so far.
    pub(crate) fn managed(&self) -> Vec<String> {
        // The last word is on its way.
        std::thread::sleep(Duration::from_millis(50));
        self.managed.lock().unwrap().clone()
    }

    /// The evidence files there are.
    pub(crate) fn evidence_files(&self) -> usize {
        let entries = fs::read_dir(&self.evidence).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("evidence-"))
            .count()
    }

    /// What it uses now.
    pub(crate) fn usage(&self) -> Usage {
        let proc = PathBuf::from(format!("/proc/{}", self.id()));
        let status = fs::read_to_string(proc.join("status")).unwrap_or_default();
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.unwrap_or(0)
        };
        let open: Vec<String> = fs::read_dir(proc.join("fd"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string()))
            .collect();
        Usage {
            memory_kib: field("VmRSS:"),
            files: open.len(),
            sockets: open
                .iter()
                .filter(|name| name.starts_with("socket:"))
                .count(),
            threads: usize::try_from(field("Threads:")).unwrap_or(0),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks the agent: the status and the body.
pub(crate) fn get(path: &str) -> Option<(u16, String)> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {PLACE}\r\n\r\n");
    let answer = send(PLACE, request.as_bytes())?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Sends bytes and reads until the other side closes.
pub(crate) fn send(place: &str, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(place).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// The value of a series.
pub(crate) fn metric(series: &str) -> Option<f64> {
    let (_, text) = get("/metrics")?;
    value(&text, series)
}

/// The value of a series in what `/metrics` answered.
pub(crate) fn value(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// How many rounds are done.
pub(crate) fn rounds() -> u64 {
    let Some((_, text)) = get("/metrics") else {
        return 0;
    };
    let rounds = text
        .lines()
        .filter(|line| line.starts_with("vpcheck_rounds_total{"));
    rounds
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

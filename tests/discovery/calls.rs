//! Processes with names of their own that hold connections, as a workload's do.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::lab::Lab;

/// A process and its connection to port 443.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// The process's name.
    process: String,
    /// Whom it calls: a name or an address.
    to: String,
    /// `open`: it holds the connection. `mapped`: so, by a socket for IPv6. `closed`: it has closed it. `unanswered`: its SYN
    /// gets no answer. `bare`: it has no capabilities, so that whoever has none may look into it (ptrace(2)). `apart`: it is
    /// in a network namespace of its own.
    #[serde(default)]
    how: String,
    /// How many connections.
    #[serde(default)]
    times: Option<usize>,
}

/// Runs what follows without capabilities.
pub(crate) const BARE: [&str; 4] = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"];

/// The processes, which end with this.
pub(crate) struct Made(Vec<Child>);

impl Drop for Made {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts the calls, and returns once every connection is as it shall be.
pub(crate) fn begin(lab: &Lab, calls: &[Call]) -> Result<Made, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut made = Made(Vec::new());
    for call in calls {
        let program = lab.directory().join(&call.process);
        if !program.exists() {
            std::os::unix::fs::symlink(&own, &program).map_err(|e| e.to_string())?;
        }
        let mut words: Vec<String> = match call.how.as_str() {
            "bare" => BARE.map(str::to_owned).to_vec(),
            "apart" => ["unshare", "-n"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        words.push(program.display().to_string());
        let times = call.times.unwrap_or(1).to_string();
        // The last word is a secret, as arguments often are: it must never be told.
        let secret = "--password=hunter2".to_owned();
        words.extend([
            "--call".to_owned(),
            call.to.clone(),
            call.how.clone(),
            times,
            secret,
        ]);
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{words:?}: {e}"))?;
        let output = child.stdout.take();
        made.0.push(child);
        let mut line = String::new();
        let mut output = BufReader::new(output.ok_or("no output")?);
        output.read_line(&mut line).map_err(|e| e.to_string())?;
        if line.trim() != "ready" {
            return Err(format!(
                "{}: the call to {} failed: {line}",
                call.process, call.to
            ));
        }
    }
    Ok(made)
}

/// The process itself: `TO HOW TIMES`.
pub(crate) fn make(words: &[String]) -> ExitCode {
    let [to, how, times, ..] = words else {
        return ExitCode::FAILURE;
    };
    match hold(to, how, times.parse().unwrap_or(1)) {
        Ok(held) => {
            ready();
            std::thread::sleep(Duration::from_secs(120));
            drop(held);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn ready() {
    println!("ready");
    // Nobody reads any more where the test has ended.
    let _ = std::io::stdout().flush();
}

fn hold(to: &str, how: &str, times: usize) -> Result<Vec<TcpStream>, String> {
    let say = |error: std::io::Error| error.to_string();
    let mut held = Vec::new();
    let mut listener = None;
    if how == "apart" {
        let address: IpAddr = to.parse().map_err(|_| "an address is needed")?;
        for command in [
            "link set lo up".to_owned(),
            format!("addr add {address}/32 dev lo"),
        ] {
            let words = command.split_whitespace();
            let status = Command::new("ip").args(words).status().map_err(say)?;
            if !status.success() {
                return Err(command);
            }
        }
        listener = Some(TcpListener::bind((address, 443)).map_err(say)?);
    }
    let mut address = (to, 443).to_socket_addrs().map_err(say)?;
    let address = address.next().ok_or("no address")?;
    let address = match (how, address) {
        ("mapped", SocketAddr::V4(v4)) => (v4.ip().to_ipv6_mapped(), 443).into(),
        (_, address) => address,
    };
    if how == "unanswered" {
        ready();
    }
    for _ in 0..times {
        let stream = TcpStream::connect(address).map_err(say)?;
        if let Some(listener) = &listener {
            held.push(listener.accept().map_err(say)?.0);
        }
        held.push(stream);
    }
    if how == "closed" {
        held.clear();
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(held)
}

//! The stage: a user, network and mount namespace of the process's own, with the world's addresses in it.
//!
//! Addresses that answer are `local` routes (the kernel takes them for its own, while the source stays the host's address).
//! Everything else leaves through one end of a veth pair with ARP off, whose other end drops it as somebody else's: a SYN
//! there gets no answer, as behind a security group. Nothing can get out.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

use super::physics::{Fate, Peer};
use super::world::World;

/// Trust stores of the usual distributions; those that exist are covered by the lab's own.
const TRUST_STORES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Enters new namespaces. The process must have one thread only; as an ordinary user it becomes root of its own namespace.
pub fn enter() -> Result<(), String> {
    let (uid, gid) = (getuid(), getgid());
    let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    if let Err(error) = unshare(CloneFlags::CLONE_NEWUSER | own) {
        // Where user namespaces are forbidden, root can do without.
        return match uid.is_root() {
            true => unshare(own).map_err(|e| format!("cannot unshare the network and mounts: {e}")),
            false => Err(format!(
                "cannot enter a user namespace: {error} (is it forbidden by kernel.unprivileged_userns_clone or \
                 kernel.apparmor_restrict_unprivileged_userns, or has the process more than one thread?)"
            )),
        };
    }
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|e| format!("cannot write /proc/self/{file}: {e}"))
    };
    write("setgroups", "deny".into())?;
    write("uid_map", format!("0 {uid} 1"))?;
    write("gid_map", format!("0 {gid} 1"))
}

/// Brings the devices up and puts every address where its fate wants it. `local` are those with servers of other kinds.
pub fn lay_network(world: &World, peers: &[Peer], local: &[IpAddr]) -> Result<(), String> {
    let host = &world.host;
    let subnet = world
        .subnets
        .get(&host.subnet)
        .ok_or("the host's subnet is not in the world")?;
    let v4 = host.addresses.iter().find(|address| address.is_ipv4());
    let v6 = host.addresses.iter().find(|address| address.is_ipv6());
    let mut batch = vec![
        "link set lo up".to_owned(),
        format!(
            "link add eth0 address {} type veth peer name wire",
            host.mac
        ),
        "link set eth0 arp off addrgenmode none".to_owned(),
        "link set wire addrgenmode none".to_owned(),
        "link set wire up".to_owned(),
        "link set eth0 up".to_owned(),
    ];
    for address in &host.addresses {
        let range = if address.is_ipv4() {
            subnet.cidr
        } else {
            subnet.ipv6_cidr
        };
        let length = range.map_or(if address.is_ipv4() { 32 } else { 128 }, |range| {
            range.prefix_len()
        });
        let nodad = if address.is_ipv4() { "" } else { " nodad" };
        batch.push(format!("addr add {address}/{length} dev eth0{nodad}"));
    }
    if let Some(source) = v4 {
        batch.push(format!("-4 route add default dev eth0 src {source}"));
    }
    if let Some(source) = v6 {
        batch.push(format!("-6 route add default dev eth0 src {source}"));
    }
    let mut add_local = |address: &IpAddr| {
        let source = if address.is_ipv4() { v4 } else { v6 };
        if host.addresses.contains(address) {
            return;
        }
        match (source, address) {
            (Some(source), _) => {
                batch.push(format!("route add local {address} dev lo src {source}"));
            }
            // A host with IPv6 addresses only reaches the link-local services over IPv4 all the same.
            (None, IpAddr::V4(v4)) if v4.is_link_local() => {
                batch.push(format!("route add local {address} dev lo"));
            }
            (None, _) => {}
        }
    };
    local.iter().for_each(&mut add_local);
    let here = peers
        .iter()
        .filter(|p| matches!(p.fate, Fate::Answers | Fate::Resets | Fate::Refuses));
    here.map(|peer| &peer.address)
        .filter(|address| !local.contains(address))
        .for_each(&mut add_local);
    for peer in peers.iter().filter(|peer| peer.fate == Fate::Unreachable) {
        batch.push(format!("route add unreachable {}", peer.address));
    }
    ip(&batch)
}

/// Covers the system's resolver, hosts, name service and trust files with the lab's, for this mount namespace alone.
pub fn lay_files(world: &World, directory: &Path, trust: &str) -> Result<(), String> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
        .map_err(|e| format!("cannot make the mounts private: {e}"))?;
    let mut resolv: Vec<String> = world
        .host
        .resolvers
        .iter()
        .map(|r| format!("nameserver {r}"))
        .collect();
    resolv.extend(world.host.resolv_conf_lines.iter().cloned());
    let mut hosts = vec!["127.0.0.1 localhost".to_owned()];
    hosts.extend(world.host.hosts_lines.iter().cloned());
    cover(
        directory,
        "resolv.conf",
        "/etc/resolv.conf",
        &lines(&resolv),
    )?;
    cover(directory, "hosts", "/etc/hosts", &lines(&hosts))?;
    cover(
        directory,
        "nsswitch.conf",
        "/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files dns\n",
    )?;
    for store in TRUST_STORES {
        cover(directory, "ca-certificates.crt", store, trust)?;
    }
    // The network's own view of its devices; without it only the device's address under /sys would be the machine's.
    let _ = mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::MS_RDONLY,
        None::<&str>,
    );
    Ok(())
}

/// Whether one of the trust stores exists, so that covering it had an effect.
pub fn has_trust_store() -> bool {
    TRUST_STORES.iter().any(|store| Path::new(store).exists())
}

fn cover(directory: &Path, name: &str, target: &str, text: &str) -> Result<(), String> {
    let Ok(target) = fs::canonicalize(target) else {
        return Ok(());
    };
    let source = directory.join(name);
    fs::write(&source, text).map_err(|e| format!("cannot write {}: {e}", source.display()))?;
    mount(
        Some(&source),
        &target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .map_err(|e| format!("cannot cover {}: {e}", target.display()))
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Runs `ip`'s commands; a batch knows no options per line, so lines with one (`-6 …`) are run by themselves.
pub fn ip(batch: &[String]) -> Result<(), String> {
    let mut pending = String::new();
    for line in batch {
        if line.starts_with('-') {
            ip_batch(&std::mem::take(&mut pending))?;
            let output = Command::new("ip").args(line.split_whitespace()).output();
            let output = output.map_err(|e| format!("cannot run ip (iproute2): {e}"))?;
            if !output.status.success() {
                return Err(format!(
                    "ip {line}: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                ));
            }
        } else {
            pending.push_str(line);
            pending.push('\n');
        }
    }
    ip_batch(&pending)
}

fn ip_batch(text: &str) -> Result<(), String> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run ip (iproute2): {e}"))?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all(text.as_bytes())
            .map_err(|e| format!("cannot talk to ip: {e}"))?;
    }
    let output = child
        .wait_with_output()
        .map_err(|e| format!("cannot run ip: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "ip: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

//! What fuzzing does with its bytes: a body for every parser and every evaluator, and inputs that were kept.
//!
//! A body makes of any bytes what a parser or an evaluator may be given, and checks what has to hold: against a model
//! that is written down more plainly, or by laws. The targets in `fuzz/targets` call the bodies with new bytes; the
//! tests here call them with those in `fuzz/corpus` and `fuzz/regressions`.

mod certificate;
mod discovery;
mod dns;
mod documents;
mod evidence;
mod fetched;
mod files;
mod input;
mod metadata;
mod network_acl;
mod policy;
mod route_table;
mod security_group;
mod settings;
mod urls;

/// A target of `fuzz/targets`: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("caller", policy::caller),
    ("certificate", certificate::certificate),
    ("configuration", settings::configuration),
    ("dns_answer", dns::dns_answer),
    ("dns_packet", dns::dns_packet),
    ("ecs", metadata::ecs),
    ("evidence", evidence::evidence),
    ("facts", documents::facts),
    ("fetched", fetched::fetched),
    ("hostname", urls::hostname),
    ("hosts_file", files::hosts_file),
    ("imds", metadata::imds),
    ("inventory", documents::inventory),
    ("network_acl", network_acl::network_acl),
    ("no_proxy", urls::no_proxy),
    ("option", settings::option),
    ("policy", policy::policy),
    ("profile", files::profile),
    ("ranges", discovery::ranges),
    ("resolv_conf", files::resolv_conf),
    ("roots", certificate::roots),
    ("route_table", route_table::route_table),
    ("security_group", security_group::security_group),
    ("sockets", discovery::sockets),
    ("url", urls::url),
    ("words", urls::words),
];

/// Runs the body of a target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    assert!(target.is_some(), "no target {name}");
    if let Some((_, body)) = target {
        body(bytes);
    }
}

#[cfg(test)]
mod tests;

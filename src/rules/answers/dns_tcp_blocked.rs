use std::net::IpAddr;

use crate::facts::ServerRole;
use crate::facts::dns::TcpRetry;
use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// Large DNS answers fail, since TCP 53 to the resolver is closed.
    ///
    /// An answer that does not fit a UDP packet comes truncated, and the question is to be asked again over TCP. Where that
    /// fails, applications see some of the addresses or none.
    ///
    /// ## Told apart by
    /// The truncation bit of the answer over UDP, and the attempt over TCP to the same resolver.
    ///
    /// ## Fix
    /// Open TCP 53 to the resolver, in its security group, its network ACL and its own settings.
    ///
    /// ## Source
    /// RFC 7766; coredns issue 5362.
    pub DNS_TCP_BLOCKED, "dns-tcp-blocked", Warn, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let mut causes = Vec::new();
    for name in scene.facts.names.iter().filter(|name| !name.comparison) {
        let Some((server, detail)) = blocked(name) else {
            continue;
        };
        let shown = symptoms
            .iter()
            .filter(|symptom| symptom.name == name.name && symptom.kind == Kind::Truncated);
        let without_address = shown.map(|symptom| symptom.id).collect::<Vec<_>>();
        let mut cause = Cause::alone(
            server.to_string(),
            Severity::Warn,
            vec![name.service.clone()],
        )
        .title(format!("TCP 53 to the resolver {server} is closed"))
        .because("The answer over UDP is truncated, and the question over TCP fails.")
        .evidence(format!("{}: truncated; over TCP: {detail}", name.name))
        .fix(
            "Open TCP 53 to the resolver.",
            vec![format!("dig +tcp @{server} {}", name.name)],
        );
        if !without_address.is_empty() {
            cause = cause
                .follows(without_address)
                .follows(symptoms.after_name(scene, &name.name))
                .follows(
                    symptoms
                        .where_kind(|kind| *kind == Kind::InventoryUnreachable)
                        .map(|symptom| symptom.id),
                );
        }
        causes.push(cause);
    }
    by_subject(causes)
}

fn blocked(name: &crate::facts::NameFacts) -> Option<(IpAddr, &str)> {
    name.by_role(ServerRole::Host)
        .find_map(|lookup| match &lookup.answer.seen()?.truncated {
            Some(TcpRetry::Failed(detail)) => Some((lookup.server.ip(), detail.as_str())),
            _ => None,
        })
}

use std::net::IpAddr;

use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::change_resolver;
use super::why_public::bypassing_resolver;

rule! {
    /// The host asks a resolver that does not forward to the VPC's.
    ///
    /// The resolver in the host's configuration answers for itself, so the private names of the VPC's endpoints are
    /// unknown to it. It comes from a DHCP option set, Active Directory, a cluster's DNS or an edited `resolv.conf`.
    ///
    /// ## Told apart by
    /// The VPC's own resolver (169.254.169.253, fd00:ec2::253 or the VPC's base address + 2), asked directly from
    /// the same host, gives private addresses for the same names. If it answers publicly as well, the cause lies
    /// with the endpoint; if the host's resolver is silent, the finding is `dns-timeout`.
    ///
    /// ## Fix
    /// Let the resolver forward `amazonaws.com`, `api.aws` and the like to the VPC's resolver, through a Route 53
    /// Resolver inbound endpoint where it stands outside the VPC; or use `AmazonProvidedDNS` in the DHCP option set.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "DHCP option sets"; Route 53 Developer Guide, "Forwarding inbound DNS queries to your VPCs".
    pub CUSTOM_RESOLVER_BYPASS, "custom-resolver-bypass", Fail, Shared, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let mut by_resolver: Vec<(IpAddr, Vec<&Symptom>)> = Vec::new();
    let wrong = symptoms.where_kind(|kind| {
        matches!(
            kind,
            Kind::Public
                | Kind::Mixed
                | Kind::NotFound(_)
                | Kind::NotEndpoint
                | Kind::GatewayUnconfirmed
        )
    });
    for symptom in wrong {
        let name = scene.facts.name(&symptom.name);
        let Some(server) = name.and_then(|name| bypassing_resolver(scene, name)) else {
            continue;
        };
        match by_resolver.iter_mut().find(|(known, _)| *known == server) {
            Some((_, shown)) => shown.push(symptom),
            None => by_resolver.push((server, vec![symptom])),
        }
    }
    by_resolver
        .into_iter()
        .map(|(server, shown)| cause(scene, symptoms, server, &shown))
        .collect()
}

fn cause(scene: &Scene<'_>, symptoms: &Symptoms, server: IpAddr, shown: &[&Symptom]) -> Cause {
    let mut cause = Cause::shown_by(server.to_string(), shown.iter().copied());
    let mut vpc_resolver = None;
    for symptom in shown {
        cause = cause.follows(symptoms.after_name(scene, &symptom.name));
        let Some(name) = scene.facts.name(&symptom.name) else {
            continue;
        };
        let vpc = name
            .by_role(crate::facts::ServerRole::Vpc)
            .find(|lookup| lookup.addresses().next().is_some());
        if let Some(lookup) = vpc {
            vpc_resolver = Some(lookup.server.ip());
            let addresses: Vec<String> = lookup.addresses().map(|a| a.to_string()).collect();
            cause = cause.evidence(format!(
                "The VPC's resolver {} answers {} with {}.",
                lookup.server.ip(),
                symptom.name,
                addresses.join(", ")
            ));
        }
    }
    // The EC2 API's own name goes the same way, where it is not under test by itself.
    if scene.target("ec2").is_none() {
        let unread = symptoms.where_kind(|kind| *kind == Kind::InventoryUnreachable);
        cause = cause.follows(unread.map(|symptom| symptom.id));
    }
    let vpc_resolver = vpc_resolver.unwrap_or_else(|| IpAddr::from([169, 254, 169, 253]));
    let mut commands = change_resolver::commands(scene, server, Some(vpc_resolver));
    commands.extend([
        format!("dig +short @{server} {}", first_name(shown)),
        format!("dig +short @{vpc_resolver} {}", first_name(shown)),
    ]);
    cause
        .title(format!("The resolver {server} does not forward to the VPC's resolver"))
        .because(format!(
            "This host asks {server}, which gives other answers than the VPC's resolver {vpc_resolver} gives for the same names from the same host."
        ))
        .fix(
            format!("Let {server} forward AWS names to the VPC's resolver, or use the VPC's resolver here. To change it and compare the two:"),
            commands,
        )
        .assume("resolver=vpc")
}

fn first_name<'a>(shown: &[&'a Symptom]) -> &'a str {
    shown.first().map_or("", |symptom| symptom.name.as_str())
}

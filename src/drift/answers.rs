//! What names resolve to, for each who was asked: the host's resolver, the VPC's, applications, extra resolvers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::change::Kind;
use super::ledger::{Ledger, pairs, word};
use crate::catalog::Catalog;
use crate::facts::{DnsStatus, Facts, Lookup, NameFacts, ServerRole};
use crate::symptoms::placement::{is_private, is_sinkhole, without_dns64};
use crate::verdict::Report;
use crate::verdict::report::HostnameReport;

/// What stands for a service's public addresses: which of them a resolver gives changes by the minute.
pub(super) const PUBLIC: &str = "public addresses";

/// Tells the addresses that count by themselves from those that stand for a service's public side.
pub(super) struct Addresses {
    own_ranges: Vec<IpNet>,
}

/// The answers of everybody who was asked for one name: the words of each answer, by who gave it.
type Views = BTreeMap<String, BTreeSet<String>>;

/// Compares the answers.
pub(super) fn compare(
    reports: (&Report, &Report),
    facts: Option<(&Facts, &Facts)>,
    ledger: &mut Ledger,
) {
    let addresses = (Addresses::of(reports.0), Addresses::of(reports.1));
    let (old, new) = match facts {
        Some((old, new)) => (of_facts(old, &addresses.0), of_facts(new, &addresses.1)),
        None => (
            of_report(reports.0, &addresses.0),
            of_report(reports.1, &addresses.1),
        ),
    };
    let mut asked_once: BTreeSet<&str> = BTreeSet::new();
    for (name, was) in &old {
        // What was asked in one run only is a target that came or went, or a comparison that was not needed.
        let Some(is) = new.get(name) else { continue };
        // The same difference for several who were asked is one change.
        let mut alike: BTreeMap<(&BTreeSet<String>, &BTreeSet<String>), Vec<&str>> =
            BTreeMap::new();
        for (view, answer) in was {
            match is.get(view) {
                Some(other) if other == answer => {}
                Some(other) => alike.entry((answer, other)).or_default().push(view),
                None => _ = asked_once.insert(view),
            }
        }
        asked_once.extend(
            is.keys()
                .filter(|view| !was.contains_key(*view))
                .map(String::as_str),
        );
        for ((was, is), views) in alike {
            let attribute = format!("answer of {}", views.join(", "));
            let (was, is) = (was.iter().cloned(), is.iter().cloned());
            ledger.values(Kind::Answer, name, &attribute, was, is);
        }
    }
    for view in asked_once {
        let what = format!("answers of {view}");
        ledger.not_compared(&what, "one of the two did not ask for all of them");
    }
    aliases(reports, &addresses, ledger);
}

impl Addresses {
    /// As the VPC of this report has them.
    pub(super) fn of(report: &Report) -> Self {
        let ranges = report.environment.vpc_cidrs.iter();
        Addresses {
            own_ranges: ranges.filter_map(|range| range.parse().ok()).collect(),
        }
    }

    /// The address, or the word for a service's public ones.
    pub(super) fn word(&self, service: &str, address: IpAddr) -> String {
        let plain = without_dns64(address);
        let own = self.own_ranges.iter().any(|range| range.contains(&plain));
        let counts = own
            || is_private(plain)
            || is_sinkhole(plain)
            || Catalog::get().service(service).is_none();
        match counts {
            true => address.to_string(),
            false => PUBLIC.to_owned(),
        }
    }

    fn words(
        &self,
        service: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> BTreeSet<String> {
        let addresses = addresses.into_iter();
        addresses
            .map(|address| self.word(service, address))
            .collect()
    }
}

fn of_facts(facts: &Facts, addresses: &Addresses) -> BTreeMap<String, Views> {
    let names = facts.names.iter();
    names
        .map(|name| (name.name.clone(), views(name, addresses)))
        .collect()
}

fn views(name: &NameFacts, addresses: &Addresses) -> Views {
    let mut views = Views::new();
    let mut view = |who: String, status: DnsStatus, found: Vec<IpAddr>| {
        let mut words = addresses.words(&name.service, found);
        if words.is_empty() {
            words.insert(word(&status));
        }
        views.insert(who, words);
    };
    let all = |records: Vec<crate::facts::Record>| records.iter().map(|r| r.address).collect();
    if name.by_role(ServerRole::Host).next().is_some() {
        let who = "the host's resolver".to_owned();
        view(who, name.host_status(), all(name.host_records()));
    }
    if let Some(status) = name.vpc_status() {
        let who = "the VPC's resolver".to_owned();
        view(who, status, all(name.vpc_records()));
    }
    if let Some(system) = name.system.seen() {
        let status = DnsStatus::NxDomain;
        view("the C library".to_owned(), status, system.clone());
    }
    let mut extra: BTreeMap<IpAddr, Vec<&Lookup>> = BTreeMap::new();
    for lookup in name.by_role(ServerRole::Extra) {
        extra.entry(lookup.server.ip()).or_default().push(lookup);
    }
    for (server, lookups) in extra {
        let found = lookups.iter().flat_map(|lookup| lookup.addresses());
        let status = lookups.iter().map(|lookup| lookup.status()).min();
        view(
            server.to_string(),
            status.unwrap_or(DnsStatus::Error),
            found.collect(),
        );
    }
    views
}

fn of_report(report: &Report, addresses: &Addresses) -> BTreeMap<String, Views> {
    let mut names = BTreeMap::new();
    for service in &report.services {
        for hostname in &service.hostnames {
            let dns = &hostname.dns;
            let mut views = Views::new();
            let mut view = |who: &str, status: DnsStatus, found: Vec<IpAddr>| {
                let mut words = addresses.words(&service.service, found);
                if words.is_empty() {
                    words.insert(word(&status));
                }
                views.insert(who.to_owned(), words);
            };
            let answers = dns.answers.iter().map(|answer| answer.address);
            view("the host's resolver", dns.status, answers.collect());
            // A report tells of these the addresses alone.
            if let Some(found) = &dns.vpc_resolver_answers {
                view("the VPC's resolver", DnsStatus::NoData, found.clone());
            }
            if let Some(found) = &dns.system_answers {
                view("the C library", DnsStatus::NxDomain, found.clone());
            }
            names.insert(hostname.name.clone(), views);
        }
    }
    names
}

/// Aliases count where the addresses do: a service's public names go by aliases that change as its addresses do.
fn aliases(
    (old, new): (&Report, &Report),
    addresses: &(Addresses, Addresses),
    ledger: &mut Ledger,
) {
    for (service, pair) in pairs(&old.services, &new.services, |service| &service.service) {
        let (Some(old), Some(new)) = pair else {
            continue;
        };
        let is_own = |hostname: &HostnameReport, addresses: &Addresses| {
            let answers = &hostname.dns.answers;
            let own = |address: IpAddr| addresses.word(service, address) != PUBLIC;
            !answers.is_empty() && answers.iter().all(|answer| own(answer.address))
        };
        for (name, pair) in pairs(&old.hostnames, &new.hostnames, |hostname| &hostname.name) {
            let (Some(was), Some(is)) = pair else {
                continue;
            };
            if is_own(was, &addresses.0) && is_own(is, &addresses.1) {
                let chains = (was.dns.cname_chain.clone(), is.dns.cname_chain.clone());
                ledger.values(Kind::Answer, name, "aliases", chains.0, chains.1);
            }
        }
    }
}

//! Which services a host calls, for people and as JSON.

use std::io::{self, Write};

use super::layout::{BOLD, CYAN, GREEN, PLAIN, Page, RED, YELLOW};
use super::wording::{count, names};
use super::{Style, json};
use crate::discover::{Cost, Discovery, Needed, Owner, Remote, State, ToldBy, Way, Whose};
use crate::facts::traffic::Process;

/// How many addresses of one kind are shown; the JSON has them all.
const FEW: usize = 40;
/// How many processes are shown of one address.
const FEW_PROCESSES: usize = 4;

/// Writes the discovery as indented JSON with a newline at its end.
pub fn write_json(discovery: &Discovery, out: &mut dyn Write) -> io::Result<()> {
    json::pretty(discovery, out)
}

/// Writes the discovery for people.
pub fn write_human(discovery: &Discovery, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    headline(discovery, page)?;
    let groups = [
        ("Through endpoints", GREEN),
        ("Private, and not known to be an endpoint", YELLOW),
        ("Publicly", RED),
        ("Not certain which way", YELLOW),
    ];
    let is_service = |remote: &&Remote| !matches!(remote.whose, Whose::Ranges | Whose::Unknown);
    for (at, (title, paint)) in groups.into_iter().enumerate() {
        let of_group = discovery.remotes.iter().filter(is_service);
        let of_group: Vec<&Remote> = of_group.filter(|r| group(r.way) == at).collect();
        remotes(&of_group, title, paint, page)?;
    }
    let others: Vec<&Remote> = discovery
        .remotes
        .iter()
        .filter(|r| !is_service(r))
        .collect();
    remotes(&others, "No service that is known for certain", PLAIN, page)?;
    workload(discovery, page)?;
    needed(discovery, page)?;
    page.blank()?;
    page.verbatim(0, BOLD, "What this does not say")?;
    for sentence in &discovery.unseen {
        page.labelled(2, ("-", PLAIN), 4, sentence)?;
    }
    Ok(())
}

fn headline(discovery: &Discovery, page: &mut Page<'_>) -> io::Result<()> {
    let services = discovery.services.len();
    let leaving = discovery.services.iter().filter(|s| s.leaves()).count();
    let (word, paint, text) = match (services, leaving) {
        (0, _) => (
            "NONE:",
            YELLOW,
            "no connection to a service that is known for certain was seen".to_owned(),
        ),
        (all, 0) => (
            "PRIVATE:",
            GREEN,
            format!(
                "{} called, none of them publicly as far as was seen",
                count(all, "service")
            ),
        ),
        (all, leaving) => (
            "PUBLIC:",
            RED,
            format!(
                "{} called, {leaving} of them publicly",
                count(all, "service")
            ),
        ),
    };
    let place = match &discovery.region {
        Some(region) => format!(" in {region}"),
        None => String::new(),
    };
    let time = match discovery.looks {
        0 | 1 => "in one look".to_owned(),
        looks => format!("in {looks} looks over {}", duration(discovery.watched_ms)),
    };
    page.labelled(
        0,
        (word, paint),
        word.len() + 1,
        &format!("{text}{place}, {time}."),
    )
}

/// Which of the groups a way belongs to.
fn group(way: Way) -> usize {
    match way {
        Way::InterfaceEndpoint | Way::GatewayEndpoint | Way::CentralEndpoint => 0,
        Way::PrivateUnconfirmed | Way::PrivateUnlisted | Way::InVpc | Way::PrivateElsewhere => 1,
        Way::Public => 2,
        Way::GatewayUnconfirmed | Way::Unclear => 3,
    }
}

fn remotes(
    remotes: &[&Remote],
    title: &str,
    paint: anstyle::Style,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if remotes.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.verbatim(0, paint, title)?;
    let mut sorted: Vec<(String, &Remote)> = remotes.iter().map(|r| (what(r), *r)).collect();
    sorted.sort_by(|a, b| (&a.0, a.1.address).cmp(&(&b.0, b.1.address)));
    let width = sorted.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
    for (what, remote) in sorted.iter().take(FEW) {
        let label = format!("{what:<width$}", width = width.min(32));
        let cells = format!(
            "{}  {}  {}  {}",
            remote.address,
            way(remote),
            counts(remote),
            processes(remote)
        );
        page.columns(2, (&label, PLAIN), &cells)?;
    }
    if let Some(rest) = sorted.len().checked_sub(FEW).filter(|rest| *rest > 0) {
        page.verbatim(2, PLAIN, &format!("and {rest} more; the JSON has them all"))?;
    }
    Ok(())
}

/// What an address is known to be.
fn what(remote: &Remote) -> String {
    match &remote.whose {
        Whose::Service { service } => service.clone(),
        Whose::OneOf { services } => {
            format!("one of {}", names(services.iter().map(String::as_str)))
        }
        Whose::EndpointService { service_name } => service_name.clone(),
        Whose::Ranges => format!("in the ranges of {}", owners(&remote.ranges)),
        Whose::Unknown => "unknown".to_owned(),
    }
}

fn owners(ranges: &[Owner]) -> String {
    let words = ranges.iter().map(|o| format!("{} {}", o.service, o.region));
    words.collect::<Vec<_>>().join(", ")
}

fn way(remote: &Remote) -> String {
    let word = match remote.way {
        Way::InterfaceEndpoint => "interface endpoint",
        Way::GatewayEndpoint => "gateway endpoint",
        Way::CentralEndpoint => "private, another VPC's",
        Way::PrivateUnconfirmed => "in this VPC, endpoint not confirmed",
        Way::PrivateUnlisted => "private, nobody vouched for it",
        Way::InVpc => "in this VPC",
        Way::PrivateElsewhere => "private",
        Way::GatewayUnconfirmed => "public address, by a gateway endpoint or not",
        Way::Public => "public",
        Way::Unclear => "way not known",
    };
    let by = match remote.told_by.as_slice() {
        [ToldBy::PrefixList, ..] => " (by the prefix list)",
        [ToldBy::Ranges] if matches!(remote.whose, Whose::Service { .. }) => {
            " (by the published ranges)"
        }
        _ => "",
    };
    match &remote.endpoint {
        Some(endpoint) => format!("{word} {endpoint}{by}"),
        None => format!("{word}{by}"),
    }
}

fn counts(remote: &Remote) -> String {
    let connections = count_of(remote.connections, "connection");
    match (remote.connections, remote.attempts) {
        (_, 0) => connections,
        (0, attempts) => format!("{} without an answer", count_of(attempts, "attempt")),
        (_, attempts) => format!("{connections}, {attempts} more without an answer"),
    }
}

fn count_of(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

fn processes(remote: &Remote) -> String {
    let mut all: Vec<String> = remote
        .processes
        .iter()
        .map(|caller| process(&caller.process))
        .collect();
    all.sort();
    all.dedup();
    let rest = all.len().saturating_sub(FEW_PROCESSES);
    all.truncate(FEW_PROCESSES);
    match rest {
        0 => format!("by {}", all.join(", ")),
        rest => format!("by {} and {rest} more", all.join(", ")),
    }
}

fn process(process: &Process) -> String {
    match (&process.name, process.uid, process.pids.first()) {
        (Some(name), _, Some(pid)) if process.pids.len() == 1 => format!("{name} ({pid})"),
        (Some(name), _, _) => name.clone(),
        (None, Some(uid), _) => format!("a process of user {uid}"),
        (None, None, _) => "a process not known".to_owned(),
    }
}

fn workload(discovery: &Discovery, page: &mut Page<'_>) -> io::Result<()> {
    if discovery.targets.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.verbatim(0, BOLD, "For /etc/vpcheck/vpcheck.toml")?;
    let targets: Vec<String> = discovery
        .targets
        .iter()
        .map(|t| format!("\"{t}\""))
        .collect();
    page.verbatim(2, CYAN, &format!("targets = [{}]", targets.join(", ")))
}

fn needed(discovery: &Discovery, page: &mut Page<'_>) -> io::Result<()> {
    if discovery.needed.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.verbatim(0, BOLD, "Endpoints that this traffic would need")?;
    for needed in &discovery.needed {
        let label = format!("{} ({})", needed.service_name, needed.kind);
        page.labelled(2, (&label, PLAIN), 6, &state(needed))?;
    }
    match &discovery.cost {
        Some(cost) => self::cost(cost, page),
        None => Ok(()),
    }
}

fn state(needed: &Needed) -> String {
    match needed.state {
        State::Missing => "this VPC has none".to_owned(),
        State::PassedBy => format!(
            "there is {}, and this traffic goes past it: `vpcheck check {}` says why",
            names(needed.existing.iter().map(String::as_str)),
            needed.service
        ),
        State::NotRead => "whether there is one for this traffic could not be read".to_owned(),
        State::OtherName => format!(
            "would not help: no endpoint covers {}; the service's regional name is what it covers",
            names(needed.uncovered_names.iter().map(String::as_str))
        ),
    }
}

fn cost(cost: &Cost, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.verbatim(
        0,
        BOLD,
        "What they cost a month, in US dollars at the list prices of us-east-1 of 2026",
    )?;
    let (zones, hours) = (cost.zones, cost.hours);
    let where_ = match cost.zones_known {
        true => format!(
            "in the {} that the VPC has subnets in",
            count(zones, "zone")
        ),
        false => "in one zone (its subnets could not be read)".to_owned(),
    };
    if cost.interface_endpoints > 0 {
        let text = format!(
            "{} {where_}: {} x {zones} x 0.01 x {hours} hours = {:.2}, and {} per GB",
            count(cost.interface_endpoints, "interface endpoint"),
            cost.interface_endpoints,
            cost.endpoints_month,
            cost.endpoint_gb,
        );
        page.labelled(2, ("", PLAIN), 2, &text)?;
    }
    if cost.gateway_endpoints > 0 {
        let text = format!(
            "{}: free",
            count(cost.gateway_endpoints, "gateway endpoint")
        );
        page.labelled(2, ("", PLAIN), 2, &text)?;
    }
    let text = format!(
        "a NAT gateway in each zone instead: {zones} x 0.045 x {hours} hours = {:.2}, and {} per GB",
        cost.nat_month, cost.nat_gb
    );
    page.labelled(2, ("", PLAIN), 2, &text)?;
    if let Some(even) = cost.even_gb {
        let text = format!(
            "How much traffic there is was not seen. Where the NAT gateways stay for other things, the interface \
             endpoints pay from {even:.0} GB a month on, all of them together; where nothing else needs the NAT \
             gateways, their price goes as well. Other Regions have other prices, and data transfer comes on top of both."
        );
        page.labelled(2, ("", PLAIN), 2, &text)?;
    }
    Ok(())
}

/// A time as people say it.
fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

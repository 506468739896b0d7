//! Security groups: against a model that knows everything.

use super::input::{Input, holds};
use crate::configuration::security_group::{Admission, Direction, Peer, admission};
use crate::facts::inventory::{GroupRule, PortRange, PrefixList, SecurityGroup};

const GROUPS: [&str; 3] = ["sg-a", "sg-b", "sg-c"];
const LISTS: [&str; 3] = ["pl-a", "pl-b", "pl-c"];
const PORTS: [u16; 8] = [443, 0, 65535, 442, 444, 80, 1024, 53];

/// Random groups and a random peer.
///
/// - Where everything is known the answer is the model's, and where something is not it is the model's or unknown.
/// - The order of groups, of rules and of sources does not matter; a rule may be taken apart by its sources.
/// - One more rule never takes an admission away; one rule less never gives one.
pub(super) fn security_group(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let port = port(&mut input);
    let address = input.address();
    let held: Vec<String> = some(&mut input, &GROUPS);
    let lists: Vec<PrefixList> = LISTS.iter().map(|id| list(&mut input, id)).collect();
    let direction = *input.pick(&[Direction::Ingress, Direction::Egress]);
    let (peer_unread, lists_unread) = (input.flag(), input.byte());
    let mut groups: Vec<SecurityGroup> = (0..input.below(3)).map(|_| group(&mut input)).collect();

    let all_known = Peer {
        address,
        group_ids: Some(&held),
    };
    let model = groups.iter().any(|group| {
        let rules = match direction {
            Direction::Ingress => &group.ingress,
            Direction::Egress => &group.egress,
        };
        let of_port = rules.iter().filter(|rule| carries(rule, port));
        of_port.into_iter().any(|rule| {
            let listed = lists
                .iter()
                .filter(|list| rule.prefix_list_ids.contains(&list.id));
            let mut ranges = rule.cidrs.iter().chain(listed.flat_map(|list| &list.cidrs));
            ranges.any(|net| holds(net, address))
                || rule.group_ids.iter().any(|id| held.contains(id))
        })
    });
    let model = match model {
        true => Admission::Admitted,
        false => Admission::Refused,
    };
    let ask = |groups: &[SecurityGroup], peer: &Peer<'_>, lists: Option<&[PrefixList]>| {
        admission(groups, direction, peer, port, lists)
    };
    let full = ask(&groups, &all_known, Some(&lists));
    let all_read = lists.iter().all(|list| !list.cidrs.is_empty());
    assert!(
        full == model || !all_read && full == Admission::Unknown,
        "{full:?}, expected {model:?}"
    );

    let some_lists: Vec<PrefixList> = lists
        .iter()
        .enumerate()
        .filter(|(at, _)| lists_unread >> at & 1 == 0)
        .map(|(_, list)| list.clone())
        .collect();
    let part = Peer {
        address,
        group_ids: Some(held.as_slice()).filter(|_| !peer_unread),
    };
    for read in [Some(some_lists.as_slice()), None] {
        let found = ask(&groups, &part, read);
        assert!(
            found == Admission::Unknown || found == full,
            "{found:?} of {full:?}"
        );
        order(&groups, found, |groups| ask(groups, &part, read));
        taken_apart(&groups, found, |groups| ask(groups, &part, read));
        let mut more = groups.clone();
        more.push(group(&mut input.clone()));
        let after = ask(&more, &part, read);
        assert!(
            rank(after) >= rank(found),
            "{found:?}, with one more group {after:?}"
        );
    }
    if let Some(last) = groups.last_mut() {
        last.ingress.pop();
        last.egress.pop();
        let less = ask(&groups, &all_known, Some(&lists));
        assert!(
            rank(less) <= rank(full),
            "{full:?}, with one rule less {less:?}"
        );
    }
}

fn order(groups: &[SecurityGroup], found: Admission, ask: impl Fn(&[SecurityGroup]) -> Admission) {
    let mut groups = groups.to_vec();
    groups.reverse();
    for group in &mut groups {
        for rules in [&mut group.ingress, &mut group.egress] {
            rules.reverse();
            for rule in rules {
                rule.cidrs.reverse();
                rule.group_ids.reverse();
                rule.prefix_list_ids.reverse();
            }
        }
    }
    assert_eq!(ask(&groups), found, "in another order");
}

/// A rule of many sources is as good as a rule for each.
fn taken_apart(
    groups: &[SecurityGroup],
    found: Admission,
    ask: impl Fn(&[SecurityGroup]) -> Admission,
) {
    let apart = |rules: &[GroupRule]| -> Vec<GroupRule> {
        let bare = |rule: &GroupRule| GroupRule {
            cidrs: vec![],
            group_ids: vec![],
            prefix_list_ids: vec![],
            ..rule.clone()
        };
        let each = rules.iter().flat_map(|rule| {
            let cidrs = rule.cidrs.iter().map(move |cidr| GroupRule {
                cidrs: vec![*cidr],
                ..bare(rule)
            });
            let groups = rule.group_ids.iter().map(move |id| GroupRule {
                group_ids: vec![id.clone()],
                ..bare(rule)
            });
            let lists = rule.prefix_list_ids.iter().map(move |id| GroupRule {
                prefix_list_ids: vec![id.clone()],
                ..bare(rule)
            });
            cidrs.chain(groups).chain(lists)
        });
        each.collect()
    };
    let groups: Vec<SecurityGroup> = groups
        .iter()
        .map(|group| SecurityGroup {
            ingress: apart(&group.ingress),
            egress: apart(&group.egress),
            ..group.clone()
        })
        .collect();
    assert_eq!(ask(&groups), found, "with a rule for each source");
}

fn carries(rule: &GroupRule, port: u16) -> bool {
    let (from, to) = rule
        .ports
        .map_or((0, 65535), |range| (range.from, range.to));
    match rule.protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => from <= port && port <= to,
        _ => false,
    }
}

fn rank(admission: Admission) -> u8 {
    match admission {
        Admission::Refused => 0,
        Admission::Unknown => 1,
        Admission::Admitted => 2,
    }
}

fn port(input: &mut Input<'_>) -> u16 {
    match input.byte() % 4 {
        0 => input.u16(),
        _ => *input.pick(&PORTS),
    }
}

fn some(input: &mut Input<'_>, of: &[&str]) -> Vec<String> {
    let bits = input.byte();
    let chosen = of.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
    chosen.map(|(_, id)| (*id).to_owned()).collect()
}

fn list(input: &mut Input<'_>, id: &str) -> PrefixList {
    PrefixList {
        id: id.to_owned(),
        name: None,
        cidrs: (0..input.below(3)).map(|_| input.network()).collect(),
    }
}

fn group(input: &mut Input<'_>) -> SecurityGroup {
    let mut rules = || (0..input.below(4)).map(|_| rule(input)).collect();
    SecurityGroup {
        id: "sg-endpoint".to_owned(),
        name: None,
        vpc_id: None,
        ingress: rules(),
        egress: rules(),
    }
}

fn rule(input: &mut Input<'_>) -> GroupRule {
    let protocols = ["tcp", "-1", "6", "udp", "icmp", "58"];
    GroupRule {
        protocol: (*input.pick(&protocols)).to_owned(),
        ports: input.flag().then(|| PortRange {
            from: port(input),
            to: port(input),
        }),
        cidrs: (0..input.below(3)).map(|_| input.network()).collect(),
        group_ids: some(input, &GROUPS),
        prefix_list_ids: some(input, &LISTS),
    }
}

use std::borrow::Cow;

use super::super::entry::{Entry, EntryFinding, NotRead};
use super::*;

const NOW: i64 = 1_800_000_000_000;

fn entry<'a>(
    machine: &'a str,
    subnet: &'a str,
    ago: i64,
    findings: &[(&'a str, &'a str)],
) -> Entry<'a> {
    let some = |text: &'a str| Some(Cow::Borrowed(text));
    Entry {
        machine: machine.into(),
        run_id: "r".into(),
        started_ms: NOW - ago,
        verdict: match findings.is_empty() {
            true => RunVerdict::Pass,
            false => RunVerdict::Fail,
        },
        account_id: some("123456789012"),
        region: some("us-east-1"),
        vpc_id: some("vpc-1"),
        subnet_id: some(subnet),
        findings: findings
            .iter()
            .map(|(code, subject)| EntryFinding {
                code: (*code).into(),
                severity: Severity::Fail,
                subject: (*subject).into(),
            })
            .collect(),
    }
}

fn fleet(entries: &[Entry<'_>]) -> Fleet {
    let mut tally = Tally::new(NOW, None);
    for entry in entries {
        tally.add("f", entry);
    }
    Fleet::of(&tally, "dir")
}

#[test]
fn machines_that_share_a_cause_are_one_group() {
    let off = [("private-dns-disabled", "vpce-1")];
    let fleet = fleet(&[
        entry("i-1", "subnet-a", 0, &off),
        entry("i-2", "subnet-b", 0, &off),
        entry("i-3", "subnet-b", 0, &[]),
    ]);
    assert_eq!(fleet.verdict, FleetVerdict::Fail);
    let [group] = fleet.findings.as_slice() else {
        panic!("{:?}", fleet.findings);
    };
    let about = &group.groups[0];
    assert_eq!((about.machines, about.of, about.subnets), (2, 3, 2));
    assert_eq!(about.examples, ["i-1", "i-2"]);
    let subnets = &fleet.accounts[0].regions[0].vpcs[0].subnets;
    assert_eq!(subnets[0].machines.fail, 1);
    assert_eq!(subnets[0].subnet_id, "subnet-b");
    let order: Vec<&str> = fleet.machines().iter().map(|row| &*row.machine).collect();
    assert_eq!(order, ["i-1", "i-2", "i-3"]);
}

#[test]
fn the_newest_report_stands_in_whatever_order_they_come() {
    let old = entry("i-1", "s", 10_000, &[("endpoint-missing", "x")]);
    let new = entry("i-1", "s", 0, &[]);
    for entries in [[old.clone(), new.clone()], [new, old]] {
        let fleet = fleet(&entries);
        assert_eq!(fleet.verdict, FleetVerdict::Pass);
        assert_eq!(fleet.machines.total, 1);
        assert_eq!(fleet.reports.superseded, 1);
        assert!(fleet.findings.is_empty());
    }
}

#[test]
fn what_lacks_leaves_the_fleet_open_and_a_record_of_the_chain_does_not() {
    let mut tally = Tally::new(NOW, None);
    tally.add("a", &entry("i-1", "s", 0, &[]));
    tally.skip("head.json", &NotRead::ChainRecord);
    assert_eq!(Fleet::of(&tally, "d").verdict, FleetVerdict::Pass);
    tally.skip("b", &NotRead::Other("no JSON".to_owned()));
    let fleet = Fleet::of(&tally, "d");
    assert_eq!(fleet.verdict, FleetVerdict::Inconclusive);
    assert_eq!(fleet.not_read[0].source, "b");
}

#[test]
fn a_report_from_the_future_counts_and_is_named() {
    let fleet = fleet(&[entry("i-1", "s", -3_600_000, &[("tcp-timeout", "x")])]);
    assert_eq!(fleet.machines.fail, 1);
    assert_eq!(fleet.clocks_ahead[0].seconds, 3600);
}

#[test]
fn reports_before_a_time_say_nothing() {
    let mut tally = Tally::new(NOW, Some(NOW - 1000));
    tally.add("a", &entry("i-1", "s", 2000, &[("tcp-timeout", "x")]));
    tally.add("b", &entry("i-2", "s", 0, &[]));
    let fleet = Fleet::of(&tally, "d");
    assert_eq!((fleet.machines.total, fleet.reports.too_old), (1, 1));
}

#[test]
fn ten_thousand_findings_of_one_kind_stay_one_group() {
    let mut tally = Tally::new(NOW, None);
    for n in 0..10_000 {
        let (machine, subject) = (format!("i-{n:05}"), format!("10.0.{}.{}", n / 250, n % 250));
        let findings = [
            ("dns-timeout", subject.as_str()),
            ("endpoint-missing", "sqs"),
        ];
        tally.add("f", &entry(&machine, "s", 0, &findings));
    }
    let fleet = Fleet::of(&tally, "d");
    let by_code = |code: &str| {
        fleet
            .findings
            .iter()
            .find(|group| group.code == code)
            .unwrap()
    };
    let shared = by_code("endpoint-missing");
    assert_eq!(
        (shared.groups.len(), shared.groups[0].machines),
        (1, 10_000)
    );
    assert!(shared.groups[0].examples.len() <= 5);
    let apart = by_code("dns-timeout");
    assert_eq!((apart.subjects, apart.groups.len()), (10_000, 50));
    assert_eq!(apart.machines_of_others, 9_950);
}

#[test]
fn a_machine_says_a_cause_once() {
    let twice = [("tcp-timeout", "x"), ("tcp-timeout", "x")];
    let fleet = fleet(&[entry("i-1", "s", 0, &twice)]);
    assert_eq!(fleet.findings[0].groups[0].machines, 1);
}

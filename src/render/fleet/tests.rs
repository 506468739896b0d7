use serde_json::json;

use super::*;
use crate::fleet::{Entry, NotRead, Silent, Tally};
use crate::render::Style;

const NOW: i64 = 1_800_000_000_000;

/// Sixty machines of one VPC of which two thirds fail alike, one that never answered, one file that is none.
fn fleet() -> Fleet {
    let mut tally = Tally::new(NOW, None);
    for n in 0..60 {
        let fails = n % 3 > 0;
        let findings = match fails {
            true => {
                json!([{"code": "private-dns-disabled", "severity": "fail", "subject": "vpce-<b>1"},
                {"code": "legacy-name-public", "severity": "info", "subject": "queue.amazonaws.com"}])
            }
            false => json!([]),
        };
        let report = json!({
            "schema_version": "1", "run_id": "r", "started_at": "2027-01-15T07:00:00Z", "findings": findings,
            "verdict": if fails { "fail" } else { "pass" },
            "environment": {"account_id": "123456789012", "region": "us-east-1", "instance_id": format!("i-{n:03}"),
                "vpc_id": "vpc-1", "subnet_id": format!("subnet-{}", n % 3)},
        });
        let read = Entry::read(report.to_string().as_bytes(), |entry| tally.add("f", entry));
        read.unwrap();
    }
    tally.skip("bad\u{1b}[2J.json", &NotRead::Other("no JSON".to_owned()));
    tally.silent(Silent {
        machine: "i-silent".to_owned(),
        reason: "Undeliverable".to_owned(),
        detail: String::new(),
    });
    Fleet::of(&tally, "reports")
}

fn text(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn people_read_the_causes_first() {
    let said = text(|out| write_human(&fleet(), &Style::default(), out));
    insta::assert_snapshot!(said);
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn the_json_lists_every_machine() {
    let said = text(|out| write_json(&fleet(), out));
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["machine_list"].as_array().unwrap().len(), 60);
    assert_eq!(value["findings"][0]["groups"][0]["machines"], 40);
    assert_eq!(value["verdict"], "fail");
}

#[test]
fn a_fleet_of_nobody_is_json_as_well() {
    let fleet = Fleet::of(&Tally::new(NOW, None), "reports");
    let said = text(|out| write_json(&fleet, out));
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["machine_list"], json!([]));
    assert_eq!(value["verdict"], "inconclusive");
}

#[test]
fn the_page_holds_nothing_of_a_report_as_markup() {
    let said = text(|out| write_html(&fleet(), out));
    assert!(said.contains("vpce-&lt;b&gt;1") && !said.contains("vpce-<b>"));
    assert!(!said.contains("<script") && !said.contains('\u{1b}'));
    assert!(said.contains("40 of 60 machines"), "{said}");
}

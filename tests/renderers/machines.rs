//! What holds of the formats for machines.

use std::collections::HashSet;

use serde_json::Value;
use vpcheck::render::Format;
use vpcheck::verdict::Report;

use crate::{all, samples, text};

fn parsed(format: Format, report: &Report) -> Value {
    serde_json::from_str(&text(format, report)).unwrap()
}

#[test]
fn json_is_the_report_itself() {
    for (_, report) in all() {
        let shown = text(Format::Json, &report);
        assert!(shown.ends_with("}\n"));
        assert_eq!(serde_json::from_str::<Report>(&shown).unwrap(), report);
    }
}

#[test]
fn junit_counts_what_it_lists_and_never_shows_a_failed_run_green() {
    for ((_, report), (tests, failures, errors)) in
        all().into_iter().zip([(5, 0, 0), (4, 2, 0), (2, 0, 1)])
    {
        let shown = text(Format::Junit, &report);
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        assert!(shown.contains(&counts), "{shown}");
        assert_eq!(shown.matches("<testcase ").count(), tests);
        assert_eq!(shown.matches("<failure ").count(), failures);
        assert_eq!(shown.matches("<error ").count(), errors);
    }
}

#[test]
fn a_failure_of_no_service_is_a_failed_case_too() {
    let mut report = samples::private_dns_off();
    report.findings.truncate(1);
    report.findings[0].severity = vpcheck::verdict::Severity::Fail;
    report.services.retain(|s| s.service == "sts");
    report.canary.status = String::from("skipped");
    let shown = text(Format::Junit, &report);
    assert!(shown.contains("type=\"internet-route-present\""), "{shown}");
}

#[test]
fn prometheus_has_each_series_once_with_help_and_type_and_no_address() {
    for (_, mut report) in all() {
        let again = report.services[0].clone();
        report.services.push(again.clone());
        for address in ["10.1.2.3", "10.1.2.4", "[fd00::1]"] {
            let mut bare = again.clone();
            bare.service = String::from(address);
            report.services.push(bare);
        }
        let shown = text(Format::Prometheus, &report);
        let mut seen = HashSet::new();
        let mut described = HashSet::new();
        for line in shown.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert!(described.insert(rest.split(' ').next().unwrap().to_owned()));
                continue;
            }
            if line.starts_with("# HELP ") {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(seen.insert(series.to_owned()), "twice: {series}");
            assert!(value.parse::<f64>().unwrap().is_finite());
            assert!(
                described.contains(series.split('{').next().unwrap()),
                "{series}"
            );
            for address in ["10.0.", "10.1.", "52.46", "fd00"] {
                assert!(!series.contains(address), "{series}");
            }
        }
    }
}

#[test]
fn ocsf_has_one_event_for_each_cause_or_one_that_says_pass() {
    let fail = parsed(Format::Ocsf, &samples::private_dns_off());
    assert_eq!(fail.as_array().unwrap().len(), 2);
    let pass = parsed(Format::Ocsf, &samples::healthy());
    assert_eq!(pass[0]["compliance"]["status_id"], 1);
    for event in fail
        .as_array()
        .unwrap()
        .iter()
        .chain(pass.as_array().unwrap())
    {
        assert_eq!(event["class_uid"], 2003);
        assert_eq!(event["type_uid"], 200_301);
        assert_eq!(event["time"], 1_795_237_200_000_i64);
        assert!(event["finding_info"]["uid"].is_string());
    }
}

#[test]
fn asff_keeps_its_limits_and_its_ids() {
    let mut long = samples::private_dns_off();
    let finding = long.findings[0].clone();
    for n in 0..150 {
        let mut finding = finding.clone();
        finding.subject = format!("{}{n}", "ü".repeat(400));
        finding.title = "ü".repeat(400);
        finding.because = "x".repeat(5000);
        finding.fix.summary = "y".repeat(5000);
        finding.evidence = vec!["z".repeat(5000)];
        long.findings.push(finding);
    }
    let entries = parsed(Format::Asff, &long);
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len(), 100);
    let mut ids = HashSet::new();
    for entry in entries {
        let within =
            |value: &Value, most: usize| (1..=most).contains(&value.as_str().unwrap().len());
        assert!(ids.insert(entry["Id"].as_str().unwrap()) && within(&entry["Id"], 512));
        assert!(within(&entry["Title"], 256) && within(&entry["Description"], 1024));
        assert!(within(&entry["Resources"][0]["Id"], 512));
        let advice = &entry["Remediation"]["Recommendation"]["Text"];
        assert!(advice.is_null() || within(advice, 512));
        assert_eq!(entry["AwsAccountId"], "123456789012");
    }
    let mut later = samples::private_dns_off();
    later.run_id = String::from("another");
    later.started_at = String::from("2026-11-22T05:00:00.000Z");
    let ids = |report: &Report| -> Vec<Value> {
        let entries = parsed(Format::Asff, report);
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["Id"].clone())
            .collect()
    };
    assert_eq!(ids(&later), ids(&samples::private_dns_off()));
}

#[test]
fn asff_takes_the_account_from_the_task() {
    let entries = parsed(Format::Asff, &samples::inconclusive_and_hostile());
    assert_eq!(entries[0]["AwsAccountId"], "123456789012");
    assert_eq!(entries[0]["Compliance"]["Status"], "NOT_AVAILABLE");
}

#[test]
fn emf_is_one_line_whose_metrics_and_dimensions_stand_at_its_root() {
    for (_, mut report) in all() {
        for n in 0..80 {
            let mut service = report.services[0].clone();
            service.service = format!("service-{n}");
            report.services.push(service);
        }
        let shown = text(Format::Emf, &report);
        assert_eq!(shown.lines().count(), 1);
        let event: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(event["_aws"]["Timestamp"], 1_795_237_200_000_i64);
        let directive = &event["_aws"]["CloudWatchMetrics"][0];
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!(metrics.len() <= 100);
        for metric in metrics {
            assert!(
                event[metric["Name"].as_str().unwrap()].is_number(),
                "{metric}"
            );
        }
        for set in directive["Dimensions"].as_array().unwrap() {
            for name in set.as_array().unwrap() {
                assert!(event[name.as_str().unwrap()].is_string(), "{name}");
            }
        }
    }
}

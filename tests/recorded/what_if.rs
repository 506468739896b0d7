//! `vpcheck replay --assume` over runs of the lab.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::{Played, expect, json, vpcheck};

/// Scenarios whose failing findings have a fix that can be assumed: the codes that must have one.
const FIXES: &[(&str, &str)] = &[
    ("private-dns-disabled", "private-dns-disabled"),
    ("endpoint-missing", "endpoint-missing"),
    ("endpoint-missing-ipv6-only", "endpoint-missing"),
    ("endpoint-missing-registry", "endpoint-missing"),
    ("endpoint-missing-two", "endpoint-missing"),
    ("gateway-endpoint-missing", "endpoint-missing"),
    ("endpoint-not-available", "endpoint-not-available"),
    ("endpoint-not-available-failed", "endpoint-not-available"),
    ("vpc-dns-attributes-off", "vpc-dns-attributes-off"),
    ("custom-resolver-bypass", "custom-resolver-bypass"),
    ("security-group-blocks-443", "security-group-blocks-443"),
    (
        "security-group-blocks-443-ipv6",
        "security-group-blocks-443",
    ),
    ("caller-egress-blocked", "caller-egress-blocked"),
    ("caller-egress-blocked-gateway", "caller-egress-blocked"),
    ("network-acl-blocks-443", "network-acl-blocks-443"),
    ("network-acl-blocks-443-outbound", "network-acl-blocks-443"),
    ("gateway-route-missing", "gateway-route-missing"),
    ("hosts-file-override", "hosts-file-override"),
    ("proxy-in-path", "proxy-in-path"),
    ("internet-route-present-isolated", "internet-route-present"),
];

/// Assuming it makes the finding go, and brings no other failure.
pub(crate) fn fixes(played: &Played) -> Result<(), String> {
    let names: Vec<&str> = FIXES.iter().map(|(name, _)| *name).collect();
    played.play(&names)?;
    for (name, code) in FIXES {
        let file = played.facts(name);
        let (_, report) = replay(&file, &[])?;
        let with = failing(&report).filter(|finding| !assumptions(finding).is_empty());
        let codes: Vec<&str> = with.map(|finding| text(&finding["code"])).collect();
        expect(
            codes.contains(code),
            format!("{name}: {code} has no assumption"),
        )?;
        for finding in failing(&report) {
            mended(name, &file, &report, finding)?;
        }
    }
    Ok(())
}

fn mended(name: &str, file: &Path, before: &Value, finding: &Value) -> Result<(), String> {
    let assumed = assumptions(finding);
    if assumed.is_empty() {
        return Ok(());
    }
    let (exit, after) = replay(file, &assumed)?;
    let keys =
        |report: &Value| -> BTreeSet<(String, String)> { failing(report).map(key).collect() };
    let (was, is) = (keys(before), keys(&after));
    let context = format!("{name}, {assumed:?}: {was:?}, then {is:?}");
    expect(!is.contains(&key(finding)), format!("it stays: {context}"))?;
    expect(is.is_subset(&was), format!("it brings another: {context}"))?;
    expect(exit.is_some_and(|exit| exit != 2), &context)?;
    expect(after["assumed"] == Value::from(assumed.clone()), &context)?;
    // What was observed of services that the change is not about is as it was.
    let services = text_list(&finding["services"]);
    let untouched = |report: &Value| -> Vec<Value> {
        let all = report["services"].as_array().cloned().unwrap_or_default();
        let is_other = |s: &Value| !services.is_empty() && !services.contains(&text(&s["service"]));
        all.into_iter()
            .filter(|service| is_other(service))
            .map(|service| service["verdict"].clone())
            .collect()
    };
    expect(untouched(before) == untouched(&after), context)
}

/// Changes of the healthy world that break it, with the finding that must be there and the services that must fail.
pub(crate) fn faults(played: &Played) -> Result<(), String> {
    played.play(&["healthy", "endpoint-missing-reachable"])?;
    let file = played.facts("healthy");
    let (_, report) = replay(&file, &[])?;
    let endpoint = |service: &str| -> String {
        let services = report["services"].as_array().unwrap();
        let service = services.iter().find(|s| s["service"] == service).unwrap();
        text(&service["endpoint"]["id"]).to_owned()
    };
    let facts: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let group = facts["inventory"]["endpoints"]["seen"]
        .as_array()
        .unwrap()
        .iter()
        .find(|known| known["id"] == endpoint("sqs").as_str())
        .map(|known| text(&known["group_ids"][0]).to_owned())
        .unwrap();
    for (assumption, code, service) in [
        (
            format!("private-dns=off:{}", endpoint("sqs")),
            "private-dns-disabled",
            "sqs",
        ),
        (
            format!("endpoint-deleted={}", endpoint("sqs")),
            "endpoint-missing",
            "sqs",
        ),
        (
            format!("endpoint-deleted={}", endpoint("s3")),
            "endpoint-missing",
            "s3",
        ),
        (
            format!("group-denies-443={group}"),
            "security-group-blocks-443",
            "ssm",
        ),
    ] {
        let (exit, after) = replay(&file, &[&assumption])?;
        let context = format!("{assumption}: {after:#}");
        let found: Vec<&Value> = failing(&after).collect();
        let holds = exit == Some(1)
            && matches!(found.as_slice(), [only] if only["code"] == code
                && text_list(&only["services"]).contains(&service));
        expect(holds, &context)?;
        // And back again: nothing fails, and what is not known any more is no pass.
        let undone = match assumption.split_once('=').unwrap_or_default() {
            ("private-dns", id) => format!("private-dns={}", id.replacen("off", "on", 1)),
            ("endpoint-deleted", _) => format!("endpoint-created={service}"),
            _ => format!("group-allows-443={group}:10.0.0.0/16"),
        };
        let (exit, after) = replay(&file, &[&assumption, &undone])?;
        expect(
            exit == Some(3) && failing(&after).next().is_none(),
            format!("{assumption}, {undone}: exit {exit:?}, {after:#}"),
        )?;
    }
    // Without the way out, only what used it breaks.
    let (exit, _) = replay(&file, &["no-internet"])?;
    expect(exit == Some(0), "the healthy world has no way out to lose")?;
    let behind_nat = played.facts("endpoint-missing-reachable");
    let (exit, _) = replay(&behind_nat, &[])?;
    expect(exit == Some(0), "behind NAT a missing endpoint warns")?;
    let (exit, after) = replay(&behind_nat, &["no-internet"])?;
    let broken: Vec<Vec<&str>> = failing(&after).map(|f| text_list(&f["services"])).collect();
    expect(
        exit == Some(1) && broken == [["ssm"]],
        format!("no-internet: exit {exit:?}, {broken:?}"),
    )
}

/// What a change touches is open after it: no service passes by what was seen before.
pub(crate) fn unknown(played: &Played) -> Result<(), String> {
    played.play(&["private-dns-disabled", "security-group-blocks-443"])?;
    for name in ["private-dns-disabled", "security-group-blocks-443"] {
        let file = played.facts(name);
        let (_, report) = replay(&file, &[])?;
        let finding = failing(&report).next().ok_or("nothing fails")?.clone();
        let (exit, after) = replay(&file, &assumptions(&finding))?;
        expect(
            exit == Some(3) && after["verdict"] == "inconclusive",
            format!("{after:#}"),
        )?;
        for service in after["services"].as_array().into_iter().flatten() {
            let touched = text_list(&finding["services"]).contains(&text(&service["service"]));
            let expected = if touched { "unknown" } else { "pass" };
            expect(
                service["verdict"] == expected,
                format!("{name}: {service:#}"),
            )?;
            let reasons = service.to_string();
            expect(reasons.contains("assumed: ") == touched, reasons)?;
        }
        // People are told what is assumed, and with -v what could be.
        let file = file.to_str().unwrap();
        let assumed = assumptions(&finding).concat();
        let (_, out, _) = vpcheck(&["replay", file, "--assume", &assumed]);
        expect(out.contains(&format!("Assumed    {assumed}")), &out)?;
        let hint = format!("vpcheck replay facts.json --assume {assumed}");
        let (_, out, _) = vpcheck(&["replay", file, "-v"]);
        expect(out.contains(&hint), &out)?;
        let (_, out, _) = vpcheck(&["replay", file]);
        expect(!out.contains("--assume"), out)?;
    }
    Ok(())
}

pub(crate) fn mistakes(played: &Played) -> Result<(), String> {
    played.play(&["healthy", "inventory-off-private-dns"])?;
    let file = played.facts("healthy");
    let file = file.to_str().unwrap();
    for (assumption, said) in [
        ("private-dsn=on:vpce-1", "did you mean private-dns?"),
        (
            "private-dns=on:vpce-1",
            "expected one of the recorded endpoints",
        ),
        ("endpoint-created=sqss", "did you mean sqs?"),
        ("endpoint-created=sqs", "AWS refuses a second one"),
        (
            "group-denies-443=sg-1",
            "expected a recorded security group",
        ),
        ("policy=vpce-1:/no/such/file", "/no/such/file"),
        (
            "hosts-line-removed=sqs.us-east-1.amazonaws.com",
            "hosts file",
        ),
        ("proxy-removed=HTTPS_PROXY", "HTTPS_PROXY"),
    ] {
        let (code, out, err) = vpcheck(&["replay", file, "--assume", assumption]);
        let holds = code == Some(2) && out.is_empty() && err.contains(said);
        expect(holds, format!("{assumption}: exit {code:?}, {out}{err}"))?;
    }
    // Without an inventory there is nothing to change.
    let bare = played.facts("inventory-off-private-dns");
    let (code, _, err) = vpcheck(&["replay", bare.to_str().unwrap(), "--assume", "no-internet"]);
    expect(
        code == Some(2) && err.contains("expected facts with the route tables"),
        err,
    )?;
    let help = vpcheck(&["replay", "--help"]).1;
    for kind in vpcheck::assume::KINDS {
        expect(
            help.contains(kind.word),
            format!("--help lacks {}", kind.word),
        )?;
    }
    Ok(())
}

fn replay(file: &Path, assumed: &[&str]) -> Result<(Option<i32>, Value), String> {
    let mut words = vec!["replay", file.to_str().unwrap(), "-o", "json"];
    for assumption in assumed {
        words.extend(["--assume", assumption]);
    }
    json(&words)
}

fn failing(report: &Value) -> impl Iterator<Item = &Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.filter(|finding| finding["severity"] == "fail")
}

fn assumptions(finding: &Value) -> Vec<&str> {
    text_list(&finding["fix"]["assume"])
}

fn key(finding: &Value) -> (String, String) {
    (
        text(&finding["code"]).to_owned(),
        text(&finding["subject"]).to_owned(),
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text_list(value: &Value) -> Vec<&str> {
    let values = value.as_array().into_iter().flatten();
    values.map(text).collect()
}

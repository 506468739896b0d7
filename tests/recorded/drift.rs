//! `vpcheck diff` over runs of the lab.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::{AGAIN, Played, expect, json as read, vpcheck};

/// A fault against the healthy world: the finding that comes, and the kind and attribute of a change that explains it;
/// no kind where nothing recorded does.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "private-dns-disabled",
        "private-dns-disabled",
        "endpoint",
        "private DNS",
    ),
    ("endpoint-missing", "endpoint-missing", "endpoint", ""),
    (
        "endpoint-not-available",
        "endpoint-not-available",
        "endpoint",
        "state",
    ),
    (
        "security-group-blocks-443",
        "security-group-blocks-443",
        "endpoint",
        "security groups",
    ),
    (
        "network-acl-blocks-443",
        "network-acl-blocks-443",
        "network-acl",
        "",
    ),
    (
        "gateway-route-missing",
        "gateway-route-missing",
        "route-table",
        "routes",
    ),
    (
        "vpc-dns-attributes-off",
        "vpc-dns-attributes-off",
        "vpc",
        "enableDnsHostnames",
    ),
    (
        "custom-resolver-bypass",
        "custom-resolver-bypass",
        "resolver",
        "",
    ),
    (
        "hosts-file-override",
        "hosts-file-override",
        "hosts-file",
        "addresses",
    ),
    ("proxy-in-path", "proxy-in-path", "variable", ""),
    (
        "endpoint-policy-denies",
        "endpoint-policy-denies",
        "endpoint",
        "policy",
    ),
    (
        "tls-intercepted",
        "tls-intercepted",
        "certificate",
        "issuer",
    ),
    ("tcp-timeout", "tcp-timeout", "", ""),
];

pub(crate) fn the_same_world(played: &Played) -> Result<(), String> {
    let again = format!("healthy{AGAIN}");
    played.play(&["healthy", &again])?;
    let (old, new) = (played.facts("healthy"), played.facts(&again));
    let (code, drift) = diff(&old, &new)?;
    expect(
        code == Some(0) && drift["changed"] == false,
        format!("two runs of the healthy world: {drift:#}"),
    )?;
    let (code, out, err) = vpcheck(&["diff", text(&old), text(&new)]);
    expect(
        code == Some(0) && err.is_empty() && out.starts_with("SAME: nothing that matters changed"),
        out,
    )
}

pub(crate) fn faults(played: &Played) -> Result<(), String> {
    let names: Vec<&str> = FAULTS.iter().map(|(name, ..)| *name).collect();
    played.play(&[&["healthy"][..], &names].concat())?;
    let healthy = played.facts("healthy");
    for (name, code, kind, attribute) in FAULTS {
        let (exit, drift) = diff(&healthy, &played.facts(name))?;
        let context = || format!("{name}: {drift:#}");
        let verdict = &drift["verdict"];
        expect(exit == Some(1) && drift["changed"] == true, context())?;
        expect(
            verdict["old"] == "pass" && verdict["new"] == "fail",
            context(),
        )?;
        let finding = came(&drift, code).ok_or_else(context)?;
        let causes = explained(&drift, &finding["explained_by"]);
        let of_verdict = explained(&drift, &verdict["explained_by"]);
        if kind.is_empty() {
            expect(causes.is_empty() && of_verdict.is_empty(), context())?;
            let said = verdict["explanation"].as_str().unwrap_or_default();
            expect(said.starts_with("Nothing recorded explains"), said)?;
            continue;
        }
        let is_it = |change: &Value| {
            change["kind"] == *kind
                && change["attribute"].as_str().unwrap_or_default() == *attribute
        };
        expect(
            causes.iter().any(is_it) && of_verdict.iter().any(is_it),
            context(),
        )?;
        // What is said to explain is set by somebody, never what follows from the fault.
        for cause in &of_verdict {
            let follows = ["probe", "service", "canary"]
                .iter()
                .any(|k| cause["kind"] == *k);
            expect(!follows, context())?;
        }
        // Before and after the run nothing else was done to the VPC: the other endpoints are no change.
        let (_, out, _) = vpcheck(&["diff", text(&healthy), text(&played.facts(name))]);
        expect(
            out.starts_with("CHANGED: the verdict was pass and is fail") && out.contains(code),
            out,
        )?;
    }
    Ok(())
}

pub(crate) fn mended(played: &Played) -> Result<(), String> {
    played.play(&["healthy", "private-dns-disabled", "tcp-timeout"])?;
    let healthy = played.facts("healthy");
    let (exit, drift) = diff(&played.facts("private-dns-disabled"), &healthy)?;
    let context = || format!("{drift:#}");
    expect(exit == Some(1), context())?;
    let gone = find(&drift["findings"], "removed", "private-dns-disabled").ok_or_else(context)?;
    expect(gone["new_severity"].is_null(), context())?;
    let causes = explained(&drift, &drift["verdict"]["explained_by"]);
    let on = causes
        .iter()
        .any(|change| change["attribute"] == "private DNS" && change["new"] == json!(["on"]));
    expect(on, context())?;
    let (_, other) = diff(&played.facts("tcp-timeout"), &healthy)?;
    expect(
        other["verdict"]["explained_by"] == json!([]),
        format!("{other:#}"),
    )
}

pub(crate) fn mixed(played: &Played) -> Result<(), String> {
    played.play(&[
        "healthy",
        "private-dns-disabled",
        "inventory-off-private-dns",
    ])?;
    let fault = "private-dns-disabled";
    // Each kind of record, with itself and with each other.
    let records = |name: &str| {
        [
            played.facts(name),
            played.report(name),
            played.evidence(name),
        ]
    };
    for old in records("healthy") {
        for same in records("healthy") {
            let (code, drift) = diff(&old, &same)?;
            expect(code == Some(0), format!("{old:?} {same:?}: {drift:#}"))?;
            let both = [&old, &same]
                .iter()
                .all(|file| **file != played.report("healthy"));
            let open = drift["not_compared"].as_array().map_or(0, Vec::len);
            expect(both == (open == 0), format!("{old:?} {same:?}: {drift:#}"))?;
        }
        for new in records(fault) {
            let (code, drift) = diff(&old, &new)?;
            let context = || format!("{old:?} {new:?}: {drift:#}");
            expect(code == Some(1), context())?;
            came(&drift, fault).ok_or_else(context)?;
            // Reports tell of the endpoint too.
            let causes = explained(&drift, &drift["verdict"]["explained_by"]);
            let told = causes
                .iter()
                .any(|change| change["attribute"] == "private DNS");
            expect(told, context())?;
        }
    }
    let (_, drift) = diff(
        &played.facts("healthy"),
        &played.facts("inventory-off-private-dns"),
    )?;
    let open = drift["not_compared"].to_string();
    expect(open.contains("the VPC's configuration"), &open)?;
    let kinds = drift["changes"].as_array().cloned().unwrap_or_default();
    let lost = kinds.iter().any(|change| change["kind"] == "endpoint");
    expect(!lost, "what was not read is told as gone")
}

pub(crate) fn noise(played: &Played) -> Result<(), String> {
    played.play(&["healthy"])?;
    let healthy = played.facts("healthy");
    let text = std::fs::read_to_string(&healthy).map_err(|e| e.to_string())?;
    let facts: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = scratch.path().join("other.json");
    let against = |facts: &Value| {
        std::fs::write(&file, facts.to_string()).map_err(|e| e.to_string())?;
        diff(&healthy, &file)
    };
    let mut other = facts.clone();
    other["run_id"] = json!("another");
    other["started_at"] = json!("2026-11-22T00:00:00Z");
    other["duration_ms"] = json!(1.5);
    shuffle(&mut other);
    let (code, drift) = against(&other)?;
    expect(code == Some(0), format!("{drift:#}"))?;

    // One value of each kind, and it is told.
    for (pointer, value, kind) in [
        (
            "/host/resolvers",
            json!(["10.0.0.2", "10.0.0.9"]),
            "resolver",
        ),
        (
            "/request/allow_cidrs",
            json!(["172.16.0.0/12"]),
            "expectation",
        ),
        ("/host/availability_zone", json!("us-east-1z"), "place"),
        (
            "/inventory/vpc_attributes/seen/0/dns_support",
            json!(false),
            "vpc",
        ),
        (
            "/inventory/subnets/seen/0/cidrs",
            json!(["10.0.77.0/24"]),
            "subnet",
        ),
        (
            "/inventory/route_tables/seen/0/routes",
            json!([]),
            "route-table",
        ),
        (
            "/inventory/network_acls/seen/0/entries",
            json!([]),
            "network-acl",
        ),
        (
            "/inventory/security_groups/seen/0/egress",
            json!([]),
            "security-group",
        ),
        (
            "/inventory/endpoints/seen/0/state",
            json!("failed"),
            "endpoint",
        ),
        (
            "/inventory/network_interfaces/seen/0/addresses",
            json!([]),
            "network-interface",
        ),
        (
            "/inventory/prefix_lists/seen/0/cidrs",
            json!([]),
            "prefix-list",
        ),
        (
            "/probes/0/tls/seen/chain/0/issuer",
            json!("CN=Other"),
            "certificate",
        ),
    ] {
        let mut other = facts.clone();
        let place = other.pointer_mut(pointer);
        *place.ok_or_else(|| format!("{pointer} is not there"))? = value;
        let (code, drift) = against(&other)?;
        let told = drift["changes"].as_array().into_iter().flatten();
        let told = told.filter(|change| change["kind"] == kind).count();
        expect(code == Some(1) && told > 0, format!("{pointer}: {drift:#}"))?;
    }
    Ok(())
}

pub(crate) fn mistakes(played: &Played) -> Result<(), String> {
    played.play(&["healthy"])?;
    let healthy = played.facts("healthy");
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    let mut later: Value =
        serde_json::from_slice(&std::fs::read(&healthy).unwrap()).map_err(|e| e.to_string())?;
    later["facts_version"] = json!(99);
    let mut broken = std::fs::read_to_string(played.evidence("healthy")).unwrap();
    broken = broken.replacen("\"payload\":\"", "\"payload\":\"AAAA", 1);
    for (name, content) in [
        ("empty", String::new()),
        ("text", "no json".to_owned()),
        ("object", "{}".to_owned()),
        ("list", "[]".to_owned()),
        ("later", later.to_string()),
        (
            "report",
            "{\"schema_version\":\"9\",\"verdict\":\"pass\"}".to_owned(),
        ),
        ("broken", broken),
    ] {
        let file = scratch.path().join(name);
        std::fs::write(&file, content).map_err(|e| e.to_string())?;
        wrong.push(file);
    }
    wrong.push(scratch.path().join("none"));
    wrong.push(scratch.path().to_owned());
    wrong.push("/dev/zero".into());
    for file in wrong {
        for words in [
            ["diff", text(&healthy), text(&file)],
            ["diff", text(&file), text(&healthy)],
        ] {
            let (code, out, err) = vpcheck(&words);
            let holds = code == Some(2)
                && out.is_empty()
                && err.lines().count() == 1
                && err.contains(text(&file));
            expect(holds, format!("{words:?}: exit {code:?}: {out}{err}"))?;
        }
    }
    let file = text(&healthy);
    for (words, said) in [
        (&["diff", file][..], "NEW"),
        (&["diff", file, file, "-o", "html"], "human or json"),
        (&["diff", file, file, "-o", "jsn"], "did you mean json?"),
        (
            &["diff", file, file, "-o", "json", "-o", "human"],
            "already",
        ),
    ] {
        let (code, out, err) = vpcheck(words);
        let holds = code == Some(2) && out.is_empty() && err.contains(said);
        expect(holds, format!("{words:?}: exit {code:?}: {err}"))?;
    }
    Ok(())
}

/// Compares two files and holds the answer to its schema.
fn diff(old: &Path, new: &Path) -> Result<(Option<i32>, Value), String> {
    let (code, drift) = read(&["diff", text(old), text(new), "-o", "json"])?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut file = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
    std::io::Write::write_all(&mut file, drift.to_string().as_bytes())
        .map_err(|e| e.to_string())?;
    let here = Command::new("python3")
        .args(["-c", "import jsonschema"])
        .output();
    if here.is_ok_and(|output| output.status.success()) {
        let output = Command::new("python3")
            .arg(root.join("tests/schema/validate.py"))
            .arg(root.join("packaging/schema/diff.schema.json"))
            .arg(file.path())
            .output()
            .map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        expect(output.status.success(), format!("{said}: {drift:#}"))?;
    }
    Ok((code, drift))
}

/// Turns every list around whose order means nothing. The first resolver is asked first, the first certificate is the
/// peer's own, the first range is the primary one, and of a policy the text is taken as it is.
fn shuffle(value: &mut Value) {
    match value {
        Value::Array(all) => {
            all.iter_mut().for_each(shuffle);
            all.reverse();
        }
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if ![
                    "resolvers",
                    "chain",
                    "vpc_cidrs",
                    "cidrs",
                    "headers",
                    "addresses",
                    "lookups",
                    "names",
                    "hostnames",
                ]
                .contains(&key.as_str())
                {
                    shuffle(value);
                }
                if key == "ttl" {
                    *value = json!(7);
                }
                if key == "took_ms" || key == "at_ms" {
                    *value = json!(123.0);
                }
            }
        }
        _ => {}
    }
}

fn came<'a>(drift: &'a Value, code: &str) -> Option<&'a Value> {
    find(&drift["findings"], "added", code)
}

fn find<'a>(findings: &'a Value, change: &str, code: &str) -> Option<&'a Value> {
    let mut findings = findings.as_array().into_iter().flatten();
    findings.find(|finding| finding["change"] == change && finding["code"] == code)
}

/// The changes at these places.
fn explained(drift: &Value, places: &Value) -> Vec<Value> {
    let places = places.as_array().into_iter().flatten();
    places
        .filter_map(|place| {
            drift["changes"]
                .get(usize::try_from(place.as_u64()?).ok()?)
                .cloned()
        })
        .collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

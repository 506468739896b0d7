//! The published schema and the report agree.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vpcheck::render::Format;

use crate::{all, samples, text};

const SCHEMA: &str = "packaging/schema/report.schema.json";

/// Whether Python and its jsonschema are here: they are where the suite is run in full.
fn can_validate() -> bool {
    let here = Command::new("python3")
        .args(["-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        here || std::env::var_os("CI").is_none(),
        "python3 with jsonschema is missing"
    );
    here
}

fn validate(report: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(report.as_bytes()).unwrap();
    let output = Command::new("python3")
        .arg(root.join("tests/schema/validate.py"))
        .arg(root.join(SCHEMA))
        .arg(file.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

#[test]
fn the_schema_accepts_what_is_written() {
    if !can_validate() {
        return;
    }
    for (name, report) in all() {
        let (valid, said) = validate(&text(Format::Json, &report));
        assert!(valid, "{name}: {said}");
    }
}

#[test]
fn the_schema_refuses_what_the_contract_does_not_have() {
    if !can_validate() {
        return;
    }
    let good: Value = serde_json::from_str(&text(Format::Json, &samples::healthy())).unwrap();
    for (path, value) in [
        ("/verdict", json!("ok")),
        ("/schema_version", json!("2")),
        ("/services/0/route", json!("private")),
        ("/services/0/hostnames/0/dns/status", json!("NXDOMAIN")),
        (
            "/services/0/hostnames/0/probes/0/tcp/status",
            json!("alert"),
        ),
        (
            "/services/0/hostnames/0/probes/0/tls/duration_ms",
            json!("2.1"),
        ),
        ("/services/0/hostnames/0/probes/0/http/code", json!(1000)),
        ("/canary/status", json!("ok")),
        ("/environment/kind", json!("k8s")),
        ("/environment/addresses/0", json!("host")),
        ("/inventory/denied/0", json!("DescribeVpcs")),
        ("/findings/0/severity", json!("error")),
        ("/started_at", json!("yesterday")),
    ] {
        let mut bad = good.clone();
        bad["inventory"]["denied"] = json!(["ec2:DescribeVpcs"]);
        *bad.pointer_mut(path).unwrap() = value;
        let (valid, said) = validate(&bad.to_string());
        assert!(!valid, "{path} was accepted");
        assert!(said.contains(path), "{path}: {said}");
    }
    let mut short = good.clone();
    short.as_object_mut().unwrap().remove("canary");
    assert!(!validate(&short.to_string()).0);
    let mut more = good;
    more["services"][0]["added_later"] = json!(1);
    assert!(validate(&more.to_string()).0);
}

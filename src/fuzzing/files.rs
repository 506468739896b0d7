//! Small files of the host: `resolv.conf`, `hosts`, the AWS configuration file.

use std::net::IpAddr;

use super::input::Input;
use crate::gather::{hosts_file, profile, resolv_conf};

/// Any bytes as `resolv.conf`, and lines that everybody reads the same way.
pub(super) fn resolv_conf(bytes: &[u8]) {
    let found = resolv_conf::parse(bytes);
    assert!(found.len() <= 3);
    assert!(!found.iter().any(IpAddr::is_unspecified));
    let written: String = found
        .iter()
        .map(|address| format!("nameserver {address}\n"))
        .collect();
    assert_eq!(resolv_conf::parse(written.as_bytes()), found);

    let mut input = Input::new(bytes);
    let mut text = String::new();
    let mut expected = Vec::new();
    for _ in 0..input.below(8) {
        let address = input.address();
        let line = match input.byte() % 8 {
            0 => format!("# nameserver {address}"),
            1 => format!("; nameserver {address}"),
            2 => "search ec2.internal example.com".to_owned(),
            3 => "options timeout:1 attempts:2 edns0".to_owned(),
            4 => "nameserver nowhere".to_owned(),
            5 => {
                expected.push(address);
                format!("nameserver\t{address}")
            }
            _ => {
                expected.push(address);
                format!("nameserver {address}")
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    expected.retain(|address| !address.is_unspecified());
    if !text.contains("0.0.0.0\n") && !text.contains(" ::\n") && !text.contains("\t::\n") {
        expected.truncate(3);
        assert_eq!(resolv_conf::parse(text.as_bytes()), expected, "{text}");
    }
}

/// Any text as a hosts file, and lines that everybody reads the same way.
pub(super) fn hosts_file(bytes: &[u8]) {
    let names = [
        "sqs.us-east-1.amazonaws.com".to_owned(),
        "b.example.".to_owned(),
        "x".to_owned(),
    ];
    let text = String::from_utf8_lossy(bytes);
    let found = hosts_file::parse(&text, &names);
    assert!(found.len() <= 1024);
    for (at, line) in found.iter().enumerate() {
        assert!(names.contains(&line.name));
        assert!(!found.iter().take(at).any(|other| other == line));
    }
    let written: String = found
        .iter()
        .map(|line| format!("{} {}\n", line.address, line.name))
        .collect();
    assert_eq!(hosts_file::parse(&written, &names), found);
    let shouted = text.to_ascii_uppercase();
    assert_eq!(hosts_file::parse(&shouted, &names).len(), found.len());
    let commented: String = text.lines().map(|line| format!("#{line}\n")).collect();
    assert_eq!(hosts_file::parse(&commented, &names), []);

    let mut input = Input::new(bytes);
    let mut text = String::new();
    let mut expected = Vec::new();
    for _ in 0..input.below(8) {
        let (address, name) = (input.address(), input.below(3));
        let comment = input.flag();
        let mark = if comment { "#" } else { "" };
        text.push_str(&format!(
            "{address}\tother {mark}{} more # end\n",
            names[name].to_uppercase()
        ));
        let line = (address, names[name].clone());
        if !comment && !expected.contains(&line) {
            expected.push(line);
        }
    }
    let found: Vec<(IpAddr, String)> = hosts_file::parse(&text, &names)
        .into_iter()
        .map(|line| (line.address, line.name))
        .collect();
    assert_eq!(found, expected, "{text}");
}

/// Any text as the AWS configuration file.
pub(super) fn profile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for name in ["default", "work"] {
        let found = profile::parse(&text, name);
        if let Some(region) = &found {
            assert!(
                !region.is_empty() && region.trim() == region && !region.contains(['\n', '#', ';'])
            );
        }
        let more = format!(
            "{text}\n# region = x\n[profile another]\nregion = y\n[sso-session work]\nregion = z\n"
        );
        assert_eq!(profile::parse(&more, name), found);
        let first = format!("[profile {name}]\nregion = eu-west-1\n");
        assert_eq!(profile::parse(&first, name).as_deref(), Some("eu-west-1"));
        let last = profile::parse(&format!("{text}\n{first}"), name);
        assert_eq!(last.as_deref(), Some("eu-west-1"), "the last one counts");
    }
}

//! `packaging/doc/findings.md` holds every page that `vpcheck explain` prints, and drifts from none of them.
//!
//! `VPCHECK_WRITE_PAGES=1 cargo test --test pages` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use vpcheck::rules;

fn generated() -> String {
    let mut rules: Vec<_> = rules::all().collect();
    rules.sort_by_key(|rule| rule.code);
    let mut text = String::from(
        "# Findings\n\nWhat each finding means, how it is told from its look-alikes, and how to fix it. `vpcheck explain CODE` prints\nthe same pages. This file is generated from the rules; `tests/pages.rs` says how.\n",
    );
    for rule in rules {
        let _ = write!(
            text,
            "\n## {}\n\nSeverity: {}\n\n",
            rule.code, rule.severity
        );
        for line in rule.page.lines() {
            let line = line.strip_prefix(' ').unwrap_or(line);
            match line.strip_prefix("## ") {
                Some(heading) => {
                    let _ = writeln!(text, "### {heading}");
                }
                None => {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
    }
    text
}

#[test]
fn the_written_pages_are_those_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/doc/findings.md");
    let generated = generated();
    if std::env::var_os("VPCHECK_WRITE_PAGES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == generated,
        "packaging/doc/findings.md differs from the rules; VPCHECK_WRITE_PAGES=1 cargo test --test pages writes it"
    );
}

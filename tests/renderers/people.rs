//! What holds of the formats for people.

use vpcheck::render::{Format, Style};
use vpcheck::verdict::report::{Route, ServiceVerdict};

use crate::{all, samples, styled, text};

#[test]
fn the_verdict_comes_first() {
    for (format, start) in [(Format::Human, ""), (Format::Markdown, "## ")] {
        for ((_, report), word) in all().into_iter().zip(["PASS", "FAIL", "INCONCLUSIVE"]) {
            let shown = text(format, &report);
            assert!(shown.starts_with(&format!("{start}{word}: ")), "{shown}");
        }
    }
}

#[test]
fn the_headline_says_what_happened() {
    let first = |report: &vpcheck::verdict::Report| {
        let shown = text(Format::Markdown, report);
        shown.lines().next().unwrap().replace("## ", "")
    };
    let mut healthy = samples::healthy();
    healthy.services[0].route = Route::Public;
    assert_eq!(
        first(&healthy),
        "PASS: all 4 services are reached, not privately: sqs; the canary message went there and back; 1 warning."
    );
    healthy.services[1].required = false;
    healthy.services[1].verdict = ServiceVerdict::Unknown;
    healthy.services.swap_remove(0);
    healthy.canary.status = String::from("skipped");
    healthy.findings.clear();
    healthy.summary.findings.warn = 0;
    assert_eq!(
        first(&healthy),
        "PASS: 2 of 3 services are reached privately, the others are optional here."
    );
    let mut failing = samples::private_dns_off();
    for service in &mut failing.services {
        service.verdict = ServiceVerdict::Fail;
        service.route = Route::Unresolved;
    }
    assert_eq!(
        first(&failing),
        "FAIL: sts, sqs, s3 do not resolve (3 of 3 services); 1 cause found."
    );
    failing.services[0].route = Route::Public;
    assert_eq!(
        first(&failing),
        "FAIL: sts, sqs, s3 are not reached as they should be (3 of 3 services); 1 cause found."
    );
    for service in &mut failing.services {
        service.verdict = ServiceVerdict::Pass;
    }
    assert_eq!(
        first(&failing),
        "FAIL: the paths to the services work, the canary message does not; 1 cause found."
    );
    let mut open = samples::inconclusive_and_hostile();
    open.services[0].verdict = ServiceVerdict::Pass;
    assert_eq!(
        first(&open),
        "INCONCLUSIVE: nothing failed, but the canary message settled nothing."
    );
}

#[test]
fn a_truncated_output_still_has_the_verdict_and_the_causes() {
    // Systems Manager keeps 24,000 characters of a command's output, its lists 2,500.
    let mut report = samples::private_dns_off();
    let service = report.services[1].clone();
    for n in 0..30 {
        let mut service = service.clone();
        service.service = format!("service-{n}");
        report.services.push(service);
    }
    let shown = text(Format::Human, &report);
    assert!(shown.len() < 24_000, "{}", shown.len());
    let start: String = shown.chars().take(2_500).collect();
    assert!(
        start.contains("FAIL: ") && start.contains("--private-dns-enabled"),
        "{start}"
    );
}

#[test]
fn what_fails_stands_before_what_informs() {
    let shown = text(Format::Human, &samples::private_dns_off());
    let fail = shown.find("private-dns-disabled").unwrap();
    let info = shown.find("internet-route-present").unwrap();
    assert!(fail < info, "{shown}");
}

#[test]
fn a_ticket_is_readable_in_80_columns_and_commands_paste() {
    for (_, report) in all() {
        let shown = text(Format::Human, &report);
        for line in shown.lines() {
            let whole = line.trim();
            // A command, an ARN or another word without a blank is never broken.
            let unbreakable = line.starts_with("    ") && whole.starts_with("aws ")
                || !whole.contains(' ')
                || line.contains("\\u{");
            assert!(line.chars().count() <= 80 || unbreakable, "{line}");
        }
        for finding in &report.findings {
            for command in finding
                .fix
                .commands
                .iter()
                .filter(|c| c.is_ascii() && !c.contains('\r'))
            {
                assert!(
                    shown.lines().any(|line| line.trim() == command),
                    "{command}"
                );
            }
        }
    }
}

#[test]
fn colour_is_an_addition_and_nothing_else() {
    let report = samples::private_dns_off();
    let plain = text(Format::Human, &report);
    let style = Style {
        color: true,
        ..Style::default()
    };
    let colored = styled(Format::Human, &report, &style);
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut parts = colored.split('\u{1b}');
    stripped.push_str(parts.next().unwrap());
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn more_is_shown_when_asked_for() {
    let report = samples::healthy();
    let style = Style {
        verbose: 1,
        ..Style::default()
    };
    insta::assert_snapshot!(
        "human-healthy-verbose",
        styled(Format::Human, &report, &style)
    );
    let wide = Style {
        width: 120,
        ..Style::default()
    };
    insta::assert_snapshot!("human-healthy-wide", styled(Format::Human, &report, &wide));
}

#[test]
fn a_page_neither_loads_nor_runs_anything() {
    for (_, report) in all() {
        let page = text(Format::Html, &report);
        for loose in [
            "<script", "<img", "<link", "<iframe", " src=", "url(", "@import", "onload",
        ] {
            assert!(!page.contains(loose), "{loose}");
        }
        // What it links is in itself.
        assert_eq!(
            page.matches(" href=").count(),
            page.matches(" href=\"#").count()
        );
        assert!(page.contains("prefers-color-scheme: dark"));
    }
    let page = text(Format::Html, &samples::private_dns_off());
    assert_eq!(page.matches(", breaks here<").count(), 1);
    assert!(page.contains("The path breaks where the name leads: public addresses."));
    assert!(!text(Format::Html, &samples::healthy()).contains("breaks here"));
}

#[test]
fn markdown_has_no_live_markup_from_servers() {
    let shown = text(Format::Markdown, &samples::inconclusive_and_hostile());
    // In code, by span or by fence, markup is text; the subject and the commands are such.
    let mut in_fence = false;
    for line in shown.lines() {
        in_fence ^= line.starts_with("```");
        let code = in_fence || line.starts_with("**About** `");
        assert!(code || !line.contains("<script"), "{line}");
    }
    assert!(
        !shown.lines().any(|line| line.starts_with("# FAIL")),
        "{shown}"
    );
    assert!(
        !shown.contains("- - nested") && !shown.contains("- # heading"),
        "{shown}"
    );
}

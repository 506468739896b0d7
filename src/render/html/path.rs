//! The path from the workload to a service, drawn: where it holds and where it breaks.
//!
//! Boxes and lines are the style sheet's; every state is also a mark and a word, for those who do not see
//! colours or have the page read to them.

use std::io::{self, Write};
use std::net::IpAddr;

use super::super::escape::html as h;
use super::super::wording;
use super::steps::{Stage, State, Step, causes, steps};
use super::{anchor, icon};
use crate::verdict::report::{Report, Route, ServiceReport};

/// How many addresses stand in the endpoint's box; the table below it has them all.
const ADDRESSES_SHOWN: usize = 4;

/// Draws workload, resolver, endpoint and service with the steps between them.
pub(super) fn write(
    service: &ServiceReport,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let steps = steps(service, report);
    let among = |stages: &[Stage]| -> Vec<Step> {
        let of = |step: &&Step| stages.contains(&step.stage);
        steps.iter().filter(of).cloned().collect()
    };
    let links = [
        among(&[Stage::Dns]),
        among(&[Stage::Route, Stage::Tcp]),
        among(&[Stage::Tls, Stage::Http, Stage::Permission]),
    ];
    writeln!(
        out,
        "<figure class=\"path\" role=\"group\" aria-label=\"Path from the workload to {}\">\n<ol>",
        h(&service.service)
    )?;
    let environment = &report.environment;
    let own = environment.addresses.first().map(IpAddr::to_string);
    let id = environment.instance_id.clone().or_else(|| {
        Some(
            environment
                .task_arn
                .as_ref()?
                .rsplit('/')
                .next()?
                .to_owned(),
        )
    });
    let kind = wording::literal(&environment.kind);
    let lines: Vec<String> = id.into_iter().chain(own).collect();
    node("workload", &kind, &lines, State::Holds, out)?;
    let nodes = [
        resolver(service),
        endpoint(service),
        (
            "service",
            service.service.clone(),
            service.service_name.iter().cloned().collect(),
        ),
    ];
    let mut reached = true;
    for (link, (label, title, lines)) in links.iter().zip(nodes) {
        self::link(link, out)?;
        // Who lacks permission has come to the service all the same.
        let way: Vec<Step> = link
            .iter()
            .filter(|step| step.stage != Stage::Permission)
            .cloned()
            .collect();
        let state = worst(&way);
        // A box behind a break is not what the path should have led to, or was not come to.
        reached &= !matches!(state, State::Breaks | State::Behind | State::Unseen);
        let state = if reached { state } else { State::Unseen };
        node(label, &title, &lines, state, out)?;
    }
    writeln!(out, "</ol>")?;
    caption(&steps, service, report, out)?;
    writeln!(out, "</figure>")
}

/// The same path for a service that is fine, small enough for a row.
pub(super) fn small(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        concat!(
            r#"<svg class="small" viewBox="0 0 92 12" role="img" aria-label="workload, resolver, endpoint, service: the path holds">"#,
            r#"<path d="M6 6H86"/><circle cx="6" cy="6" r="5"/><circle cx="32" cy="6" r="5"/>"#,
            r#"<circle cx="59" cy="6" r="5"/><circle cx="86" cy="6" r="5"/></svg>"#
        )
    )
}

impl State {
    /// The class that colours it.
    pub(super) fn class(self) -> &'static str {
        match self {
            State::Holds => "ok",
            State::Breaks => "bad",
            State::Open => "open",
            State::Behind | State::Unseen => "unseen",
        }
    }

    /// What it is called for those to whom the page is read.
    fn word(self) -> &'static str {
        match self {
            State::Holds => "holds",
            State::Breaks => "breaks here",
            State::Open => "not established",
            State::Behind => "behind the break",
            State::Unseen => "not reached",
        }
    }
}

impl Stage {
    fn label(self) -> &'static str {
        match self {
            Stage::Dns => "DNS",
            Stage::Route => "leads to",
            Stage::Tcp => "TCP 443",
            Stage::Tls => "TLS",
            Stage::Http => "HTTP",
            Stage::Permission => "permission",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Stage::Dns => "The path breaks at the resolver",
            Stage::Route => "The path breaks where the name leads",
            Stage::Tcp => "The path breaks at the connection",
            Stage::Tls => "The path breaks in TLS",
            Stage::Http => "The path breaks at the first request",
            Stage::Permission => "The path holds, the message does not",
        }
    }
}

fn worst(link: &[Step]) -> State {
    let has = |state: State| link.iter().any(|step| step.state == state);
    [State::Breaks, State::Behind, State::Open, State::Holds]
        .into_iter()
        .find(|state| has(*state))
        .unwrap_or(State::Unseen)
}

fn node(
    label: &str,
    title: &str,
    lines: &[String],
    state: State,
    out: &mut dyn Write,
) -> io::Result<()> {
    let class = state.class();
    write!(
        out,
        "<li class=\"node {class}\"><small>{label}</small><b>{}</b>",
        h(title)
    )?;
    for line in lines {
        write!(out, "<span>{}</span>", h(line))?;
    }
    writeln!(out, "</li>")
}

fn link(steps: &[Step], out: &mut dyn Write) -> io::Result<()> {
    let state = worst(steps);
    writeln!(out, "<li class=\"link {}\">", state.class())?;
    if state == State::Breaks {
        writeln!(out, "<i class=\"cut\">{}</i>", icon(State::Breaks))?;
    }
    writeln!(out, "<ul>")?;
    for step in steps {
        writeln!(
            out,
            "<li class=\"{}\">{} <b>{}</b> {}<i class=\"read\">, {}</i></li>",
            step.state.class(),
            icon(step.state),
            step.stage.label(),
            h(&step.said),
            step.state.word()
        )?;
    }
    writeln!(out, "</ul></li>")
}

/// One sentence that says what is drawn, with the causes to go to.
fn caption(
    steps: &[Step],
    service: &ServiceReport,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let broken: Vec<&Step> = steps.iter().filter(|s| s.state == State::Breaks).collect();
    let (class, said) = match broken.first() {
        Some(step) => (
            "bad",
            format!("{}: {}", step.stage.sentence(), step.said.as_str()),
        ),
        None if steps.iter().all(|step| step.state == State::Holds) => {
            ("ok", String::from("The whole path holds"))
        }
        None => (
            "open",
            String::from("It could not be told whether the whole path holds"),
        ),
    };
    write!(out, "<figcaption class=\"{class}\">{}.", h(&said))?;
    let links: Vec<String> = causes(service, report)
        .map(|cause| {
            format!(
                "<a href=\"#{}\">{}</a>",
                anchor(cause, report),
                h(&cause.code)
            )
        })
        .collect();
    if !links.is_empty() {
        let noun = if links.len() == 1 { "Cause" } else { "Causes" };
        write!(out, " {noun}: {}.", links.join(", "))?;
    }
    writeln!(out, "</figcaption>")
}

fn resolver(service: &ServiceReport) -> (&'static str, String, Vec<String>) {
    let mut asked: Vec<String> = Vec::new();
    for name in &service.hostnames {
        if let Some(resolver) = name.dns.resolver.map(|r| r.to_string())
            && !asked.contains(&resolver)
        {
            asked.push(resolver);
        }
    }
    let title = match asked.is_empty() {
        true => String::from("not known"),
        false => asked.remove(0),
    };
    ("resolver", title, asked)
}

fn endpoint(service: &ServiceReport) -> (&'static str, String, Vec<String>) {
    let id = service.endpoint.as_ref().map(|endpoint| &endpoint.id);
    let label = match service.route {
        Route::Public => "no endpoint",
        Route::Mixed => "endpoint and others",
        Route::GatewayEndpoint => "gateway endpoint",
        Route::CentralEndpoint => "endpoint elsewhere",
        Route::Unresolved => "endpoint",
        Route::InterfaceEndpoint => "endpoint",
        Route::PrivateUnconfirmed | Route::PrivateUnlisted => "private address",
    };
    let title = match (id, service.route) {
        (_, Route::Public) => String::from("public address"),
        (_, Route::Mixed) => String::from("private and public"),
        (Some(id), _) => id.clone(),
        (None, Route::Unresolved) => String::from("no address"),
        (None, Route::PrivateUnlisted) => String::from("not known to be one"),
        (None, _) => String::from("inside the VPC"),
    };
    let all = wording::addresses(service);
    let mut lines: Vec<String> = all
        .iter()
        .take(ADDRESSES_SHOWN)
        .map(IpAddr::to_string)
        .collect();
    if let Some(rest @ 1..) = all.len().checked_sub(ADDRESSES_SHOWN) {
        lines.push(format!("and {rest} more"));
    }
    (label, title, lines)
}

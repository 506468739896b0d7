//! Commands that print what vpcheck knows by itself: pages, the catalogue, policies, completions.

use crate::cli::{self, Cli};
use crate::config::{ColorChoice, Settings, nearest};
use crate::gather::host;
use crate::render::explain::{ExplainLine, ExplainPage};
use crate::render::{explain, services as catalogue};
use crate::rules::{self, Rule};

use super::{AppError, PASS, output};

/// Prints the settings as they hold.
pub(super) fn settings(settings: &Settings) -> Result<u8, AppError> {
    output::standard(settings.shown().as_bytes())?;
    Ok(PASS)
}

/// Prints a finding's page, or the list of findings.
pub(super) fn explain(cli: &Cli, code: Option<&str>) -> Result<u8, AppError> {
    let color = match cli.console.color.as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let style = output::style_for(color, 0, true);
    let mut bytes = Vec::new();
    match code {
        Some(code) => {
            let rule = rules::by_code(code).ok_or_else(|| unknown(code))?;
            let severity = rule.severity.to_string();
            let page = ExplainPage {
                code: rule.code,
                severity: &severity,
                areas: &[],
                doc: &page(rule),
            };
            explain::explain(&page, &style, &mut bytes).map_err(AppError::Output)?;
        }
        None => {
            let rules: Vec<(&Rule, String, String)> = rules::all()
                .map(|rule| (rule, rule.severity.to_string(), page(rule)))
                .collect();
            let mut lines: Vec<ExplainLine<'_>> = rules
                .iter()
                .map(|(rule, severity, page)| ExplainLine {
                    code: rule.code,
                    severity,
                    summary: page.lines().next().unwrap_or_default(),
                })
                .collect();
            lines.sort_by_key(|line| line.code);
            explain::list(&lines, &style, &mut bytes).map_err(AppError::Output)?;
        }
    }
    output::standard(&bytes)?;
    Ok(PASS)
}

/// Prints the catalogue for a region.
pub(super) fn services(settings: &Settings) -> Result<u8, AppError> {
    let region = match &settings.region {
        Some(region) => region.clone(),
        None => {
            let env = host::capture_env();
            let told = env
                .get("AWS_REGION")
                .or_else(|| env.get("AWS_DEFAULT_REGION"));
            told.and_then(|region| crate::catalog::Region::parse(region).ok())
                .ok_or_else(|| {
                    AppError::Unknown(
                        "no region is known: say it with --region, as in --region eu-west-1"
                            .to_owned(),
                    )
                })?
        }
    };
    let style = output::style(settings, true);
    let mut bytes = Vec::new();
    catalogue::human(&region, None, &style, &mut bytes).map_err(AppError::Output)?;
    output::standard(&bytes)?;
    Ok(PASS)
}

/// Prints the least IAM policy for the settings.
pub(super) fn iam_policy(settings: &Settings) -> Result<u8, AppError> {
    let policy = crate::iam_policy::policy(settings)?;
    output::standard(format!("{policy:#}\n").as_bytes())?;
    Ok(PASS)
}

/// Prints a shell's completions.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<u8, AppError> {
    let mut bytes = Vec::new();
    cli::completions(shell, &mut bytes).map_err(AppError::Output)?;
    output::standard(&bytes)?;
    Ok(PASS)
}

/// Prints the manual page.
pub(super) fn man() -> Result<u8, AppError> {
    let mut bytes = Vec::new();
    cli::man(&mut bytes).map_err(AppError::Output)?;
    output::standard(&bytes)?;
    Ok(PASS)
}

/// A rule's page without the blank that every line of a doc comment begins with.
fn page(rule: &Rule) -> String {
    let lines = rule.page.lines();
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn unknown(code: &str) -> AppError {
    let codes = || rules::all().map(|rule| rule.code);
    let part = |known: &&str| !code.is_empty() && (known.contains(code) || code.contains(known));
    let nearest = nearest(code, codes()).or_else(|| codes().filter(part).min_by_key(|c| c.len()));
    let hint = match nearest {
        Some(known) => format!("; did you mean {known}?"),
        None => "; `vpcheck explain` lists them".to_owned(),
    };
    AppError::Unknown(format!("{code:?} is no finding code{hint}"))
}

//! The settings as they hold, each with the place it came from.

use std::fmt::Write;

use super::layers::Source;
use super::registry::{self, Shape};
use super::words::{CANARIES, COLORS, EXPECTS, said};
use super::{InventoryChoice, Output, Period, Settings};

/// An option that the command takes, and what was said of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) key: &'static str,
    /// Its values as they were written; none where nobody said anything.
    pub(super) values: Option<Vec<String>>,
    pub(super) from: Source,
}

/// What holds where nobody says anything and no value stands for it.
const UNSET: &[(&str, &str)] = &[
    ("target", "what the workload needs"),
    ("workload", "as detected"),
    (
        "region",
        "as the AWS SDKs find it, then instance or task metadata",
    ),
    ("queue-url", "no canary"),
    ("vpc-cidr", "what metadata and EC2 say"),
    ("allow-cidr", "none"),
    ("severity", "as `vpcheck explain` lists them"),
    ("resolver", "the host's own and the VPC's"),
    ("service-roots", "Amazon Trust Services, built in"),
    ("ca-file", "the system's roots"),
    ("output", "none beside the fix"),
    ("fix", "none"),
    ("save-facts", "not saved"),
    ("deliver", "nowhere"),
    ("evidence", "none is kept"),
    (
        "signing-key",
        "that of the installation, where there is one",
    ),
    ("retention", "for ever"),
    ("listen", "nowhere"),
    (
        "canary-every",
        "with each probe of `vpcheck health`, every 5m of `vpcheck watch`",
    ),
    ("vpc-id", "this machine's own"),
];

/// The settings in the form of the configuration file, which read again mean the same.
pub(super) fn shown(settings: &Settings) -> String {
    let lines: Vec<(String, String)> = settings
        .said
        .iter()
        .map(|said| line(settings, said))
        .collect();
    let widest = lines
        .iter()
        .map(|(line, _)| line.chars().count())
        .filter(|width| *width <= 40)
        .max();
    let width = widest.unwrap_or_default();
    let mut text = String::new();
    for (line, from) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line:<width$}  # {from}");
    }
    text
}

/// A line, and where its value came from.
fn line(settings: &Settings, option: &Said) -> (String, String) {
    let key = option.key;
    let shape = registry::option(key).map_or(Shape::Text, |spec| spec.shape);
    let values = match key {
        // Of a fix and a report that both go to standard output one gives way.
        "fix" if settings.fix.is_none() => None,
        "output" => Some(settings.outputs.iter().map(Output::to_string).collect()),
        _ => option.values.clone(),
    };
    let values = values.or_else(|| default(settings, key).map(|value| vec![value]));
    let Some(values) = values.filter(|values| !values.is_empty() || option.from != Source::Default)
    else {
        let meant = UNSET
            .iter()
            .find(|(unset, _)| *unset == key)
            .map_or("not set", |(_, meant)| *meant);
        return (format!("#{key}"), format!("{}: {meant}", option.from));
    };
    let value = match shape {
        Shape::Text => quoted(values.first().map_or("", String::as_str)),
        Shape::Switch | Shape::Count => values.first().cloned().unwrap_or_default(),
        Shape::List => {
            let items: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("[{}]", items.join(", "))
        }
        Shape::Pairs => {
            let pairs: Vec<String> = values
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, level)| format!("{} = {}", quoted(name.trim()), quoted(level.trim())))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    };
    (format!("{key} = {value}"), option.from.to_string())
}

/// What holds of an option that nobody said anything of, as it would be written.
fn default(settings: &Settings, key: &str) -> Option<String> {
    let request = &settings.request;
    Some(match key {
        "canary" => said(CANARIES, &request.canary).to_owned(),
        "expect" => said(EXPECTS, &request.expect).to_owned(),
        "inventory" => match settings.inventory {
            InventoryChoice::Auto => "auto".to_owned(),
            InventoryChoice::Off => "off".to_owned(),
            // A file or a place is always named by somebody.
            InventoryChoice::File(_) | InventoryChoice::Place(_) => return None,
        },
        "inventory-max-age" => period(request.inventory_max_age_s.saturating_mul(1000))?,
        "inventory-cache" => settings.inventory_cache.as_ref()?.display().to_string(),
        "spread" => "off".to_owned(),
        "timeout" => period(request.timeout_ms)?,
        "deadline" => period(request.deadline_ms)?,
        "redact" => settings.redact.to_string(),
        "spool" => settings.spool.display().to_string(),
        "state" => settings.memory.state.display().to_string(),
        "every" => settings.watch.every.to_string(),
        "inventory-every" => settings.watch.inventory_every.to_string(),
        "grace" => settings.memory.grace.to_string(),
        "color" => said(COLORS, &settings.color).to_owned(),
        "quiet" => settings.quiet.to_string(),
        "verbose" => settings.verbosity.to_string(),
        _ => return None,
    })
}

fn period(millis: u64) -> Option<String> {
    Period::from_millis(millis).map(|period| period.to_string())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

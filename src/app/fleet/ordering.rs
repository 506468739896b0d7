//! What `fleet run` is to send, from the words that were said.

use std::time::Duration;

use super::super::AppError;
use crate::cli::FleetRunArgs;
use crate::collect::Order;
use crate::config::Period;

/// The limits of `SendCommand` (AWS Systems Manager API Reference): instances by id, targets, values of one, seconds.
const MOST_INSTANCES: usize = 50;
const MOST_TARGETS: usize = 5;
const MOST_VALUES: usize = 50;
const SECONDS: std::ops::RangeInclusive<u64> = 30..=2_592_000;

/// What is to be sent, and to whom.
pub(super) fn order(arguments: &FleetRunArgs) -> Result<Order, AppError> {
    let mut order = Order {
        document: arguments
            .document
            .clone()
            .unwrap_or_else(|| "vpcheck".to_owned()),
        max_concurrency: rate("--max-concurrency", arguments.max_concurrency.as_deref(), 1)?,
        max_errors: rate("--max-errors", arguments.max_errors.as_deref(), 0)?,
        timeout_seconds: period("--timeout", arguments.timeout.as_deref(), 120)?.as_secs(),
        ..Order::default()
    };
    // A machine that does not pass counts as an error: by the service's own default the first one would end it all.
    order.max_errors.get_or_insert_with(|| "100%".to_owned());
    if !SECONDS.contains(&order.timeout_seconds) {
        return Err(wrong(
            "--timeout",
            "between 30s and 30d",
            arguments.timeout.as_deref().unwrap_or_default(),
        ));
    }
    if order.document.is_empty() || order.document.contains(char::is_whitespace) {
        return Err(wrong(
            "--document",
            "a document's name or ARN",
            &order.document,
        ));
    }
    for word in &arguments.parameters {
        match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                order.parameters.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(wrong("--parameters", "NAME=VALUE", word)),
        }
    }
    for id in &arguments.instance_ids {
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !plain || !(id.starts_with("i-") || id.starts_with("mi-")) {
            return Err(wrong(
                "--instance-ids",
                "ids such as i-0123456789abcdef0",
                id,
            ));
        }
        if !order.instance_ids.contains(id) {
            order.instance_ids.push(id.clone());
        }
    }
    if order.instance_ids.len() > MOST_INSTANCES {
        return Err(AppError::Unknown(format!(
            "--instance-ids: expected at most {MOST_INSTANCES}, as Systems Manager takes, found {}: select them by \
             --targets tag:KEY=VALUE",
            order.instance_ids.len()
        )));
    }
    for word in &arguments.targets {
        order.targets.push(target(word)?);
    }
    if order.targets.len() > MOST_TARGETS {
        let found = order.targets.len().to_string();
        return Err(wrong("--targets", "at most 5", &found));
    }
    if arguments.all {
        order
            .targets
            .push(("InstanceIds".to_owned(), vec!["*".to_owned()]));
    }
    Ok(order)
}

/// A length of time that was said, or so many seconds.
pub(super) fn period(option: &str, said: Option<&str>, seconds: u64) -> Result<Duration, AppError> {
    match said {
        None => Ok(Duration::from_secs(seconds)),
        Some(text) => match text.parse::<Period>() {
            Ok(period) => Ok(Duration::from_secs(period.seconds())),
            Err(problem) => Err(AppError::Unknown(format!("{option}: {problem}"))),
        },
    }
}

fn target(word: &str) -> Result<(String, Vec<String>), AppError> {
    let expected = "tag:KEY=VALUE, tag-key=KEY or resource-groups:Name=NAME";
    let known = ["tag:", "tag-key", "resource-groups:"];
    let Some((key, values)) = word.split_once('=') else {
        return Err(wrong("--targets", expected, word));
    };
    if !known.iter().any(|known| key.starts_with(known)) || key == "tag:" {
        return Err(wrong("--targets", expected, word));
    }
    let values: Vec<String> = values.split(',').map(str::to_owned).collect();
    if values.len() > MOST_VALUES || values.iter().any(String::is_empty) {
        return Err(wrong(
            "--targets",
            "1 to 50 values, none of them empty",
            word,
        ));
    }
    Ok((key.to_owned(), values))
}

/// A number, or a percentage of the machines.
fn rate(option: &str, said: Option<&str>, least: u32) -> Result<Option<String>, AppError> {
    let Some(said) = said else { return Ok(None) };
    let (digits, most) = match said.strip_suffix('%') {
        Some(digits) => (digits, 100),
        None => (said, 999_999),
    };
    let fits = digits.bytes().all(|b| b.is_ascii_digit())
        && digits
            .parse()
            .is_ok_and(|n: u32| (least..=most).contains(&n));
    match fits {
        true => Ok(Some(said.to_owned())),
        false => Err(wrong(
            option,
            "a number such as 10, or a percentage such as 10%",
            said,
        )),
    }
}

fn wrong(option: &str, expected: &str, found: &str) -> AppError {
    AppError::Unknown(format!("{option}: expected {expected}, found {found:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command, FleetCommand};

    fn read(words: &[&str]) -> Result<Order, String> {
        let all = ["vpcheck", "fleet", "run"].iter().chain(words);
        let cli = cli::parse(all.map(std::ffi::OsString::from)).unwrap();
        let Command::Fleet {
            command: FleetCommand::Run(arguments),
        } = cli.command
        else {
            panic!()
        };
        order(&arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn words_become_an_order() {
        let order = read(&[
            "--targets",
            "tag:role=worker,web",
            "--targets",
            "tag:stage=prod",
            "--max-concurrency",
            "10%",
            "--parameters",
            "QueueUrl=https://a/b?c=d",
            "--timeout",
            "1m",
        ])
        .unwrap();
        assert_eq!(order.targets[0].1, ["worker", "web"]);
        assert_eq!(order.targets.len(), 2);
        assert_eq!(order.parameters[0].1, "https://a/b?c=d");
        assert_eq!(
            (order.timeout_seconds, order.max_errors.as_deref()),
            (60, Some("100%"))
        );
        assert_eq!(read(&["--all"]).unwrap().targets[0].1, ["*"]);
        let named = read(&["--instance-ids", "i-1,i-2", "--instance-ids", "i-2"]).unwrap();
        assert_eq!(named.instance_ids, ["i-1", "i-2"]);
    }

    #[test]
    fn mistakes_are_told() {
        let many = (0..51)
            .map(|n| format!("i-{n}"))
            .collect::<Vec<_>>()
            .join(",");
        for (words, said) in [
            (vec!["--targets", "role=worker"], "tag:KEY=VALUE"),
            (vec!["--targets", "tag:role"], "tag:KEY=VALUE"),
            (vec!["--targets", "tag:role=a,,b"], "none of them empty"),
            (vec!["--instance-ids", "worker-1"], "i-0123456789abcdef0"),
            (vec!["--instance-ids", &many], "at most 50"),
            (vec!["--all", "--max-errors", "101%"], "--max-errors"),
            (vec!["--all", "--max-concurrency", "0"], "--max-concurrency"),
            (vec!["--all", "--timeout", "5s"], "between 30s"),
            (vec!["--all", "--parameters", "Workload"], "NAME=VALUE"),
        ] {
            let error = read(&words).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}

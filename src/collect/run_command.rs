//! vpcheck on many machines at once, by the Command document of `packaging/ssm`: sent, followed, and what they answer.
//!
//! Everything is asked by the command's id, so that several runs at once do not meet. Run Command keeps 24,000 characters
//! of what a machine prints and lists 2,500 of them ("Running commands", AWS Systems Manager User Guide): the document
//! prints its line for machines near the beginning, and where a list has cut it, the whole is asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ssm::{Ssm, SsmError};
use super::{lock, pings};
use crate::fleet::{Answer, Entry, Silent, Tally};
use crate::gather::Bounds;
use crate::gather::aws::AwsAccess;

/// The first wait between two looks, and the longest.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// How long a command that was just sent may be unknown to a list.
const UNKNOWN: Duration = Duration::from_secs(30);
/// Pages of invocations that are read; of fifty machines each.
const MOST_PAGES: usize = 4000;
/// Words in which Run Command says that a machine's part has ended ("Understanding command statuses", AWS Systems Manager
/// User Guide).
const ENDED: [&str; 4] = ["Success", "Cancelled", "Failed", "TimedOut"];

/// What to send, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// The document's name or ARN.
    pub document: String,
    /// Its parameters.
    pub parameters: Vec<(String, String)>,
    /// Instances by their ids; at most 50.
    pub instance_ids: Vec<String>,
    /// What selects machines otherwise: a key such as `tag:role`, and its values.
    pub targets: Vec<(String, Vec<String>)>,
    /// A number or a percentage; the service's own where nothing is said.
    pub max_concurrency: Option<String>,
    /// A number or a percentage.
    pub max_errors: Option<String>,
    /// How long a machine may take until it begins, in seconds.
    pub timeout_seconds: u64,
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Machines it was sent to, or is to be.
    pub targets: u64,
    /// Of these, the ones that have ended.
    pub ended: u64,
    /// In the service's words.
    pub status: String,
    /// Whether it has ended as a whole.
    pub is_over: bool,
}

/// Sends a command, and gives its id.
///
/// # Errors
/// The service refuses it, or did not answer: then it may have been taken all the same.
pub async fn send(access: &AwsAccess, bounds: &Bounds, order: &Order) -> Result<String, SsmError> {
    let ssm = Ssm::new(access, bounds)?;
    let answer = ssm.ask("SendCommand", &input(order), false).await?;
    match answer["Command"]["CommandId"].as_str() {
        Some(id) if is_id(id) => Ok(id.to_owned()),
        _ => Err(SsmError::Refused {
            operation: "SendCommand",
            code: String::new(),
            said: "no command's id came".to_owned(),
        }),
    }
}

/// Looks until the command has ended or `patience` is over, telling how far it is at each look.
///
/// # Errors
/// The service refuses to tell, or the run was interrupted.
pub async fn follow(
    access: &AwsAccess,
    bounds: &Bounds,
    id: &str,
    patience: Duration,
    mut told: impl FnMut(&Standing),
) -> Result<Standing, SsmError> {
    let ssm = Ssm::new(access, bounds)?;
    let began = Instant::now();
    let mut wait = FIRST_LOOK;
    loop {
        let answer = ssm
            .ask("ListCommands", &json!({"CommandId": id}), true)
            .await;
        let command = match answer {
            Ok(answer) => answer["Commands"].get(0).cloned(),
            Err(error) if error.code() == "InvalidCommandId" => None,
            Err(error) => return Err(error),
        };
        let standing = match command {
            Some(command) => standing(&command),
            None if began.elapsed() < UNKNOWN => Standing::default(),
            None => {
                return Err(SsmError::Refused {
                    operation: "ListCommands",
                    code: "InvalidCommandId".to_owned(),
                    said: format!("no command has the id {id} in this account and Region"),
                });
            }
        };
        told(&standing);
        let left = patience.saturating_sub(began.elapsed());
        if standing.is_over || left.is_zero() {
            return Ok(standing);
        }
        bounds.pause(wait.min(left)).await;
        if bounds.stopped() {
            return Err(SsmError::Interrupted {
                operation: "ListCommands",
            });
        }
        wait = (wait * 3 / 2).min(LONGEST_LOOK);
    }
}

/// Takes in what each machine answered, and why the others did not. `expected` are those that were named.
///
/// # Errors
/// The service refuses to tell, or the run was interrupted.
pub async fn answers(
    access: &AwsAccess,
    bounds: &Bounds,
    id: &str,
    standing: &Standing,
    expected: &[String],
    tally: &Mutex<Tally>,
) -> Result<(), SsmError> {
    let ssm = Ssm::new(access, bounds)?;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut input = json!({"CommandId": id, "Details": true, "MaxResults": 50});
    for _ in 0..MOST_PAGES {
        let page = ssm.ask("ListCommandInvocations", &input, true).await?;
        for invocation in page["CommandInvocations"].as_array().into_iter().flatten() {
            let machine = text(invocation, "InstanceId");
            if !machine.is_empty() && seen.insert(machine) {
                take_in(&ssm, id, invocation, tally).await?;
            }
        }
        match page["NextToken"].as_str() {
            Some(next) if !next.is_empty() && input["NextToken"] != *next => {
                input["NextToken"] = json!(next);
            }
            _ => break,
        }
    }
    for machine in expected.iter().filter(|machine| !seen.contains(*machine)) {
        lock(tally).silent(Silent {
            machine: machine.clone(),
            reason: "not sent".to_owned(),
            detail: format!("the command is {}", standing.status),
        });
    }
    let missing = standing
        .targets
        .saturating_sub(u64::try_from(seen.len()).unwrap_or(u64::MAX));
    if missing > 0 && expected.is_empty() {
        let why = format!(
            "{missing} of {} machines were never sent it: it is {}",
            standing.targets, standing.status
        );
        lock(tally).unreadable(&format!("command {id}"), &why);
    }
    pings::explain(&ssm, tally).await;
    Ok(())
}

/// Whether this can be a command's id.
pub fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn input(order: &Order) -> Value {
    let mut input = json!({
        "DocumentName": order.document,
        "Comment": "vpcheck fleet run",
        "TimeoutSeconds": order.timeout_seconds,
    });
    if !order.parameters.is_empty() {
        let parameters =
            (order.parameters.iter()).map(|(name, value)| (name.clone(), json!([value])));
        input["Parameters"] = Value::Object(parameters.collect());
    }
    if !order.instance_ids.is_empty() {
        input["InstanceIds"] = json!(order.instance_ids);
    }
    if !order.targets.is_empty() {
        let targets = order
            .targets
            .iter()
            .map(|(key, values)| json!({"Key": key, "Values": values}));
        input["Targets"] = targets.collect();
    }
    for (name, value) in [
        ("MaxConcurrency", &order.max_concurrency),
        ("MaxErrors", &order.max_errors),
    ] {
        if let Some(value) = value {
            input[name] = json!(value);
        }
    }
    input
}

fn standing(command: &Value) -> Standing {
    let status = text(command, "Status");
    let details = text(command, "StatusDetails");
    Standing {
        targets: command["TargetCount"].as_u64().unwrap_or_default(),
        ended: command["CompletedCount"].as_u64().unwrap_or_default(),
        is_over: ENDED.contains(&status.as_str()),
        status: match details.as_str() {
            "" => status,
            _ => details,
        },
    }
}

/// Takes in one machine's part.
async fn take_in(
    ssm: &Ssm<'_>,
    id: &str,
    invocation: &Value,
    tally: &Mutex<Tally>,
) -> Result<(), SsmError> {
    let machine = text(invocation, "InstanceId");
    let plugins = invocation["CommandPlugins"].as_array();
    let plugin = plugins.and_then(|plugins| plugins.iter().find(|plugin| ran(plugin)));
    let source = format!("command {id}, {machine}");
    let started_ms = started(invocation, tally);
    let Some(plugin) = plugin else {
        silent(invocation, "", tally);
        return Ok(());
    };
    let exit_code = plugin["ResponseCode"].as_i64();
    let listed = text(plugin, "Output");
    if let Answer::Brief(line) = Answer::read(&listed, exit_code) {
        brief(&machine, &source, line, tally);
        return Ok(());
    }
    // The list has cut it, or there is no such line at all.
    let whole = json!({"CommandId": id, "InstanceId": machine});
    let output = match ssm.ask("GetCommandInvocation", &whole, true).await {
        Ok(answer) => text(&answer, "StandardOutputContent"),
        Err(error @ SsmError::Interrupted { .. }) => return Err(error),
        Err(error) => {
            lock(tally).unreadable(&source, &error.to_string());
            listed
        }
    };
    match Answer::read(&output, exit_code) {
        Answer::Brief(line) => brief(&machine, &source, line, tally),
        Answer::Text { verdict, findings } => {
            let entry = Entry::of_text(&machine, id, started_ms, verdict, findings);
            lock(tally).add(&source, &entry);
        }
        Answer::Nothing => silent(invocation, &output, tally),
    }
    Ok(())
}

/// Takes in the line that a machine answered. It is called as Run Command calls it: one whose metadata is out of reach does
/// not know its own id.
fn brief(machine: &str, source: &str, line: &str, tally: &Mutex<Tally>) {
    let read = Entry::read(line.as_bytes(), |entry| {
        let mut entry = entry.clone();
        entry.machine = Cow::Borrowed(machine);
        lock(tally).add(source, &entry);
    });
    if let Err(why) = read {
        lock(tally).skip(source, &why);
    }
}

/// Whether a step has run to a verdict: those of another platform are skipped, and code 2 is that of a run without one.
fn ran(plugin: &Value) -> bool {
    ["Success", "Failed"].contains(&text(plugin, "Status").as_str())
        && plugin["ResponseCode"]
            .as_i64()
            .is_some_and(|code| [0, 1, 3].contains(&code))
        && !text(plugin, "Output").is_empty()
}

/// A machine without a report, by the service's own words.
fn silent(invocation: &Value, output: &str, tally: &Mutex<Tally>) {
    let details = text(invocation, "StatusDetails");
    let reason = match details.as_str() {
        "" => text(invocation, "Status"),
        _ => details,
    };
    let plugin = invocation["CommandPlugins"]
        .get(0)
        .cloned()
        .unwrap_or_default();
    let said = [
        output.to_owned(),
        text(&plugin, "Output"),
        text(&plugin, "StatusDetails"),
    ];
    let first = (said.iter())
        .filter_map(|said| said.lines().map(str::trim).find(|line| !line.is_empty()))
        .find(|line| *line != reason);
    let mut detail: String = first.unwrap_or_default().chars().take(300).collect();
    if let Some(code) = plugin["ResponseCode"].as_i64().filter(|code| *code > 0) {
        let more = if detail.is_empty() { "" } else { ": " };
        detail = format!("exit code {code}{more}{detail}");
    }
    lock(tally).silent(Silent {
        machine: text(invocation, "InstanceId"),
        reason: if reason.is_empty() {
            "unknown".to_owned()
        } else {
            reason
        },
        detail,
    });
}

/// When the machine's part was asked for, in milliseconds since 1970; JSON has seconds with a fraction.
fn started(invocation: &Value, tally: &Mutex<Tally>) -> i64 {
    let seconds = invocation["RequestedDateTime"].as_f64();
    match seconds {
        // In whole milliseconds; casts of floats end at the type's bounds.
        #[allow(clippy::cast_possible_truncation)]
        Some(seconds) => (seconds * 1000.0) as i64,
        None => lock(tally).now_ms(),
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Fleet;

    #[test]
    fn an_order_is_what_send_command_takes() {
        let order = Order {
            document: "vpcheck".to_owned(),
            parameters: vec![("Workload".to_owned(), "ec2-ssm".to_owned())],
            targets: vec![("tag:role".to_owned(), vec!["worker".to_owned()])],
            max_errors: Some("100%".to_owned()),
            timeout_seconds: 60,
            ..Order::default()
        };
        let input = input(&order);
        assert_eq!(input["Parameters"]["Workload"], json!(["ec2-ssm"]));
        assert_eq!(input["Targets"][0]["Values"], json!(["worker"]));
        assert_eq!(input["MaxErrors"], "100%");
        assert!(input.get("InstanceIds").is_none() && input.get("MaxConcurrency").is_none());
    }

    #[test]
    fn a_command_is_over_when_the_service_says_so() {
        let said = |status: &str, details: &str| {
            standing(
                &json!({"Status": status, "StatusDetails": details, "TargetCount": 3, "CompletedCount": 2}),
            )
        };
        assert!(!said("InProgress", "InProgress").is_over);
        assert!(!said("Cancelling", "").is_over);
        let late = said("TimedOut", "DeliveryTimedOut");
        assert!(late.is_over);
        assert_eq!(
            (late.status.as_str(), late.targets),
            ("DeliveryTimedOut", 3)
        );
    }

    #[test]
    fn who_did_not_answer_is_told_in_the_service_s_words() {
        let tally = Mutex::new(Tally::new(0, None));
        let of = |details: &str, plugins: Value| json!({"InstanceId": "i-1", "StatusDetails": details, "CommandPlugins": plugins});
        silent(&of("Undeliverable", json!([])), "", &tally);
        let output = "vpcheck did not run: it is not installed.\nmore";
        let plugin = json!([{"Status": "Failed", "ResponseCode": 2, "Output": output}]);
        silent(&of("Failed", plugin), output, &tally);
        let fleet = Fleet::of(&tally.into_inner().unwrap(), "x");
        let said: Vec<(&str, &str)> = (fleet.silent.iter())
            .map(|silent| (silent.reason.as_str(), silent.detail.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (
                    "Failed",
                    "exit code 2: vpcheck did not run: it is not installed."
                ),
                ("Undeliverable", "")
            ]
        );
    }
}

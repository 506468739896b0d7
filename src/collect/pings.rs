//! What Systems Manager knows of machines that did not answer: whether their agent still speaks to it.
//!
//! Source: AWS Systems Manager API Reference, "DescribeInstanceInformation" and "InstanceInformation".

use std::sync::Mutex;

use serde_json::json;

use super::lock;
use super::ssm::Ssm;
use crate::fleet::Tally;

/// Machines of one call; a fleet of which more are silent has another trouble than its agents.
const MOST: usize = 50;

/// Adds to silent machines when their agent was last heard of. It is an explanation, not an answer: where it may not be
/// asked, nothing is added.
pub(super) async fn explain(ssm: &Ssm<'_>, tally: &Mutex<Tally>) {
    let silent = lock(tally).silent_machines(MOST);
    if silent.is_empty() {
        return;
    }
    let input = json!({
        "Filters": [{"Key": "InstanceIds", "Values": silent}],
        "MaxResults": MOST,
    });
    let Ok(answer) = ssm.ask("DescribeInstanceInformation", &input, false).await else {
        return;
    };
    let listed = answer["InstanceInformationList"].as_array();
    let mut tally = lock(tally);
    for machine in &silent {
        let known = listed
            .into_iter()
            .flatten()
            .find(|known| known["InstanceId"] == **machine);
        let said = match known {
            None => "Systems Manager no longer knows it".to_owned(),
            Some(known) => match known["PingStatus"].as_str() {
                None | Some("Online") => continue,
                Some(status) => match known["LastPingDateTime"].as_f64().and_then(time) {
                    Some(time) => format!("its agent is {status}, last heard of at {time}"),
                    None => format!("its agent is {status}"),
                },
            },
        };
        tally.explain_silent(machine, &said);
    }
}

fn time(seconds: f64) -> Option<jiff::Timestamp> {
    // In whole seconds; casts of floats end at the type's bounds.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = seconds as i64;
    jiff::Timestamp::from_second(seconds).ok()
}

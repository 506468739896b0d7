//! Ids that stay the same from run to run, for systems that update what they know by id.

use std::net::IpAddr;

use crate::verdict::report::{Environment, Report};

/// The longest id that Security Hub takes.
const LONGEST_ID: usize = 512;

/// The id of the host itself: its task, its instance, else its first address.
pub(super) fn host(environment: &Environment) -> String {
    environment
        .task_arn
        .clone()
        .or_else(|| environment.instance_id.clone())
        .or_else(|| environment.addresses.first().map(IpAddr::to_string))
        .unwrap_or_else(|| String::from("this host"))
}

/// An id that is the same whenever this finding is made from this place, and of at most 512 bytes.
///
/// A task's ARN changes with each deployment; the VPC and subnet it runs in do not.
pub(super) fn stable_id(report: &Report, code: &str, subject: &str) -> String {
    let environment = &report.environment;
    let unknown = String::from("-");
    let place = [
        environment.account_id.as_ref(),
        environment.region.as_ref(),
        environment.vpc_id.as_ref(),
        environment.subnet_id.as_ref(),
        environment.instance_id.as_ref(),
    ]
    .map(|part| part.unwrap_or(&unknown).as_str())
    .join("/");
    // The run itself is about this place, whatever its subject is called today.
    let subject = if code == "run" { "" } else { subject };
    let id = format!("vpcheck/{place}/{code}/{subject}");
    let id = String::from(id.trim_end_matches('/'));
    if id.len() <= LONGEST_ID {
        return id;
    }
    let digest = <md5::Md5 as md5::Digest>::digest(id.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("vpcheck/{digest}")
}

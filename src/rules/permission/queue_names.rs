//! Commands about a queue by its name.

use crate::facts::queue_url::{QueueUrl, parse_queue_url};
use crate::rules::cause::region_flag;
use crate::symptoms::Scene;

/// The command that checks with the URL that this region's queue of the same name has, or that lists the queues.
pub(super) fn with_own_url(scene: &Scene<'_>, url: &str) -> Vec<String> {
    let region = region_flag(scene);
    match name(url) {
        Some(name) => vec![format!(
            "vpcheck check --queue-url \"$(aws sqs get-queue-url --queue-name {name} --query QueueUrl --output text{region})\""
        )],
        None => vec![format!("aws sqs list-queues{region}")],
    }
}

/// The commands that show which queues there are, and that make the one that is lacking where it is this account's.
pub(super) fn create(scene: &Scene<'_>, url: &str) -> Vec<String> {
    let region = region_flag(scene);
    let mut commands = vec![format!("aws sqs list-queues{region}")];
    if let (Ok(QueueUrl::Queue(queue)), Some(name)) = (parse_queue_url(url), name(url))
        && scene.account_id() == Some(queue.account.as_str())
    {
        let attributes = match queue.is_fifo {
            true => " --attributes FifoQueue=true",
            false => "",
        };
        commands.push(format!(
            "aws sqs create-queue --queue-name {name}{attributes}{region}"
        ));
    }
    commands
}

/// What in a URL can be a queue's name: its last part (Amazon SQS API Reference, "CreateQueue").
fn name(url: &str) -> Option<&str> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let is_name = !plain.is_empty()
        && name.len() <= 80
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    // A number is an account's.
    let is_account = name.len() == 12 && name.chars().all(|c| c.is_ascii_digit());
    (is_name && !is_account).then_some(name)
}

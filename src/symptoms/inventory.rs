//! Symptoms of the EC2 API's own reach, or that of the service an inventory was to be fetched from.

use crate::facts::inventory::InventorySource;
use crate::facts::{Failure, FailureKind};
use crate::verdict::finding::Severity;

use super::{Kind, Scene, Symptom, Symptoms};

pub(super) fn collect(scene: &Scene<'_>, symptoms: &mut Symptoms) {
    let inventory = &scene.facts.inventory;
    if inventory.source == InventorySource::File {
        return;
    }
    let (who, service) = (
        inventory.asked_of(),
        inventory
            .fetch
            .as_ref()
            .map_or("ec2", |fetch| fetch.place.service()),
    );
    let failures: Vec<(&'static str, &Failure)> = inventory
        .calls()
        .into_iter()
        .filter_map(|(call, failure)| Some((call, failure?)))
        .collect();
    let mut say = |kind: Kind, text: String| {
        symptoms.push(Symptom {
            id: 0,
            kind,
            service: service.to_owned(),
            name: String::new(),
            address: None,
            severity: Severity::Warn,
            unknown: false,
            text,
        });
    };
    let of = |wanted: &dyn Fn(FailureKind) -> bool| -> Vec<&str> {
        let calls = failures.iter().filter(|(_, failure)| wanted(failure.kind));
        calls.map(|(call, _)| *call).collect()
    };
    let denied = of(&|kind| kind == FailureKind::Denied);
    if !denied.is_empty() {
        let text = format!("{who} refuses {}", denied.join(", "));
        say(Kind::InventoryDenied, text);
    }
    let throttled = of(&|kind| kind == FailureKind::Throttled);
    if !throttled.is_empty() {
        let text = format!("{who} throttles {}", throttled.join(", "));
        say(Kind::InventoryThrottled, text);
    }
    let credentials = of(&|kind| kind == FailureKind::Credentials);
    if !credentials.is_empty() {
        let text = "the VPC's configuration was not read: no usable credential".to_owned();
        say(Kind::InventoryCredentials, text);
    }
    let unreachable = of(&|kind| {
        !matches!(
            kind,
            FailureKind::Denied | FailureKind::Throttled | FailureKind::Credentials
        )
    });
    // One call that hangs where others are answered is no matter of reach.
    let answered = inventory.answered() || !denied.is_empty() || !throttled.is_empty();
    if !unreachable.is_empty() && !answered {
        // Whoever answers, with an error or with nonsense, has been reached.
        let reached = failures.iter().all(|(_, failure)| failure.says_reached());
        let what = match reached {
            true => "gave no answer of use",
            false => "did not answer",
        };
        let text = format!("the VPC's configuration was not read: {who} {what}");
        say(Kind::InventoryUnreachable, text);
    }
}

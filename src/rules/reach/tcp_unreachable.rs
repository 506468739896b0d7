use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::address_failures::undistinguished;

rule! {
    /// The service's address cannot be reached: there is no route.
    ///
    /// The kernel or a router says that there is no way to the address.
    ///
    /// ## Told apart by
    /// How the connection attempt ends, at every address of the name, while nothing readable explains it better.
    ///
    /// ## Fix
    /// The subnet's route table or the host's own routes lack the way.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "Route tables".
    pub TCP_UNREACHABLE, "tcp-unreachable", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| matches!(kind, Kind::Tcp(FailureKind::Unreachable));
    undistinguished(scene, symptoms, matches, |symptom| {
        Cause::shown_by(&symptom.name, [symptom])
            .title(format!(
                "{} cannot be reached: there is no route",
                symptom.name
            ))
            .because("The kernel or a router says that there is no way to the address.")
            .fix(
                "The subnet's route table or the host's own routes lack the way.",
                vec![format!(
                    "curl -sv -m 5 -o /dev/null https://{}/",
                    symptom.name
                )],
            )
    })
}

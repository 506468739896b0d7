use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::address_failures::undistinguished;

rule! {
    /// The service's address refuses connections on 443.
    ///
    /// The addresses answer the connection attempt with a refusal or a reset: something is there, and it does not listen on 443.
    ///
    /// ## Told apart by
    /// How the connection attempt ends, at every address of the name, while nothing readable explains it better.
    ///
    /// ## Fix
    /// The address belongs to something else than an AWS service (a stale record, a wrong private zone), or a firewall rejects.
    ///
    /// ## Source
    /// RFC 9293; AWS PrivateLink Guide: an endpoint's interface listens on the service's port.
    pub TCP_REFUSED, "tcp-refused", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches =
        |kind: &Kind| matches!(kind, Kind::Tcp(FailureKind::Refused | FailureKind::Reset));
    undistinguished(scene, symptoms, matches, |symptom| {
        Cause::shown_by(&symptom.name, [symptom])
            .title(format!("{} refuses connections on 443", symptom.name))
            .because("The addresses answer the connection attempt with a refusal or a reset: something is there, and it does not listen on 443.")
            .fix(
                "The address belongs to something else than an AWS service (a stale record, a wrong private zone), or a firewall rejects.",
                vec![format!("curl -sv -m 5 -o /dev/null https://{}/", symptom.name)],
            )
    })
}

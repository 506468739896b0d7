use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

use super::stalled::of_one_path;

rule! {
    /// Small requests pass, large ones hang.
    ///
    /// Packets larger than the path carries are lost, and no word of it comes back: interface endpoints carry 8500
    /// bytes and answer no path MTU discovery; VPNs, tunnels and firewalls carry less. A large TLS hello can stall for the same
    /// reason.
    ///
    /// ## Told apart by
    /// A small request and one of more than 8 KiB on the same address: the first is answered, the second gets no answer.
    ///
    /// ## Fix
    /// Lower the interface's MTU, clamp the MSS on the device in between, or let ICMP "fragmentation needed" through.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Quotas": maximum transmission unit; RFC 2923.
    pub LARGE_REQUEST_STALLS, "large-request-stalls", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown = symptoms.where_kind(|kind| *kind == Kind::LargeRequest);
    let causes = shown.map(|symptom| {
        Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.following(scene, &symptom.name, Stage::Http))
            .title(format!("Large requests to {} hang", symptom.name))
            .because("A small request to the address is answered and one of more than 8 KiB is not: large packets are lost on the way.")
            .fix(
                "Lower the MTU of the interface here, or let the device in between clamp the MSS. To see the MTU in use:",
                vec!["ip route get 169.254.169.253 && ip -brief link".to_owned()],
            )
    });
    let causes = by_subject(causes);
    of_one_path(
        scene,
        causes,
        "Large requests hang on the way to several services",
    )
}

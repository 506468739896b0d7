use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::certificate::{self, Words};

rule! {
    /// The certificate has expired.
    ///
    /// The chain is right and its last day has passed, by this host's clock.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots apart from its dates. Where an AWS answer's Date shows that this host's clock is off, the finding is clock-skewed.
    ///
    /// ## Fix
    /// Check this host's clock first; AWS renews its certificates long before they expire.
    ///
    /// ## Source
    /// RFC 5280, section 4.1.2.5.
    pub TLS_EXPIRED, "tls-expired", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let words = Words {
        is: "has expired",
        because: "The chain is right and its last day has passed, by this host's clock.",
        fix: "Check this host's clock first; AWS renews its certificates long before they expire.",
    };
    certificate::find(scene, symptoms, Kind::Expired, &words)
}

use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::certificate::{self, Words};

rule! {
    /// The certificate is not valid yet.
    ///
    /// The chain is right and its first day is still to come, by this host's clock.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots apart from its dates. Where an AWS answer's Date shows that this host's clock is off, the finding is clock-skewed.
    ///
    /// ## Fix
    /// Check this host's clock: it is probably slow.
    ///
    /// ## Source
    /// RFC 5280, section 4.1.2.5.
    pub TLS_NOT_YET_VALID, "tls-not-yet-valid", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let words = Words {
        is: "is not valid yet",
        because: "The chain is right and its first day is still to come, by this host's clock.",
        fix: "Check this host's clock: it is probably slow.",
    };
    certificate::find(scene, symptoms, Kind::NotYetValid, &words)
}

use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::certificate::{self, Words};

rule! {
    /// The certificate is not valid for the name.
    ///
    /// The chain is the service's and the certificate names other hosts: the address belongs to another service or endpoint, or the name is an alias of the operator's own.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots, and the name is not among the certificate's.
    ///
    /// ## Fix
    /// Use the service's own name or the endpoint's, or correct the record that leads to another service.
    ///
    /// ## Source
    /// RFC 6125; AWS PrivateLink Guide, endpoint DNS names.
    pub TLS_NAME_MISMATCH, "tls-name-mismatch", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let words = Words {
        is: "is not valid for that name",
        because: "The chain is the service's and the certificate names other hosts: the address belongs to another service or endpoint, or the name is an alias of the operator's own.",
        fix: "Use the service's own name or the endpoint's, or correct the record that leads to another service.",
    };
    certificate::find(scene, symptoms, Kind::NameMismatch, &words)
}

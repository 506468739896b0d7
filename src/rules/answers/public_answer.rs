use crate::rules::cause::{Cause, by_subject, inventory_commands};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The name answers with public addresses, and what would say why cannot be read.
    ///
    /// Perhaps there is no endpoint, or its private DNS is off, or the VPC's DNS attributes are, or a resolver goes
    /// its own way.
    ///
    /// ## Told apart by
    /// Public answers, while the VPC's endpoints or attributes could not be read (no permission, no way to the EC2 API,
    /// a VPC shared by another account, an inventory of another VPC).
    ///
    /// ## Fix
    /// Let vpcheck read the VPC's configuration (`vpcheck iam-policy`), or hand it an inventory (`--inventory FILE`), and
    /// run it again: it then names the cause.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Private DNS for interface endpoints".
    pub PUBLIC_ANSWER, "public-answer", Fail, Unread, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let causes = symptoms.where_kind(|kind| *kind == Kind::Public).map(|symptom| {
        let in_catalog = scene.service(&symptom.service).is_some();
        // A host that is no service may be public by right: its certificate is then a matter of its own.
        let follows = symptoms.after_name(scene, &symptom.name).into_iter().filter(|id| {
            in_catalog || symptoms.get(*id).is_some_and(|later| !is_of_certificate(&later.kind))
        });
        let cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(follows)
            .may_be_missing(scene, &symptom.service)
            .title(format!("{} answers with public addresses", symptom.name));
        match in_catalog {
            true => cause
                .because("The answer is public, and what would say why could not be read: the VPC's endpoints, their private DNS or the VPC's attributes.")
                .fix(
                    "Hand vpcheck an inventory, or the permission to read one, and run it again.",
                    inventory_commands(scene),
                ),
            false => cause
                .because("The host is none of the catalogue's services, and its addresses are public.")
                .fix("Use a private name for it, or leave it out of the check.", Vec::new()),
        }
    });
    by_subject(causes)
}

fn is_of_certificate(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Untrusted | Kind::NameMismatch | Kind::Expired | Kind::NotYetValid
    )
}

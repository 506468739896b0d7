use crate::catalog::NameForm;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::uncovered;

rule! {
    /// A global name is used where only the regional one is private.
    ///
    /// Interface endpoints are regional: `sts.amazonaws.com` and the like stay public, and calls to them hang or
    /// leave through the internet.
    ///
    /// ## Told apart by
    /// The host's form, and the regional name of the same service, which is private from here.
    ///
    /// ## Fix
    /// Use the regional name. For STS set `AWS_STS_REGIONAL_ENDPOINTS=regional`, which current SDKs do by default.
    ///
    /// ## Source
    /// AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints".
    pub GLOBAL_HOSTNAME, "global-hostname", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    uncovered::find(scene, symptoms, &[NameForm::Global], |found| {
        let name = &found.symptom.name;
        let command = match found.symptom.service.as_str() {
            _ if uncovered::is_target(found) => uncovered::check_plain(found),
            "sts" => "export AWS_STS_REGIONAL_ENDPOINTS=regional".to_owned(),
            service => format!(
                "export AWS_ENDPOINT_URL_{}=https://{}",
                service.to_ascii_uppercase().replace(['-', '.'], "_"),
                found.plain
            ),
        };
        Cause::shown_by(uncovered::subject(scene, found), [found.symptom])
            .title(format!(
                "{name} is a global name; only the regional one is private"
            ))
            .because(format!(
                "{} is private from here and {name} is not: endpoints are regional.",
                found.plain
            ))
            .evidence(format!("{} answers with private addresses.", found.plain))
            .fix(format!("Call {} instead.", found.plain), vec![command])
    })
}

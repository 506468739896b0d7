use crate::rules::cause::{Cause, by_subject, quoted};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The hosts file pins the name to an address that is no endpoint's.
    ///
    /// Applications that use the C library's resolver go to that address whatever DNS says. Such lines stay behind
    /// when an endpoint is rebuilt and its addresses change.
    ///
    /// ## Told apart by
    /// `/etc/hosts` names the host, getaddrinfo gives that address, DNS does not, and it belongs to no available
    /// endpoint of the service. A pin to one of the endpoint's own addresses is not reported.
    ///
    /// ## Fix
    /// Remove the line from `/etc/hosts`, in a container from the task's or pod's extra hosts.
    ///
    /// ## Source
    /// hosts(5), nsswitch.conf(5).
    pub HOSTS_FILE_OVERRIDE, "hosts-file-override", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let causes = symptoms.where_kind(|kind| *kind == Kind::Overridden).map(|symptom| {
        let wire: Vec<String> = scene
            .facts
            .name(&symptom.name)
            .map(|name| name.host_records())
            .unwrap_or_default()
            .iter()
            .map(|record| record.address.to_string())
            .collect();
        let pinned: Vec<_> = scene
            .facts
            .host
            .hosts_file
            .iter()
            .filter(|line| line.name.eq_ignore_ascii_case(&symptom.name))
            .filter(|line| !wire.contains(&line.address.to_string()))
            .collect();
        // What the pinned address does follows from the pin; what DNS's own addresses do does not.
        let follows = symptoms
            .after_name(scene, &symptom.name)
            .into_iter()
            .filter(|id| {
                symptoms.get(*id).is_some_and(|following| {
                    following.address.is_some_and(|address| {
                        pinned.iter().any(|line| line.address == address)
                    })
                })
            });
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(follows)
            .title(format!("The hosts file overrides {}", symptom.name))
            .because(format!(
                "The hosts file gives {} another address than DNS does ({}), and it is no endpoint's.",
                symptom.name,
                wire.join(", ")
            ))
            .fix(
                "Remove the line from the hosts file.",
                vec![format!(
                    "sudo sed -i -E '/[[:space:]]{}([[:space:]]|$)/Id' /etc/hosts",
                    symptom.name.replace('.', "\\.")
                )],
            )
            .assume(format!("hosts-line-removed={}", symptom.name));
        for line in &pinned {
            cause = cause.evidence(format!("/etc/hosts: {} {}", line.address, quoted(&line.name)));
        }
        cause
    });
    by_subject(causes)
}

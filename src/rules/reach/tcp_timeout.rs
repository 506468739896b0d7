use crate::rules::cause::inventory_commands;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::address_failures::undistinguished;

rule! {
    /// The service's address does not answer on 443.
    ///
    /// Connection attempts get no answer, and no security group, ACL or route that could be read explains it.
    ///
    /// ## Told apart by
    /// How the connection attempt ends, at every address of the name, while nothing readable explains it better.
    ///
    /// ## Fix
    /// A security group, network ACL, firewall or route drops the packets; let vpcheck read the configuration and it may name it.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Troubleshooting".
    pub TCP_TIMEOUT, "tcp-timeout", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| matches!(kind, Kind::Tcp(_));
    undistinguished(scene, symptoms, matches, |symptom| {
        Cause::shown_by(&symptom.name, [symptom])
            .title(format!("{} does not answer on 443", symptom.name))
            .because("Connection attempts get no answer, and no security group, ACL or route that could be read explains it.")
            .fix(
                "A security group, network ACL, firewall or route drops the packets; let vpcheck read the configuration and it may name it.",
                {
                    let look = format!("curl -sv -m 5 -o /dev/null https://{}/", symptom.name);
                    let mut commands = vec![look];
                    if !configuration_was_read(scene) {
                        commands.extend(inventory_commands(scene));
                    }
                    commands
                },
            )
    })
}

/// Whether what could explain a silent address was all read.
fn configuration_was_read(scene: &Scene<'_>) -> bool {
    let visible = !scene.shared_vpc() || scene.endpoint_list_is_complete();
    scene.inventory().is_some_and(|inventory| {
        visible
            && inventory.security_groups.is_seen()
            && inventory.network_acls.is_seen()
            && inventory.route_tables.is_seen()
            && inventory.endpoints.is_seen()
            && inventory.network_interfaces.is_seen()
    })
}

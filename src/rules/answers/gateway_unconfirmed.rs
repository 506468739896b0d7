use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// S3 or DynamoDB answer publicly, as they do behind a gateway endpoint; whether this subnet has the route cannot be read.
    ///
    /// A gateway endpoint changes no name: the route table sends the service's public addresses through it. Without
    /// the route tables nobody can tell from inside, so the verdict stays unknown.
    ///
    /// ## Told apart by
    /// Public answers for a service that has gateway endpoints, while the endpoints, the route tables or the prefix
    /// lists could not be read.
    ///
    /// ## Fix
    /// Let vpcheck call `ec2:DescribeVpcEndpoints`, `ec2:DescribeRouteTables` and `ec2:DescribePrefixLists`, or hand it an
    /// inventory with `--inventory FILE`.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Gateway endpoints".
    pub GATEWAY_UNCONFIRMED, "gateway-unconfirmed", Warn, Undistinguished, find
}

fn find(_: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let unread = symptoms.where_kind(|kind| *kind == Kind::GatewayUnconfirmed);
    let causes = unread.map(|symptom| {
        Cause::shown_by(&symptom.name, [symptom])
            .title(format!(
                "Whether {} goes through a gateway endpoint cannot be read",
                symptom.service
            ))
            .because("Its public addresses are normal behind a gateway endpoint; the route that would show it could not be read.")
            .fix(
                "Hand vpcheck an inventory, or the permission to read one.",
                vec![
                    "vpcheck iam-policy".to_owned(),
                    "vpcheck inventory -o inventory.json".to_owned(),
                ],
            )
    });
    by_subject(causes)
}

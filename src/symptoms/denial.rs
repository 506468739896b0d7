//! Which policy a refusal names, from the service's own words.

/// The layer of policy that a refusal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyLayer {
    /// The VPC endpoint's policy.
    Endpoint,
    /// The resource's policy: for SQS, the queue's.
    Resource,
    /// An identity-based policy.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The role's trust policy.
    Trust,
    /// None is named.
    Unnamed,
}

/// A refusal, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The layer named.
    pub layer: PolicyLayer,
    /// True where a statement denies; false where none allows.
    pub explicit: bool,
}

/// Reads a refusal's text. The phrases are those of the IAM User Guide, "Troubleshoot access denied error
/// messages"; they come in any case and anywhere in the text. A chained denial ("… in a VPC endpoint policy
/// transitively through a service control policy") names the first.
pub fn read(message: &str) -> Denial {
    let text = message.to_ascii_lowercase();
    let explicit = text
        .split("with an explicit deny in ")
        .nth(1)
        .map(|rest| (named_at_start(rest), true));
    let implicit = text
        .split("because no ")
        .nth(1)
        .map(|rest| (named_at_start(rest), false));
    match explicit.or(implicit) {
        Some((layer, explicit)) => Denial { layer, explicit },
        None => Denial {
            layer: PolicyLayer::Unnamed,
            explicit: false,
        },
    }
}

impl PolicyLayer {
    /// The layer in the console's words.
    pub fn words(self) -> &'static str {
        match self {
            PolicyLayer::Endpoint => "VPC endpoint policy",
            PolicyLayer::Resource => "resource-based policy",
            PolicyLayer::Identity => "identity-based policy",
            PolicyLayer::Boundary => "permissions boundary",
            PolicyLayer::Session => "session policy",
            PolicyLayer::ServiceControl => "service control policy",
            PolicyLayer::ResourceControl => "resource control policy",
            PolicyLayer::Trust => "role trust policy",
            PolicyLayer::Unnamed => "policy",
        }
    }
}

fn named_at_start(rest: &str) -> PolicyLayer {
    let rest = ["an ", "a ", "the "]
        .iter()
        .find_map(|article| rest.strip_prefix(article))
        .unwrap_or(rest);
    let layers = [
        ("vpc endpoint polic", PolicyLayer::Endpoint),
        ("resource-based polic", PolicyLayer::Resource),
        ("resource based polic", PolicyLayer::Resource),
        ("resource control polic", PolicyLayer::ResourceControl),
        ("identity-based polic", PolicyLayer::Identity),
        ("identity based polic", PolicyLayer::Identity),
        ("service control polic", PolicyLayer::ServiceControl),
        ("permissions boundar", PolicyLayer::Boundary),
        ("permission boundar", PolicyLayer::Boundary),
        ("session polic", PolicyLayer::Session),
        ("sessions polic", PolicyLayer::Session),
        ("role trust polic", PolicyLayer::Trust),
    ];
    layers
        .iter()
        .find(|(phrase, _)| rest.starts_with(phrase))
        .map_or(PolicyLayer::Unnamed, |(_, layer)| *layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_documented_phrase_names_its_layer() {
        use PolicyLayer::*;
        let cases = [
            (
                "because no identity-based policy allows the sqs:sendmessage action",
                Identity,
                false,
            ),
            (
                "with an explicit deny in an identity-based policy",
                Identity,
                true,
            ),
            (
                "because no resource-based policy allows the X action",
                Resource,
                false,
            ),
            (
                "with an explicit deny in a resource-based policy",
                Resource,
                true,
            ),
            (
                "because no VPC endpoint policy allows the sqs:SendMessage action",
                Endpoint,
                false,
            ),
            (
                "with an explicit deny in a VPC endpoint policy",
                Endpoint,
                true,
            ),
            (
                "because no service control policy allows the X action",
                ServiceControl,
                false,
            ),
            (
                "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p",
                ServiceControl,
                true,
            ),
            (
                "with an explicit deny in a resource control policy, with policy ARN: arn:x",
                ResourceControl,
                true,
            ),
            (
                "because no permissions boundary allows the X action",
                Boundary,
                false,
            ),
            (
                "with an explicit deny in a permissions boundary",
                Boundary,
                true,
            ),
            (
                "because no session policy allows the X action",
                Session,
                false,
            ),
            ("with an explicit deny in a sessions policy", Session, true),
            (
                "because no role trust policy allows the sts:AssumeRole action",
                Trust,
                false,
            ),
            (
                "with an explicit deny in the role trust policy",
                Trust,
                true,
            ),
            (
                "with an explicit deny in a VPC endpoint policy transitively through a service control policy",
                Endpoint,
                true,
            ),
            (
                "Access to the resource https://sqs.us-east-1.amazonaws.com/1/q is denied.",
                Unnamed,
                false,
            ),
        ];
        for (phrase, layer, explicit) in cases {
            let text = format!(
                "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: sqs:sendmessage on resource: \"arn:aws:sqs:us-east-1:1:q\" {phrase}\n"
            );
            assert_eq!(read(&text), Denial { layer, explicit }, "{phrase}");
            assert_eq!(
                read(&text.to_uppercase()),
                Denial { layer, explicit },
                "{phrase}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            read(&text);
        }
    }
}

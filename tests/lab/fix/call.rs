//! A call of the AWS CLI: the commands that fixes use, with every option they take there, and values in shorthand or JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A command of the CLI.
pub struct Operation {
    pub service: &'static str,
    pub name: &'static str,
    /// Options that must be there.
    required: &'static [&'static str],
    /// Options that may be; `name+` takes several values, `name!` none.
    optional: &'static [&'static str],
}

const fn op(
    service: &'static str,
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Operation {
    Operation {
        service,
        name,
        required,
        optional,
    }
}

/// The commands, after the AWS CLI Command Reference.
pub const OPERATIONS: &[Operation] = &[
    op(
        "ec2",
        "accept-vpc-endpoint-connections",
        &["service-id", "vpc-endpoint-ids+"],
        &[],
    ),
    op(
        "ec2",
        "associate-dhcp-options",
        &["dhcp-options-id", "vpc-id"],
        &[],
    ),
    op(
        "ec2",
        "authorize-security-group-egress",
        &["group-id"],
        &["ip-permissions+"],
    ),
    op(
        "ec2",
        "authorize-security-group-ingress",
        &["group-id"],
        &[
            "ip-permissions+",
            "protocol",
            "port",
            "cidr",
            "source-group",
        ],
    ),
    op("ec2", "create-dhcp-options", &["dhcp-configurations+"], &[]),
    op(
        "ec2",
        "create-network-acl-entry",
        &["network-acl-id", "rule-number", "protocol", "rule-action"],
        &[
            "egress!",
            "ingress!",
            "cidr-block",
            "ipv6-cidr-block",
            "port-range",
        ],
    ),
    op(
        "ec2",
        "delete-network-acl-entry",
        &["network-acl-id", "rule-number"],
        &["egress!", "ingress!"],
    ),
    op(
        "ec2",
        "create-route",
        &["route-table-id"],
        &[
            "destination-cidr-block",
            "destination-ipv6-cidr-block",
            "transit-gateway-id",
        ],
    ),
    op(
        "ec2",
        "create-security-group",
        &["group-name", "description"],
        &["vpc-id"],
    ),
    op(
        "ec2",
        "create-transit-gateway-vpc-attachment",
        &["transit-gateway-id", "vpc-id", "subnet-ids+"],
        &[],
    ),
    op(
        "ec2",
        "create-vpc-endpoint",
        &["service-name", "vpc-id"],
        &[
            "vpc-endpoint-type",
            "route-table-ids+",
            "subnet-ids+",
            "security-group-ids+",
            "private-dns-enabled!",
            "no-private-dns-enabled!",
            "policy-document",
            "ip-address-type",
            "dns-options",
        ],
    ),
    op(
        "ec2",
        "delete-route",
        &["route-table-id"],
        &["destination-cidr-block", "destination-ipv6-cidr-block"],
    ),
    op("ec2", "delete-vpc-endpoints", &["vpc-endpoint-ids+"], &[]),
    op("ec2", "describe-instances", &[], &["filters+"]),
    op(
        "ec2",
        "describe-network-interfaces",
        &[],
        &["filters+", "network-interface-ids+"],
    ),
    op("ec2", "describe-route-tables", &[], &["filters+"]),
    op(
        "ec2",
        "describe-transit-gateway-vpc-attachments",
        &[],
        &["filters+"],
    ),
    op("ec2", "describe-vpcs", &[], &["filters+", "vpc-ids+"]),
    op("ec2", "describe-subnets", &[], &["filters+"]),
    op(
        "ec2",
        "describe-vpc-attribute",
        &["vpc-id", "attribute"],
        &[],
    ),
    op(
        "ec2",
        "describe-vpc-endpoint-services",
        &[],
        &["filters+", "service-names+"],
    ),
    op(
        "ec2",
        "describe-vpc-endpoints",
        &[],
        &["filters+", "vpc-endpoint-ids+"],
    ),
    op(
        "ec2",
        "modify-instance-metadata-options",
        &["instance-id"],
        &[
            "http-put-response-hop-limit",
            "http-tokens",
            "http-endpoint",
        ],
    ),
    op(
        "ec2",
        "modify-network-interface-attribute",
        &["network-interface-id"],
        &["no-associate-public-ip-address!"],
    ),
    op(
        "ec2",
        "modify-vpc-attribute",
        &["vpc-id"],
        &["enable-dns-support", "enable-dns-hostnames"],
    ),
    op(
        "ec2",
        "modify-vpc-endpoint",
        &["vpc-endpoint-id"],
        &[
            "add-route-table-ids+",
            "add-subnet-ids+",
            "remove-subnet-ids+",
            "private-dns-enabled!",
            "policy-document",
        ],
    ),
    op(
        "ec2",
        "replace-route",
        &["route-table-id"],
        &["destination-cidr-block", "transit-gateway-id"],
    ),
    op(
        "iam",
        "put-role-policy",
        &["role-name", "policy-name", "policy-document"],
        &[],
    ),
    op(
        "iam",
        "put-user-policy",
        &["user-name", "policy-name", "policy-document"],
        &[],
    ),
    op("kms", "enable-key", &["key-id"], &[]),
    op(
        "route53",
        "change-resource-record-sets",
        &["hosted-zone-id", "change-batch"],
        &[],
    ),
    op(
        "route53",
        "list-hosted-zones-by-vpc",
        &["vpc-id", "vpc-region"],
        &[],
    ),
    op(
        "route53",
        "disassociate-vpc-from-hosted-zone",
        &["hosted-zone-id", "vpc"],
        &[],
    ),
    op(
        "route53resolver",
        "disassociate-resolver-rule",
        &["vpc-id", "resolver-rule-id"],
        &[],
    ),
    op(
        "route53resolver",
        "associate-resolver-rule",
        &["resolver-rule-id", "vpc-id"],
        &["name"],
    ),
    op(
        "route53resolver",
        "create-resolver-rule",
        &["creator-request-id", "rule-type"],
        &["domain-name", "name"],
    ),
    op(
        "route53resolver",
        "list-resolver-rule-associations",
        &[],
        &["filters+"],
    ),
    op("route53resolver", "list-resolver-rules", &[], &["filters+"]),
    op("sqs", "create-queue", &["queue-name"], &["attributes"]),
    op(
        "sqs",
        "get-queue-attributes",
        &["queue-url"],
        &["attribute-names+"],
    ),
    op(
        "sqs",
        "get-queue-url",
        &["queue-name"],
        &["queue-owner-aws-account-id"],
    ),
    op("sqs", "list-queues", &[], &["queue-name-prefix"]),
    op("sqs", "send-message", &["queue-url", "message-body"], &[]),
    op(
        "sqs",
        "set-queue-attributes",
        &["queue-url", "attributes"],
        &[],
    ),
    op("sts", "get-caller-identity", &[], &[]),
];

/// A call, its options checked.
pub struct Call {
    pub service: String,
    pub operation: String,
    /// Each with its values; none for a flag.
    pub options: BTreeMap<String, Vec<String>>,
}

impl Call {
    /// Reads the arguments after `aws`.
    pub fn read(arguments: &[String]) -> Result<Self, String> {
        let [service, operation, rest @ ..] = arguments else {
            return Err("aws SERVICE OPERATION".into());
        };
        let known = OPERATIONS
            .iter()
            .find(|known| known.service == service && known.name == operation)
            .ok_or_else(|| format!("aws {service} {operation}: no such command is known"))?;
        let mut options: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut rest = rest.iter().peekable();
        while let Some(option) = rest.next() {
            let arity = known
                .arity(option)
                .ok_or_else(|| format!("aws {service} {operation} takes no {option}"))?;
            let mut values = Vec::new();
            while arity != Arity::None
                && let Some(value) = rest.next_if(|next| !next.starts_with("--"))
            {
                check_placeholder(value)?;
                values.push(value.clone());
                if arity == Arity::One {
                    break;
                }
            }
            if arity != Arity::None && values.is_empty() {
                return Err(format!("{option} has no value"));
            }
            if options.insert(option.clone(), values).is_some() {
                return Err(format!("{option} is there twice"));
            }
        }
        for required in known.required {
            let option = format!("--{}", required.trim_end_matches(['+', '!']));
            if !options.contains_key(&option) {
                return Err(format!("{option} is missing"));
            }
        }
        Ok(Self {
            service: service.clone(),
            operation: operation.clone(),
            options,
        })
    }

    /// The value of an option.
    pub fn one(&self, option: &str) -> Option<&str> {
        Some(self.options.get(option)?.first()?.as_str())
    }

    /// The value of an option that is required.
    pub fn must(&self, option: &str) -> Result<&str, String> {
        self.one(option)
            .ok_or_else(|| format!("{option} is missing"))
    }

    /// All values of an option.
    pub fn many(&self, option: &str) -> &[String] {
        self.options.get(option).map_or(&[], Vec::as_slice)
    }

    /// Whether an option is there.
    pub fn has(&self, option: &str) -> bool {
        self.options.contains_key(option)
    }

    /// The value of an option, in JSON or shorthand.
    pub fn structure(&self, option: &str) -> Result<Value, String> {
        structure(self.must(option)?)
    }

    /// The filters, each with its values.
    pub fn filters(&self) -> Result<Vec<(String, Vec<String>)>, String> {
        self.many("--filters")
            .iter()
            .map(|filter| {
                let filter = structure(filter)?;
                let name = filter["Name"].as_str().ok_or("a filter without a name")?;
                let values = match &filter["Values"] {
                    Value::Array(values) => values
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                    Value::String(value) => vec![value.clone()],
                    _ => return Err("a filter without values".to_owned()),
                };
                Ok((name.to_owned(), values))
            })
            .collect()
    }
}

#[derive(PartialEq, Eq)]
enum Arity {
    None,
    One,
    Many,
}

impl Operation {
    fn arity(&self, option: &str) -> Option<Arity> {
        let name = option.strip_prefix("--")?;
        if ["region", "query", "output"].contains(&name) {
            return Some(Arity::One);
        }
        let known = self
            .required
            .iter()
            .chain(self.optional)
            .find(|known| known.trim_end_matches(['+', '!']) == name)?;
        Some(match known.chars().last() {
            Some('+') => Arity::Many,
            Some('!') => Arity::None,
            _ => Arity::One,
        })
    }
}

/// Values that stand for others: `<…>`, `QUEUE_NAME`, a file that nobody wrote.
pub fn check_placeholder(value: &str) -> Result<(), String> {
    let shouted = value.len() > 2
        && value.contains(|c: char| c.is_ascii_uppercase())
        && value.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let stands_for = (shouted && value != "SYSTEM")
        || value.contains('…')
        || value.contains("...")
        || value.starts_with("file://")
        || value.starts_with('<')
        || value == "None"
        || value == "ACCOUNT"
        || value.is_empty();
    match stands_for {
        true => Err(format!("{value:?} stands for something that is not said")),
        false => Ok(()),
    }
}

/// A value in JSON or in the CLI's shorthand.
pub fn structure(text: &str) -> Result<Value, String> {
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).map_err(|e| format!("{text}: {e}"));
    }
    let mut rest = text;
    let value = object(&mut rest)?;
    match rest.is_empty() {
        true => Ok(value),
        false => Err(format!("{text}: {rest} is left over")),
    }
}

fn object(rest: &mut &str) -> Result<Value, String> {
    let mut map = Map::new();
    let mut last: Option<String> = None;
    loop {
        let end = rest.find(['=', ',', '}', ']']).unwrap_or(rest.len());
        let head = rest[..end].to_owned();
        if rest[end..].starts_with('=') {
            *rest = &rest[end + 1..];
            let value = item(rest)?;
            map.insert(head.clone(), value);
            last = Some(head);
        } else {
            // `Values=a,b`: a value more of the last key.
            let key = last.clone().ok_or("a value without a key")?;
            *rest = &rest[end..];
            let old = map.remove(&key).unwrap_or_default();
            let mut all = match old {
                Value::Array(all) => all,
                one => vec![one],
            };
            all.push(head.into());
            map.insert(key, Value::Array(all));
        }
        match rest.strip_prefix(',') {
            Some(left) => *rest = left,
            None => return Ok(Value::Object(map)),
        }
    }
}

fn item(rest: &mut &str) -> Result<Value, String> {
    if let Some(left) = rest.strip_prefix('[') {
        *rest = left;
        let mut items = Vec::new();
        loop {
            items.push(item(rest)?);
            if let Some(left) = rest.strip_prefix(',') {
                *rest = left;
            } else {
                *rest = rest.strip_prefix(']').ok_or("a list is not closed")?;
                return Ok(Value::Array(items));
            }
        }
    }
    if let Some(left) = rest.strip_prefix('{') {
        *rest = left;
        let value = object(rest)?;
        *rest = rest.strip_prefix('}').ok_or("a brace is not closed")?;
        return Ok(value);
    }
    let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
    let value = rest[..end].to_owned();
    *rest = &rest[end..];
    Ok(value.into())
}

//! The template's resources: the endpoints and the group that admits their callers.

use std::io::{self, Write};

use super::yaml::quoted;
use crate::catalog::EndpointKind;
use crate::verdict::Remedy;
use crate::verdict::remedy::{Callers, NewEndpoint};

/// The parameter that holds the subnets of every zone, and its type.
pub(super) const OWN_SUBNETS: (&str, &str) = ("SubnetIds", "List<AWS::EC2::Subnet::Id>");

/// An endpoint and what it is called in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The endpoint.
    pub(super) endpoint: &'a NewEndpoint,
    /// What its names begin with, such as `EcrDkr`.
    stem: String,
    /// The parameter that holds its subnets.
    pub(super) subnets: String,
}

impl Named<'_> {
    /// The parameter that says whether it is to be created.
    pub(super) fn create(&self) -> String {
        format!("Create{}", self.stem)
    }

    /// The condition that it is.
    pub(super) fn condition(&self) -> String {
        format!("Creates{}", self.stem)
    }

    /// True where it stands in other subnets than the rest.
    pub(super) fn has_own_subnets(&self) -> bool {
        self.endpoint.kind == EndpointKind::Interface && self.subnets != OWN_SUBNETS.0
    }
}

/// Names for all endpoints: letters and digits, each its own (CloudFormation User Guide, "Resources", logical IDs).
pub(super) fn names(remedy: &Remedy) -> Vec<Named<'_>> {
    let mut names: Vec<Named<'_>> = Vec::new();
    for endpoint in &remedy.endpoints {
        let mut stem = stem(&endpoint.service);
        while names.iter().any(|other| other.stem == stem) {
            stem.push('X');
        }
        let everywhere = remedy.subnets_of(endpoint).len() == remedy.subnets.len();
        let subnets = match (endpoint.kind, everywhere) {
            (EndpointKind::Interface, true) => OWN_SUBNETS.0.to_owned(),
            (EndpointKind::Interface, false) => format!("{stem}{}", OWN_SUBNETS.0),
            (EndpointKind::Gateway, _) => String::new(),
        };
        names.push(Named {
            endpoint,
            stem,
            subnets,
        });
    }
    names
}

/// Writes `Resources`.
pub(super) fn write(remedy: &Remedy, names: &[Named<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nResources:")?;
    let is_interface = |named: &&Named<'_>| named.endpoint.kind == EndpointKind::Interface;
    if names.iter().any(|named| is_interface(&named)) {
        group(remedy, out)?;
    }
    for named in names {
        let endpoint = named.endpoint;
        writeln!(out, "  {}Endpoint:", named.stem)?;
        writeln!(out, "    Type: AWS::EC2::VPCEndpoint")?;
        if !endpoint.certain {
            writeln!(out, "    Condition: {}", named.condition())?;
        }
        writeln!(out, "    Properties:")?;
        writeln!(out, "      VpcId: !Ref VpcId")?;
        writeln!(out, "      ServiceName: {}", quoted(&endpoint.service_name))?;
        match endpoint.kind {
            EndpointKind::Gateway => {
                writeln!(out, "      VpcEndpointType: Gateway")?;
                writeln!(out, "      RouteTableIds: !Ref RouteTableIds")?;
            }
            EndpointKind::Interface => {
                writeln!(out, "      VpcEndpointType: Interface")?;
                writeln!(out, "      SubnetIds: !Ref {}", named.subnets)?;
                writeln!(out, "      SecurityGroupIds: [!Ref EndpointGroup]")?;
                writeln!(out, "      PrivateDnsEnabled: {}", endpoint.private_dns)?;
                if remedy.ipv6_only {
                    writeln!(out, "      IpAddressType: dualstack")?;
                    writeln!(out, "      DnsOptions:")?;
                    writeln!(out, "        DnsRecordIpType: dualstack")?;
                }
            }
        }
    }
    Ok(())
}

fn group(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  EndpointGroup:")?;
    writeln!(out, "    Type: AWS::EC2::SecurityGroup")?;
    writeln!(out, "    Properties:")?;
    writeln!(
        out,
        "      GroupDescription: HTTPS from the callers of VPC endpoints"
    )?;
    writeln!(out, "      VpcId: !Ref VpcId")?;
    writeln!(out, "      SecurityGroupIngress:")?;
    match &remedy.callers {
        Callers::Groups(groups) => {
            for at in 1..=groups.len() {
                rule("        - ", out)?;
                writeln!(out, "          SourceSecurityGroupId: !Ref CallerGroup{at}")?;
                writeln!(out, "          Description: The workload")?;
            }
        }
        Callers::Ranges(ranges) => {
            for (at, range) in ranges.iter().enumerate() {
                rule("        - ", out)?;
                let of_range = property(range.addr().is_ipv6());
                writeln!(out, "          {of_range}: !Ref CallerRange{}", at + 1)?;
                writeln!(out, "          Description: The workload")?;
            }
        }
        Callers::Unknown => {
            rule("        - ", out)?;
            let of_range = property(remedy.ipv6_only);
            writeln!(out, "          {of_range}: !Ref CallerRange1")?;
            writeln!(out, "          Description: The workload")?;
        }
    }
    writeln!(out, "        - !If")?;
    writeln!(out, "          - HasOtherCallers")?;
    rule("          - ", out)?;
    let of_range = property(remedy.ipv6_only);
    writeln!(out, "            {of_range}: !Ref OtherCallers")?;
    writeln!(out, "            Description: Other callers")?;
    writeln!(out, "          - !Ref AWS::NoValue")?;
    // Without any rule CloudFormation leaves the default in, which lets everything out; answers need no rule
    // ("AWS::EC2::SecurityGroup", CloudFormation Template Reference).
    writeln!(out, "      SecurityGroupEgress:")?;
    writeln!(out, "        - IpProtocol: \"-1\"")?;
    writeln!(out, "          CidrIp: 127.0.0.1/32")?;
    writeln!(
        out,
        "          Description: An endpoint opens no connections"
    )
}

fn rule(start: &str, out: &mut dyn Write) -> io::Result<()> {
    let indent = " ".repeat(start.len());
    writeln!(out, "{start}IpProtocol: tcp")?;
    writeln!(out, "{indent}FromPort: 443")?;
    writeln!(out, "{indent}ToPort: 443")
}

/// What a rule calls a range of this family.
fn property(ipv6: bool) -> &'static str {
    match ipv6 {
        true => "CidrIpv6",
        false => "CidrIp",
    }
}

/// `EcrDkr` of `ecr.dkr`.
fn stem(service: &str) -> String {
    let words = service.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

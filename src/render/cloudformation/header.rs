//! What the template is, what it costs, and what it leaves to do.

use std::io::{self, Write};

use super::cost;
use super::yaml::comment;
use crate::catalog::EndpointKind;
use crate::verdict::Remedy;

/// Writes the comments before the template.
pub(super) fn write(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    let vpc = remedy.vpc_id.as_deref().unwrap_or("this VPC");
    let place = match &remedy.region {
        Some(region) => format!("{vpc}, {region}"),
        None => vpc.to_owned(),
    };
    if remedy.creates_nothing() {
        writeln!(
            out,
            "# vpcheck found no endpoint missing in {}: there is nothing to create.",
            comment(&place)
        )?;
        return rest(remedy, out);
    }
    writeln!(
        out,
        "# The endpoints that vpcheck found missing in {}. To create them:",
        comment(&place)
    )?;
    let region = match &remedy.region {
        Some(region) => format!(" --region {region}"),
        None => String::new(),
    };
    writeln!(out, "#")?;
    writeln!(
        out,
        "#   aws cloudformation deploy --stack-name vpc-endpoints --template-file FILE{region}"
    )?;
    writeln!(out, "#")?;
    cost::write(remedy, out)?;
    if remedy.endpoints.iter().any(|endpoint| endpoint.private_dns) {
        writeln!(out, "#")?;
        writeln!(
            out,
            "# With private DNS every caller of the VPC comes to the endpoint. The group admits the caller that vpcheck ran"
        )?;
        writeln!(
            out,
            "# beside: name the ranges of the others in OtherCallers, or they lose the service."
        )?;
    }
    if remedy
        .endpoints
        .iter()
        .any(|e| e.kind == EndpointKind::Gateway)
    {
        writeln!(out, "#")?;
        writeln!(
            out,
            "# A gateway endpoint serves the route tables in RouteTableIds. Connections open at the time are interrupted."
        )?;
    }
    if remedy.endpoints.iter().any(|endpoint| !endpoint.certain) {
        writeln!(out, "#")?;
        writeln!(
            out,
            "# vpcheck could not read which endpoints there are. Say for each service whether its endpoint is missing."
        )?;
    }
    rest(remedy, out)
}

/// What no new endpoint mends.
fn rest(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    for (lacking, commands) in &remedy.by_hand {
        writeln!(out, "#")?;
        writeln!(
            out,
            "# {}: CloudFormation cannot change an endpoint of another stack.",
            comment(lacking)
        )?;
        for command in commands {
            writeln!(out, "#   {}", comment(command))?;
        }
    }
    if !remedy.others.is_empty() {
        writeln!(out, "#")?;
        writeln!(
            out,
            "# Other findings fail as well, which no endpoint mends: {}.",
            comment(&remedy.others.join(", "))
        )?;
    }
    Ok(())
}

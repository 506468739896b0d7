//! What the endpoints cost a month, beside NAT gateways.

use std::io::{self, Write};

use crate::catalog::EndpointKind;
use crate::catalog::prices::{self, ENDPOINT_GB, ENDPOINT_HOUR, HOURS, NAT_GB, NAT_HOUR, dollars};
use crate::verdict::Remedy;

/// Writes the comparison as comments.
pub(super) fn write(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    let of_kind = |kind| remedy.endpoints.iter().filter(move |e| e.kind == kind);
    let (interfaces, gateways) = (
        of_kind(EndpointKind::Interface).count(),
        of_kind(EndpointKind::Gateway).count(),
    );
    writeln!(
        out,
        "# Cost a month, in US dollars, at the list prices of US East (N. Virginia) of 2026 and {HOURS} hours:"
    )?;
    if interfaces > 0 {
        let known: usize = of_kind(EndpointKind::Interface)
            .map(|endpoint| remedy.subnets_of(endpoint).len())
            .sum();
        let hour = dollars(ENDPOINT_HOUR, 2);
        let (of_which, count) = match known {
            0 => (
                format!("{} in each zone", plural(interfaces, "interface endpoint")),
                interfaces,
            ),
            known => (
                format!(
                    "{}, {}",
                    plural(interfaces, "interface endpoint"),
                    plural(known, "network interface")
                ),
                known,
            ),
        };
        writeln!(
            out,
            "#   {of_which}, {hour} an hour for each interface: {}, and {} per GB",
            month(ENDPOINT_HOUR, count),
            dollars(ENDPOINT_GB, 2),
        )?;
    }
    if gateways > 0 {
        writeln!(out, "#   {}: free", plural(gateways, "gateway endpoint"))?;
    }
    let (where_, count) = match remedy.subnets.len() {
        0 => ("in each zone".to_owned(), 1),
        1 => ("in the one zone".to_owned(), 1),
        zones => (format!("in each of the {zones} zones"), zones),
    };
    writeln!(
        out,
        "#   a NAT gateway {where_} instead, {} an hour each: {}, and {} per GB",
        dollars(NAT_HOUR, 3),
        month(NAT_HOUR, count),
        dollars(NAT_GB, 3),
    )?;
    match remedy.partition().map(|p| p.name.as_str()) {
        Some("aws") | None => writeln!(
            out,
            "# Other Regions have other prices, and prices change: see \"AWS PrivateLink pricing\" and \"Amazon VPC pricing\"."
        ),
        Some("aws-cn") => writeln!(
            out,
            "# The Regions in China have prices of their own, in CNY: see the pricing pages of AWS China."
        ),
        Some(_) => writeln!(
            out,
            "# This partition has prices of its own: see \"AWS PrivateLink pricing\" and \"Amazon VPC pricing\"."
        ),
    }
}

fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn month(hour: u64, count: usize) -> String {
    dollars(prices::month(hour, count), 2)
}

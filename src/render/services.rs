//! The catalogue, as `vpcheck services` shows it.

use std::io::{self, Write};

use serde::Serialize;

use super::layout::{BOLD, PLAIN, Page};
use super::{Style, json as json_text};
use crate::catalog::{Catalog, EndpointKind, NameForm, Region, Service, Workload};

/// One service in one region.
#[derive(Debug, Serialize)]
struct Entry {
    service: &'static str,
    name: &'static str,
    endpoints: Vec<Endpoint>,
    hostnames: Vec<String>,
    required_by: Vec<&'static str>,
    optional_for: Vec<&'static str>,
}

/// One kind of endpoint of a service.
#[derive(Debug, Serialize)]
struct Endpoint {
    #[serde(rename = "type")]
    kind: &'static str,
    service_name: String,
    /// Whether the endpoint can take over the service's plain names in DNS.
    private_dns: bool,
}

/// Writes the catalogue's table for one region; the account completes the registry's name.
pub fn human(
    region: &Region,
    account: Option<&str>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    for (at, entry) in entries(region, account).iter().enumerate() {
        if at > 0 {
            page.blank()?;
        }
        page.labelled(
            0,
            (entry.service, BOLD),
            entry.service.len() + 2,
            entry.name,
        )?;
        for endpoint in &entry.endpoints {
            let kind = endpoint.kind.to_lowercase();
            let dns = match (endpoint.kind, endpoint.private_dns) {
                ("Interface", false) => " (no private DNS)",
                _ => "",
            };
            let text = format!("{}{dns}", endpoint.service_name);
            page.labelled(2, (&kind, PLAIN), 14, &text)?;
        }
        page.labelled(2, ("names", PLAIN), 14, &entry.hostnames.join(" "))?;
        for (label, workloads) in [
            ("required by", &entry.required_by),
            ("optional for", &entry.optional_for),
        ] {
            if !workloads.is_empty() {
                page.labelled(2, (label, PLAIN), 14, &workloads.join(" "))?;
            }
        }
    }
    Ok(())
}

/// Writes the catalogue for one region as a JSON array.
pub fn json(region: &Region, account: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    json_text::pretty(&entries(region, account), out)
}

fn entries(region: &Region, account: Option<&str>) -> Vec<Entry> {
    let services = Catalog::get().services().iter();
    services
        .map(|service| entry(service, region, account))
        .collect()
}

fn entry(service: &'static Service, region: &Region, account: Option<&str>) -> Entry {
    let names = |workloads: &[Workload]| workloads.iter().map(|w| w.as_str()).collect();
    let endpoint = |kind: &EndpointKind| Endpoint {
        kind: match kind {
            EndpointKind::Interface => "Interface",
            EndpointKind::Gateway => "Gateway",
        },
        service_name: service.endpoint_service_name_for(region, *kind),
        private_dns: *kind == EndpointKind::Interface && service.interface_private_dns(),
    };
    Entry {
        service: service.id(),
        name: service.human_name(),
        endpoints: service.endpoint_kinds().iter().map(endpoint).collect(),
        hostnames: service.hostnames(region, account, NameForm::Standard),
        required_by: names(service.required_by()),
        optional_for: names(service.optional_for()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> Region {
        Region::parse(code).unwrap()
    }

    #[test]
    fn the_table_names_every_service_and_fits() {
        let mut out = Vec::new();
        human(&region("us-east-1"), None, &Style::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for service in Catalog::get().services() {
            assert!(
                text.lines()
                    .any(|line| line.split(' ').next() == Some(service.id()))
            );
        }
        assert!(text.contains("com.amazonaws.us-east-1.sqs"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }

    #[test]
    fn the_json_has_names_of_region_and_account() {
        let mut out = Vec::new();
        json(&region("cn-north-1"), Some("123456789012"), &mut out).unwrap();
        let all: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let all = all.as_array().unwrap();
        assert_eq!(all.len(), Catalog::get().services().len());
        let registry = all.iter().find(|s| s["service"] == "ecr.dkr").unwrap();
        assert_eq!(
            registry["hostnames"][0],
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"
        );
        let s3 = all.iter().find(|s| s["service"] == "s3").unwrap();
        assert_eq!(s3["endpoints"].as_array().unwrap().len(), 2);
    }
}

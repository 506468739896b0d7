//! Whose an address is: what is known, and no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::ranges::{Owner, Ranges};
use crate::catalog::{Catalog, NameForm, Region, Service};
use crate::facts::traffic::Answers;
use crate::symptoms::placement::without_dns64;
use crate::symptoms::scene::Scene;

/// What an address is known to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Whose {
    /// This service's.
    Service {
        /// Its catalogue id.
        service: String,
    },
    /// One of these services': their names share the address.
    OneOf {
        /// Their catalogue ids.
        services: Vec<String>,
    },
    /// An endpoint's, of a service that the catalogue does not know.
    EndpointService {
        /// The endpoint service's name.
        service_name: String,
    },
    /// In these published ranges, and more is not known.
    Ranges,
    /// Nothing is known of it.
    Unknown,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldBy {
    /// It is a network interface of an endpoint.
    Endpoint,
    /// A name of the service had this address while it was looked at, in DNS or the hosts file.
    Names,
    /// It lies in the service's prefix list.
    PrefixList,
    /// It lies in the service's published ranges.
    Ranges,
}

/// An address, and all that is known of whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) whose: Whose,
    pub(super) told_by: Vec<ToldBy>,
    /// The services' names that had this address.
    pub(super) names: Vec<String>,
    pub(super) ranges: Vec<Owner>,
}

/// What addresses are looked up in.
pub(super) struct Directory<'a> {
    scene: &'a Scene<'a>,
    ranges: Option<&'a Ranges>,
    answers: &'a Answers,
    names: BTreeMap<IpAddr, BTreeSet<&'a str>>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(
        scene: &'a Scene<'a>,
        answers: &'a Answers,
        ranges: Option<&'a Ranges>,
    ) -> Self {
        let mut names: BTreeMap<IpAddr, BTreeSet<&str>> = BTreeMap::new();
        for (name, addresses) in &answers.addresses {
            for address in addresses {
                let address = without_dns64(*address);
                names.entry(address).or_default().insert(name);
            }
        }
        Directory {
            scene,
            ranges,
            answers,
            names,
        }
    }

    /// Whose an address is. An endpoint's interface is the endpoint's service whatever name led there; then the names
    /// count, since they are asked here and now; then prefix lists; then the published ranges, of which only S3's and
    /// DynamoDB's are those of one service.
    pub(super) fn look_up(&self, address: IpAddr) -> Known {
        let address = without_dns64(address);
        let ranges = self.ranges.map(|r| r.owners(address)).unwrap_or_default();
        let names = self.names_at(address);
        let by_names: BTreeSet<&str> = names
            .iter()
            .filter_map(|name| self.answers.services.get(name))
            .flatten()
            .map(String::as_str)
            .collect();
        let endpoint = self.endpoint(address);
        let by_list = self.prefix_list(address);
        let by_range = self.range(&ranges);
        let whose = match (&endpoint, by_names.len(), by_list.or(by_range)) {
            (Some(whose), _, _) => whose.clone(),
            (None, 0, Some(service)) => one(service),
            (None, 0, None) if ranges.is_empty() => Whose::Unknown,
            (None, 0, None) => Whose::Ranges,
            (None, 1, _) => Whose::Service {
                service: by_names.iter().copied().collect(),
            },
            (None, _, _) => Whose::OneOf {
                services: by_names.iter().map(|s| (*s).to_owned()).collect(),
            },
        };
        let agrees =
            |service: Option<&Service>| service.is_some_and(|service| whose == one(service));
        let told_by = [
            (endpoint.is_some(), ToldBy::Endpoint),
            (!by_names.is_empty(), ToldBy::Names),
            (agrees(by_list), ToldBy::PrefixList),
            (agrees(by_range) || whose == Whose::Ranges, ToldBy::Ranges),
        ];
        Known {
            told_by: told_by
                .into_iter()
                .filter_map(|(says, who)| says.then_some(who))
                .collect(),
            whose,
            names,
            ranges,
        }
    }

    /// The names that had this address, a service's plain ones first.
    fn names_at(&self, address: IpAddr) -> Vec<String> {
        let names = self.names.get(&address).into_iter().flatten();
        let mut names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
        names.sort_by_key(|name| form(name).unwrap_or(NameForm::Subdomain));
        names
    }

    fn endpoint(&self, address: IpAddr) -> Option<Whose> {
        let (endpoint, _) = self.scene.endpoint_at(address)?;
        let told = endpoint.service_region.as_deref();
        let told = told.and_then(|region| Region::parse(region).ok());
        let region = told.or_else(|| self.scene.region.clone())?;
        let name = &endpoint.service_name;
        let service = Catalog::get().services().iter().find(|service| {
            service.matches_service_name(name, &region)
                || service.matches_fips_service_name(name, &region)
        });
        Some(match service {
            Some(service) => one(service),
            None => Whose::EndpointService {
                service_name: name.clone(),
            },
        })
    }

    fn prefix_list(&self, address: IpAddr) -> Option<&'static Service> {
        let region = self.scene.region.as_ref()?;
        let lists = self.scene.inventory()?.prefix_lists.seen()?;
        let name = lists
            .iter()
            .filter(|list| list.cidrs.iter().any(|cidr| cidr.contains(&address)))
            .find_map(|list| list.name.as_deref())?;
        let mut services = Catalog::get().services().iter();
        services.find(|service| service.has_gateway() && service.matches_service_name(name, region))
    }

    /// The one service whose alone these ranges are, in this region.
    fn range(&self, owners: &[Owner]) -> Option<&'static Service> {
        let [owner] = owners else { return None };
        let id = match owner.service.as_str() {
            "S3" => "s3",
            "DYNAMODB" => "dynamodb",
            _ => return None,
        };
        let here = self.scene.region.as_ref()?;
        (owner.region == here.as_str()).then(|| Catalog::get().service(id))?
    }
}

/// The form of one of the catalogue's names.
pub(super) fn form(name: &str) -> Option<NameForm> {
    Some(Catalog::get().identify(name)?.form)
}

fn one(service: &Service) -> Whose {
    Whose::Service {
        service: service.id().to_owned(),
    }
}

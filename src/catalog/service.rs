//! One AWS service: what it is called, and where.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hostname::NameForm;
use super::template::Template;
use super::{Partition, Region, Workload};

/// How a VPC can reach a service privately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointKind {
    /// Network interfaces with private addresses in the VPC's subnets.
    Interface,
    /// A route in the subnets' tables; the service's public addresses stay.
    Gateway,
}

/// A service of the catalogue. What it holds lies in the compiled-in table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What endpoint service names end with, after the region.
    id: &'static str,
    /// What the AWS console calls it.
    name: &'static str,
    /// What people type instead of the id.
    #[serde(default)]
    aliases: Vec<&'static str>,
    /// The label most of its names start with; the id unless given.
    host: Option<&'static str>,
    #[serde(default = "interface_only")]
    endpoints: Vec<EndpointKind>,
    #[serde(default = "yes")]
    interface_private_dns: bool,
    /// A whole endpoint service name, for the few that have no region in it.
    service_name: Option<&'static str>,
    /// Whether AWS offers a second endpoint service, `<id>-fips`, for the FIPS names.
    #[serde(default)]
    fips_endpoint: bool,
    /// Partitions and regions where the interface endpoint's name starts with the reversed domain.
    #[serde(default)]
    reversed_in: Vec<&'static str>,
    /// Whether anything below its names is its own too (`bucket.s3.…`).
    #[serde(default)]
    subdomains: bool,
    /// Where the legacy names are known to exist.
    #[serde(default)]
    legacy_regions: Vec<Region>,
    #[serde(default)]
    required_by: Vec<Workload>,
    #[serde(default)]
    optional_for: Vec<Workload>,
    /// Its names, where they are not the usual ones.
    #[serde(default)]
    names: Names,
    /// Names that exist, yet are none that the service's id stands for: recognised, never asked.
    #[serde(default)]
    also: Names,
    /// Differences by partition or region; the region's word counts before the partition's.
    #[serde(default, rename = "in")]
    differences: BTreeMap<&'static str, Names>,
}

/// Name templates by form; an absent list is inherited, an empty one says "no such name".
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Names {
    standard: Option<Vec<Template>>,
    dual_stack: Option<Vec<Template>>,
    fips: Option<Vec<Template>>,
    fips_dual_stack: Option<Vec<Template>>,
    legacy: Option<Vec<Template>>,
    global: Option<Vec<Template>>,
    subdomain: Option<Vec<Template>>,
}

impl Service {
    /// The catalogue id, which is what its endpoint service names end with: `sqs`, `ecr.dkr`.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The name the AWS console shows, such as `Amazon SQS`.
    pub fn human_name(&self) -> &'static str {
        self.name
    }

    /// Other words people use for the id.
    pub(super) fn aliases(&self) -> &[&'static str] {
        &self.aliases
    }

    /// The kinds of endpoint that AWS offers for it.
    pub fn endpoint_kinds(&self) -> &[EndpointKind] {
        &self.endpoints
    }

    /// Whether a gateway endpoint can serve it, so that public answers may be right.
    pub fn has_gateway(&self) -> bool {
        self.endpoints.contains(&EndpointKind::Gateway)
    }

    /// Whether its interface endpoint can take over the plain names in DNS.
    ///
    /// False for DynamoDB, whose interface endpoint does not support private DNS ("AWS
    /// PrivateLink for DynamoDB", Amazon DynamoDB Developer Guide).
    pub fn interface_private_dns(&self) -> bool {
        self.interface_private_dns
    }

    /// Whether this workload cannot do without it.
    pub fn is_required_by(&self, workload: Workload) -> bool {
        self.required_by.contains(&workload)
    }

    /// Whether this workload commonly uses it.
    pub fn is_optional_for(&self, workload: Workload) -> bool {
        self.optional_for.contains(&workload)
    }

    /// The workloads that cannot do without it.
    pub fn required_by(&self) -> &[Workload] {
        &self.required_by
    }

    /// The workloads that commonly use it.
    pub fn optional_for(&self) -> &[Workload] {
        &self.optional_for
    }

    /// Its host names of one form in a region; empty where it has none.
    ///
    /// `Standard` is what the id stands for. A registry's name takes the account where it is
    /// known. `Legacy` answers only in regions where those names are known to exist. `Subdomain`
    /// and `Vpce` are always empty: such names depend on a bucket, an API or an endpoint.
    pub fn hostnames(&self, region: &Region, account: Option<&str>, form: NameForm) -> Vec<String> {
        if matches!(form, NameForm::Subdomain | NameForm::Vpce)
            || (form == NameForm::Legacy && !self.legacy_regions.contains(region))
        {
            return Vec::new();
        }
        let partition = Partition::of(region);
        self.templates(region, form)
            .iter()
            .filter_map(|template| template.render(partition, region, account))
            .collect()
    }

    /// The endpoint service name to look for, or to create, in a region.
    ///
    /// That of the gateway endpoint where there is one, else of the interface endpoint; see
    /// [`Service::endpoint_service_name_for`].
    pub fn endpoint_service_name(&self, region: &Region) -> String {
        let kind = if self.has_gateway() {
            EndpointKind::Gateway
        } else {
            EndpointKind::Interface
        };
        self.endpoint_service_name_for(region, kind)
    }

    /// The endpoint service name of one kind of endpoint.
    ///
    /// Outside the `aws` partition some interface endpoints' names start with the partition's
    /// reversed domain, `cn.com.amazonaws`, the others with `com.amazonaws` (the AWS CDK's
    /// `InterfaceVpcEndpointAwsService` keeps the lists).
    pub fn endpoint_service_name_for(&self, region: &Region, kind: EndpointKind) -> String {
        if let Some(name) = self.service_name {
            return name.to_owned();
        }
        format!("{}.{region}.{}", self.prefix(region, kind), self.id)
    }

    /// Whether an endpoint's service name is this service's in this region, whatever its prefix.
    ///
    /// The rest after the region must be the id itself: `ec2messages` and `sqs-fips` are other
    /// services than `ec2` and `sqs`.
    pub fn matches_service_name(&self, service_name: &str, region: &Region) -> bool {
        if let Some(own) = self.service_name {
            return own.eq_ignore_ascii_case(service_name);
        }
        is_after_region(service_name, region, self.id)
    }

    /// The id of the separate endpoint service for the FIPS names, where AWS offers one.
    pub fn fips_suffix(&self) -> Option<String> {
        self.fips_endpoint.then(|| format!("{}-fips", self.id))
    }

    /// Whether an endpoint's service name is that of this service's separate FIPS endpoint.
    ///
    /// Asks for the name's shape alone, so an endpoint service newer than this catalogue counts.
    pub fn matches_fips_service_name(&self, service_name: &str, region: &Region) -> bool {
        let plain = service_name.strip_suffix("-fips");
        plain.is_some_and(|plain| is_after_region(plain, region, self.id))
    }

    /// Every name that an endpoint of this service, or of its FIPS names, may have in this region.
    pub fn endpoint_service_names(&self, region: &Region) -> Vec<String> {
        if let Some(name) = self.service_name {
            return vec![name.to_owned()];
        }
        let reversed = Partition::of(region).reversed_prefix.as_deref();
        let prefixes = [Some("com.amazonaws"), reversed].into_iter().flatten();
        let id = self.id;
        let both = |prefix: &str| {
            [
                format!("{prefix}.{region}.{id}"),
                format!("{prefix}.{region}.{id}-fips"),
            ]
        };
        prefixes.flat_map(both).collect()
    }

    /// What the interface endpoint's name starts with.
    fn prefix<'a>(&self, region: &Region, kind: EndpointKind) -> &'a str {
        let partition = Partition::of(region);
        let listed = |place: &str| self.reversed_in.contains(&place);
        match &partition.reversed_prefix {
            Some(prefix)
                if kind == EndpointKind::Interface
                    && (listed(&partition.name) || listed(region.as_str())) =>
            {
                prefix
            }
            _ => "com.amazonaws",
        }
    }

    /// The templates of one form: the region's, else the partition's, else everyone's.
    fn templates(&self, region: &Region, form: NameForm) -> Cow<'_, [Template]> {
        self.templates_in(region.as_str(), form)
            .or_else(|| self.templates_in(&Partition::of(region).name, form))
            .map_or_else(|| self.templates_everywhere(form), Cow::Borrowed)
    }

    /// The templates of one form that this partition or region has for itself.
    pub(super) fn templates_in(&self, place: &str, form: NameForm) -> Option<&[Template]> {
        self.differences.get(place)?.of(form)
    }

    /// The templates of one form that hold where no partition or region has its own.
    pub(super) fn templates_everywhere(&self, form: NameForm) -> Cow<'_, [Template]> {
        match self.names.of(form) {
            Some(templates) => Cow::Borrowed(templates),
            None => Cow::Owned(self.usual(form)),
        }
    }

    /// Every template that its table has; all others are the usual ones.
    pub(super) fn own_templates(&self) -> impl Iterator<Item = &Template> {
        let differences = self.differences.values();
        let names = [&self.names, &self.also].into_iter().chain(differences);
        names.flat_map(|names| {
            let forms = NameForm::ALL.into_iter();
            forms.flat_map(|form| names.of(form).unwrap_or_default())
        })
    }

    /// The places, besides whole partitions, where names differ.
    pub(super) fn differing_regions<'a>(
        &'a self,
        partition: &'a Partition,
    ) -> impl Iterator<Item = &'a Region> {
        let differs = |region: &&Region| self.differences.contains_key(region.as_str());
        let regions = match self.differences.is_empty() {
            true => &[],
            false => partition.regions.as_slice(),
        };
        regions.iter().filter(differs)
    }

    /// Templates of names that are recognised only.
    pub(super) fn also(&self, form: NameForm) -> &[Template] {
        self.also.of(form).unwrap_or_default()
    }

    /// Every partition and region that its table mentions.
    #[cfg(test)]
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        let places = self.differences.keys().chain(&self.reversed_in);
        places
            .copied()
            .chain(self.legacy_regions.iter().map(Region::as_str))
    }

    /// Whether anything below its names is its own.
    pub(super) fn has_subdomains(&self) -> bool {
        self.subdomains
    }

    /// The names nearly every service has, from its host label.
    fn usual(&self, form: NameForm) -> Vec<Template> {
        let host = self.host();
        let text = match form {
            NameForm::Standard => format!("{host}.{{region}}.{{suffix}}"),
            NameForm::DualStack => format!("{host}.{{region}}.{{dual}}"),
            NameForm::Fips => format!("{host}-fips.{{region}}.{{suffix}}"),
            NameForm::FipsDualStack => format!("{host}-fips.{{region}}.{{dual}}"),
            NameForm::Vpce => {
                let plain = format!("{host}.{{region}}.vpce.{{suffix}}");
                let fips = format!("{host}-fips.{{region}}.vpce.{{suffix}}");
                return vec![Template::from(plain), Template::from(fips)];
            }
            NameForm::Legacy | NameForm::Global | NameForm::Subdomain => return Vec::new(),
        };
        vec![Template::from(text)]
    }

    /// The label that its usual names begin with.
    pub(super) fn host(&self) -> &'static str {
        self.host.unwrap_or(self.id)
    }
}

impl Names {
    fn of(&self, form: NameForm) -> Option<&[Template]> {
        let list = match form {
            NameForm::Standard => &self.standard,
            NameForm::DualStack => &self.dual_stack,
            NameForm::Fips => &self.fips,
            NameForm::FipsDualStack => &self.fips_dual_stack,
            NameForm::Legacy => &self.legacy,
            NameForm::Global => &self.global,
            NameForm::Subdomain => &self.subdomain,
            NameForm::Vpce => &None,
        };
        list.as_deref()
    }
}

/// Whether a name is a prefix, the region and this id, as `cn.com.amazonaws.cn-north-1.sqs` is for `sqs`.
///
/// Every endpoint is held against every service; from its end most are told apart at once.
fn is_after_region(service_name: &str, region: &Region, id: &str) -> bool {
    let prefix = without_end(service_name, id)
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|rest| without_end(rest, region.as_str()));
    prefix.is_some_and(|prefix| prefix.ends_with('.'))
}

/// What comes before an end, whose letters may be of either case.
fn without_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let (before, rest) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    rest.eq_ignore_ascii_case(end).then_some(before)
}

fn interface_only() -> Vec<EndpointKind> {
    vec![EndpointKind::Interface]
}

fn yes() -> bool {
    true
}

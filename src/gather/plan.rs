//! What is looked up, whom is asked: decided from the request and the host's facts, before the network is touched.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use crate::catalog::{Catalog, NameForm, Region, Service, Workload};
use crate::facts::dns::{VPC_RESOLVER_V4, VPC_RESOLVER_V6, is_vpc_resolver, vpc_resolver_in};
use crate::facts::host::Variable;
use crate::facts::queue_url::{Queue, QueueUrl, parse_queue_url};
use crate::facts::request::{NameOrigin, TargetName};
use crate::facts::{EnvironmentKind, Host, ServerRole, Target};

/// What the operator wants tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSpec {
    /// A service of the catalogue, by id.
    Service(String),
    /// A hostname.
    Hostname(String),
}

/// What a run is going to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The services under test with their names.
    pub targets: Vec<Target>,
    /// Names asked only to tell look-alikes apart, each with its service.
    pub comparisons: Vec<(String, String)>,
    /// The workloads whose services these are, by name.
    pub workloads: Vec<String>,
    /// The servers to be asked, with the reason for each.
    pub servers: Vec<(SocketAddr, ServerRole)>,
    /// Servers of the host's that are the VPC's own as well: their answers count for both.
    pub shared_servers: Vec<SocketAddr>,
    /// The canary's queue, where the URL is a queue's.
    pub queue: Option<Queue>,
}

/// What the plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// Targets named explicitly; they replace the workload's.
    pub targets: &'a [TargetSpec],
    /// Workloads named explicitly.
    pub workloads: &'a [Workload],
    /// The queue URL.
    pub queue_url: Option<&'a str>,
    /// Servers the operator wants asked besides.
    pub extra_resolvers: &'a [SocketAddr],
    /// The VPC's CIDRs by flag, which tell its resolver's address.
    pub vpc_cidrs: &'a [ipnet::IpNet],
}

/// The plan for this host.
pub fn plan(wishes: Wishes<'_>, host: &Host) -> Plan {
    let catalog = Catalog::get();
    let region = host.region.as_deref().and_then(|r| Region::parse(r).ok());
    let account = host.account_id.as_deref();
    let mut plan = Plan::default();
    if wishes.targets.is_empty() {
        let workloads = match wishes.workloads {
            [] => vec![default_workload(host.kind)],
            named => named.to_vec(),
        };
        for (service, required) in catalog.workload_services(&workloads) {
            plan.add_service(
                service,
                required,
                region.as_ref(),
                account,
                NameOrigin::Catalog,
            );
        }
        plan.workloads = workloads.iter().map(ToString::to_string).collect();
    }
    for spec in wishes.targets {
        match spec {
            TargetSpec::Service(id) => {
                if let Some(service) = catalog.service(id) {
                    plan.add_service(service, true, region.as_ref(), account, NameOrigin::Catalog);
                }
            }
            TargetSpec::Hostname(name) => plan.add_name(name, NameOrigin::Argument, true),
        }
    }
    if let Some(Ok(QueueUrl::Queue(queue))) = wishes.queue_url.map(parse_queue_url) {
        plan.add_name(&queue.host, NameOrigin::QueueUrl, true);
        plan.queue = Some(queue);
    }
    plan.add_switched(&host.switches, region.as_ref(), account);
    plan.compare(region.as_ref(), account);
    plan.choose_servers(wishes, host);
    plan
}

fn default_workload(kind: EnvironmentKind) -> Workload {
    match kind {
        EnvironmentKind::Ec2 => Workload::Ec2Ssm,
        EnvironmentKind::EcsEc2 | EnvironmentKind::Fargate => Workload::EcsFargate,
        EnvironmentKind::Eks => Workload::EksPrivate,
        EnvironmentKind::Lambda => Workload::Lambda,
        EnvironmentKind::Other => Workload::Essential,
    }
}

impl Plan {
    /// True where the name is under test.
    pub fn tests(&self, name: &str) -> bool {
        self.targets
            .iter()
            .flat_map(|target| &target.hostnames)
            .any(|hostname| hostname.name == name)
    }

    /// The host's own resolvers.
    pub fn host_servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        self.servers_that(|role| role == ServerRole::Host)
    }

    /// The servers beside the host's own resolvers.
    pub fn other_servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        self.servers_that(|role| role != ServerRole::Host)
    }

    fn servers_that(&self, wanted: fn(ServerRole) -> bool) -> Vec<(SocketAddr, ServerRole)> {
        let servers = self.servers.iter().copied();
        servers.filter(|(_, role)| wanted(*role)).collect()
    }

    fn add_service(
        &mut self,
        service: &Service,
        required: bool,
        region: Option<&Region>,
        account: Option<&str>,
        origin: NameOrigin,
    ) {
        let names = region.map_or(Vec::new(), |region| {
            service.hostnames(region, account, NameForm::Standard)
        });
        let target = self.target(service.id(), true, required);
        for name in names {
            // The registry's bare name only stands in where the account is not known.
            push_name(target, &name, origin.clone());
        }
    }

    fn add_name(&mut self, name: &str, origin: NameOrigin, required: bool) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        // A name that the catalogue gave is its service's: there is no need to ask whose it is.
        let is_given =
            |hostname: &TargetName| hostname.name == name && hostname.origin == NameOrigin::Catalog;
        let mut targets = self.targets.iter_mut();
        if let Some(target) = targets.find(|target| target.hostnames.iter().any(is_given)) {
            target.required |= required;
            return;
        }
        let identified = Catalog::get().identify(&name);
        let target = match identified {
            Some(identified) => self.target(identified.service.id(), true, required),
            None => self.target(&name, false, required),
        };
        push_name(target, &name, origin);
    }

    fn target(&mut self, service: &str, in_catalog: bool, required: bool) -> &mut Target {
        let at = match self.targets.iter().position(|t| t.service == service) {
            Some(at) => at,
            None => {
                self.targets.push(Target {
                    service: service.to_owned(),
                    in_catalog,
                    required,
                    hostnames: Vec::new(),
                });
                self.targets.len() - 1
            }
        };
        // `at` was found or has just been pushed.
        let target = &mut self.targets[at];
        target.required |= required;
        target
    }

    /// Names that variables switch on for the applications here (AWS SDKs and Tools Reference Guide).
    fn add_switched(
        &mut self,
        switches: &[Variable],
        region: Option<&Region>,
        account: Option<&str>,
    ) {
        let on = |name: &str| {
            switches
                .iter()
                .any(|s| s.name == name && s.value.trim().eq_ignore_ascii_case("true"))
        };
        let dual_stack = on("AWS_USE_DUALSTACK_ENDPOINT");
        let fips = on("AWS_USE_FIPS_ENDPOINT");
        let form = match (fips, dual_stack) {
            (true, true) => Some((NameForm::FipsDualStack, "AWS_USE_FIPS_ENDPOINT")),
            (true, false) => Some((NameForm::Fips, "AWS_USE_FIPS_ENDPOINT")),
            (false, true) => Some((NameForm::DualStack, "AWS_USE_DUALSTACK_ENDPOINT")),
            (false, false) => None,
        };
        let legacy_sts = switches.iter().any(|s| {
            s.name == "AWS_STS_REGIONAL_ENDPOINTS" && s.value.trim().eq_ignore_ascii_case("legacy")
        });
        for target in self.targets.iter_mut().filter(|target| target.in_catalog) {
            let (Some(service), Some(region)) = (Catalog::get().service(&target.service), region)
            else {
                continue;
            };
            if let Some((form, variable)) = form {
                for name in service.hostnames(region, account, form) {
                    push_name(target, &name, NameOrigin::Variable(variable.to_owned()));
                }
            }
            if legacy_sts && target.service == "sts" {
                for name in service.hostnames(region, account, NameForm::Global) {
                    let variable = "AWS_STS_REGIONAL_ENDPOINTS".to_owned();
                    push_name(target, &name, NameOrigin::Variable(variable));
                }
            }
        }
        if on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return;
        }
        for switch in switches {
            if !switch.name.starts_with("AWS_ENDPOINT_URL") {
                continue;
            }
            let host = Url::parse(switch.value.trim())
                .ok()
                .filter(|url| url.scheme() == "https")
                .and_then(|url| url.domain().map(str::to_owned));
            if let Some(host) = host {
                self.add_name(&host, NameOrigin::Variable(switch.name.clone()), true);
            }
        }
    }

    /// The plain names beside special ones under test, and SQS's legacy names beside the modern one.
    fn compare(&mut self, region: Option<&Region>, account: Option<&str>) {
        let mut wanted: Vec<(String, String)> = Vec::new();
        for target in self.targets.iter().filter(|target| target.in_catalog) {
            let Some(service) = Catalog::get().service(&target.service) else {
                continue;
            };
            // The catalogue's own are the plain ones already.
            let special =
                (target.hostnames.iter()).filter(|hostname| hostname.origin != NameOrigin::Catalog);
            for hostname in special {
                let told = Catalog::get().identify(&hostname.name);
                let Some(own) = told.and_then(|i| i.region).or_else(|| region.cloned()) else {
                    continue;
                };
                let plain = service.hostnames(&own, account, NameForm::Standard);
                wanted.extend(plain.into_iter().map(|name| (name, target.service.clone())));
            }
            if target.service == "sqs"
                && let Some(region) = region
            {
                let legacy = service.hostnames(region, account, NameForm::Legacy);
                wanted.extend(
                    legacy
                        .into_iter()
                        .map(|name| (name, target.service.clone())),
                );
            }
        }
        for (name, service) in wanted {
            let known = self.comparisons.iter().any(|(other, _)| *other == name);
            if !known && !self.tests(&name) {
                self.comparisons.push((name, service));
            }
        }
    }

    fn choose_servers(&mut self, wishes: Wishes<'_>, host: &Host) {
        let cidrs = match wishes.vpc_cidrs {
            [] => host.vpc_cidrs.as_slice(),
            told => told,
        };
        let base_plus_two = vpc_resolver_in(cidrs);
        for resolver in &host.resolvers {
            let server = SocketAddr::new(*resolver, 53);
            self.servers.push((server, ServerRole::Host));
            if is_vpc_resolver(*resolver, cidrs) {
                self.shared_servers.push(server);
            }
        }
        if self.shared_servers.is_empty() {
            let only_v6 = host.ipv6_route && !host.ipv4_route;
            let link_local = match only_v6 {
                true => IpAddr::V6(VPC_RESOLVER_V6),
                false => IpAddr::V4(VPC_RESOLVER_V4),
            };
            for address in [Some(link_local), base_plus_two].into_iter().flatten() {
                self.servers
                    .push((SocketAddr::new(address, 53), ServerRole::Vpc));
            }
        }
        for server in wishes.extra_resolvers {
            self.servers.push((*server, ServerRole::Extra));
        }
    }
}

fn push_name(target: &mut Target, name: &str, origin: NameOrigin) {
    if !target.hostnames.iter().any(|known| known.name == name) {
        target.hostnames.push(TargetName {
            name: name.to_owned(),
            origin,
        });
    }
}

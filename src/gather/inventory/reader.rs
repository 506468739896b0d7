//! The Describe calls, each read to its last page.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::describe_vpc_attribute::DescribeVpcAttributeOutput;
use aws_sdk_ec2::types::{Filter, VpcAttributeName};
use tokio::sync::Semaphore;

use super::{convert, pages};
use crate::facts::Failure;
use crate::facts::inventory::{
    DhcpOptions, Endpoint, EndpointService, NetworkAcl, NetworkInterface, PrefixList, RouteTable,
    SecurityGroup, Subnet, Vpc, VpcAttributes,
};
use crate::gather::aws::failure;
use crate::gather::tasks;

/// The largest page of most calls.
const PAGE: i32 = 1000;
/// The largest page of `DescribeRouteTables` and `GetManagedPrefixListEntries`.
const SMALL_PAGE: i32 = 100;

/// A client of the EC2 API, the name of its host, for failures, and how many calls it makes at a time.
pub(super) struct Reader {
    pub(super) client: Client,
    pub(super) host: String,
    /// Calls under way, each with a connection of its own.
    pub(super) gate: Semaphore,
}

/// The calls that take filters and answer in pages differ in their names alone.
macro_rules! paged {
    ($name:ident, $call:ident, $page:expr, $items:ident, $convert:path, $fact:ty) => {
        #[doc = concat!("`", stringify!($call), "` with these filters.")]
        pub(super) async fn $name(&self, filters: Vec<Filter>) -> Result<Vec<$fact>, Failure> {
            pages::all(|token| {
                let request = self
                    .client
                    .$call()
                    .set_filters(Some(filters.clone()).filter(|filters| !filters.is_empty()))
                    .max_results($page)
                    .set_next_token(token);
                async {
                    let _permit = self.gate.acquire().await;
                    let answer = tasks::one(request.send()).await;
                    let answer = answer.map_err(|error| self.failed(&error))?;
                    let items = answer.$items().iter().map($convert);
                    Ok((
                        items.collect::<Result<Vec<_>, _>>()?,
                        answer.next_token().map(str::to_owned),
                    ))
                }
            })
            .await
        }
    };
}

impl Reader {
    paged!(vpcs, describe_vpcs, PAGE, vpcs, convert::vpc, Vpc);
    paged!(
        dhcp_options,
        describe_dhcp_options,
        PAGE,
        dhcp_options,
        convert::dhcp_options,
        DhcpOptions
    );
    paged!(
        subnets,
        describe_subnets,
        PAGE,
        subnets,
        convert::subnet,
        Subnet
    );
    paged!(
        route_tables,
        describe_route_tables,
        SMALL_PAGE,
        route_tables,
        convert::route_table,
        RouteTable
    );
    paged!(
        network_acls,
        describe_network_acls,
        PAGE,
        network_acls,
        convert::network_acl,
        NetworkAcl
    );
    paged!(
        security_groups,
        describe_security_groups,
        PAGE,
        security_groups,
        convert::security_group,
        SecurityGroup
    );
    paged!(
        endpoints,
        describe_vpc_endpoints,
        PAGE,
        vpc_endpoints,
        convert::endpoint,
        Endpoint
    );
    paged!(
        interfaces,
        describe_network_interfaces,
        PAGE,
        network_interfaces,
        convert::network_interface,
        NetworkInterface
    );
    paged!(
        prefix_lists,
        describe_prefix_lists,
        PAGE,
        prefix_lists,
        convert::prefix_list,
        PrefixList
    );
    paged!(
        endpoint_services,
        describe_vpc_endpoint_services,
        PAGE,
        service_details,
        convert::endpoint_service,
        EndpointService
    );

    /// `DescribeVpcAttribute`, which tells one attribute per call: both that matter to DNS.
    pub(super) async fn vpc_attributes(&self, vpc: &str) -> Result<VpcAttributes, Failure> {
        let (support, hostnames) = tokio::join!(
            self.vpc_attribute(vpc, VpcAttributeName::EnableDnsSupport),
            self.vpc_attribute(vpc, VpcAttributeName::EnableDnsHostnames),
        );
        // One attribute is still worth knowing where the other could not be read.
        if let (Err(failure), Err(_)) = (&support, &hostnames) {
            return Err(failure.clone());
        }
        let support = support.ok();
        let hostnames = hostnames.ok();
        Ok(VpcAttributes {
            vpc_id: vpc.to_owned(),
            dns_support: support
                .and_then(|answer| answer.enable_dns_support().and_then(|held| held.value())),
            dns_hostnames: hostnames
                .and_then(|answer| answer.enable_dns_hostnames().and_then(|held| held.value())),
        })
    }

    /// `GetManagedPrefixListEntries`: the ranges of one prefix list.
    pub(super) async fn prefix_list_entries(
        &self,
        list: &str,
    ) -> Result<Vec<ipnet::IpNet>, Failure> {
        pages::all(|token| {
            let request = self
                .client
                .get_managed_prefix_list_entries()
                .prefix_list_id(list)
                .max_results(SMALL_PAGE)
                .set_next_token(token);
            async {
                let _permit = self.gate.acquire().await;
                let answer = tasks::one(request.send()).await;
                let answer = answer.map_err(|error| self.failed(&error))?;
                let cidrs = answer.entries().iter().filter_map(|entry| entry.cidr());
                Ok((
                    cidrs.map(convert::cidr).collect::<Result<Vec<_>, _>>()?,
                    answer.next_token().map(str::to_owned),
                ))
            }
        })
        .await
    }

    async fn vpc_attribute(
        &self,
        vpc: &str,
        attribute: VpcAttributeName,
    ) -> Result<DescribeVpcAttributeOutput, Failure> {
        let request = self
            .client
            .describe_vpc_attribute()
            .vpc_id(vpc)
            .attribute(attribute);
        let _permit = self.gate.acquire().await;
        let answer = tasks::one(request.send()).await;
        answer.map_err(|error| self.failed(&error))
    }

    fn failed<E>(&self, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        failure::of_call(&self.host, error).0
    }
}

/// A filter with these values.
pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

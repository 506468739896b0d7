//! The ranges of prefix lists: those of AWS's services, and others that rules and routes refer to.

use super::reader::Reader;
use crate::facts::Failure;
use crate::facts::inventory::{Destination, PrefixList, RouteTable, SecurityGroup};

/// The most lists that are asked for one by one.
const MOST_LISTS: usize = 20;

/// AWS's own lists, their ranges included.
///
/// `DescribePrefixLists` tells the ranges itself; where it does not, as with emulators, they are asked for one
/// by one. A list whose ranges cannot be read that way either stays without any.
pub(super) async fn of_services(reader: &Reader) -> Result<Vec<PrefixList>, Failure> {
    let mut lists = reader.prefix_lists(Vec::new()).await?;
    let lacking: Vec<String> = lists
        .iter()
        .filter(|list| list.cidrs.is_empty() && is_of_gateway(list))
        .map(|list| list.id.clone())
        .collect();
    for (id, cidrs) in entries(reader, &lacking).await {
        if let Some(list) = lists.iter_mut().find(|list| list.id == id) {
            list.cidrs = cidrs;
        }
    }
    Ok(lists)
}

/// Lists that groups and routes refer to and that are not AWS's, as far as they can be read.
pub(super) async fn referred_to(
    reader: &Reader,
    known: &[PrefixList],
    groups: &[SecurityGroup],
    tables: &[RouteTable],
) -> Vec<PrefixList> {
    let in_groups = groups
        .iter()
        .flat_map(|group| group.ingress.iter().chain(&group.egress))
        .flat_map(|rule| &rule.prefix_list_ids);
    let in_routes = tables
        .iter()
        .flat_map(|table| &table.routes)
        .filter_map(|route| match &route.destination {
            Destination::PrefixList(id) => Some(id),
            Destination::Cidr(_) => None,
        });
    let mut ids: Vec<String> = in_groups
        .chain(in_routes)
        .filter(|id| !known.iter().any(|list| list.id == **id))
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let lists = entries(reader, &ids).await.into_iter();
    lists
        .map(|(id, cidrs)| PrefixList {
            id,
            name: None,
            cidrs,
        })
        .collect()
}

/// The ranges of each of these lists that could be read.
async fn entries(reader: &Reader, ids: &[String]) -> Vec<(String, Vec<ipnet::IpNet>)> {
    let ids: Vec<String> = ids.iter().take(MOST_LISTS).cloned().collect();
    let asked = ids.into_iter().map(|id| async move {
        let cidrs = reader.prefix_list_entries(&id).await.ok()?;
        Some((id, cidrs))
    });
    let found = futures_util::future::join_all(asked).await;
    found.into_iter().flatten().collect()
}

/// Whether a list is of a service that has gateway endpoints.
fn is_of_gateway(list: &PrefixList) -> bool {
    let name = list.name.as_deref().unwrap_or_default();
    name.ends_with(".s3") || name.ends_with(".dynamodb")
}

//! AWS-managed prefix lists, by both of the APIs that tell them.

use super::super::world::World;
use super::{CLAMPED, Listing, Query, Refusal, Resource, UP_TO_100, xml::Xml};

/// `DescribePrefixLists`: the services' lists with their ranges.
pub(super) fn prefix_lists(world: &World) -> Listing {
    let items = world
        .prefix_lists
        .iter()
        .map(|(id, list)| {
            let fields = vec![
                ("prefix-list-id", vec![id.clone()]),
                ("prefix-list-name", vec![list.name.clone()]),
            ];
            Resource::new(id, fields, |xml| {
                xml.text("prefixListId", id);
                xml.text("prefixListName", &list.name);
                xml.texts("cidrSet", &list.cidrs);
            })
        })
        .collect();
    Listing {
        set: "prefixListSet",
        ids: "PrefixListId",
        missing: "InvalidPrefixListID.NotFound",
        filters: &["prefix-list-id", "prefix-list-name"],
        limits: CLAMPED,
        items,
    }
}

/// `DescribeManagedPrefixLists`: the same lists without their ranges.
pub(super) fn managed_prefix_lists(world: &World) -> Listing {
    let items = world
        .prefix_lists
        .iter()
        .map(|(id, list)| {
            let fields = vec![
                ("owner-id", vec!["AWS".to_owned()]),
                ("prefix-list-id", vec![id.clone()]),
                ("prefix-list-name", vec![list.name.clone()]),
            ];
            let ipv6 = list.cidrs.iter().any(|c| c.addr().is_ipv6());
            Resource::new(id, fields, |xml| {
                xml.text("prefixListId", id);
                xml.text("addressFamily", if ipv6 { "IPv6" } else { "IPv4" });
                xml.text("state", "create-complete");
                let (partition, region) = (&world.partition, &world.region);
                xml.text(
                    "prefixListArn",
                    format!("arn:{partition}:ec2:{region}:aws:prefix-list/{id}"),
                );
                xml.text("prefixListName", &list.name);
                xml.texts("tagSet", Vec::<&str>::new());
                xml.text("ownerId", "AWS");
            })
        })
        .collect();
    Listing {
        set: "prefixListSet",
        ids: "PrefixListId",
        missing: "InvalidPrefixListID.NotFound",
        filters: &["owner-id", "prefix-list-id", "prefix-list-name"],
        limits: UP_TO_100,
        items,
    }
}

/// `GetManagedPrefixListEntries`.
pub(super) fn entries(world: &World, query: &Query) -> Result<String, Refusal> {
    let id = query.required("PrefixListId")?;
    let list = world.prefix_lists.get(id).ok_or_else(|| {
        Refusal::new(
            400,
            "InvalidPrefixListID.NotFound",
            format!("The prefix list ID '{id}' does not exist."),
        )
    })?;
    let page = query.page(
        list.cidrs.iter().collect(),
        UP_TO_100,
        world.ec2_api.page_size,
        false,
    )?;
    let mut xml = Xml::default();
    xml.list("entrySet", page.items, |xml, cidr| xml.text("cidr", cidr));
    xml.optional("nextToken", page.next);
    Ok(xml.finish())
}

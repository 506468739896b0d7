//! What the metadata services of instances and of tasks say.

use super::input::Input;
use crate::environment::ec2::{
    ADDRESS_ITEMS, INSTANCE_ITEMS, INTERFACE_ITEMS, Instance, Items, MACS, Standing, item_path,
    macs,
};
use crate::environment::ecs::Task;

const OWN: [&str; 2] = ["02:00:00:00:00:01", "02:00:00:00:00:02"];

/// Any texts as items of instance metadata: ids are ids, lists are bounded, and the host's interface is one of them.
pub(super) fn imds(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let source = input.address();
    let of_interface = INTERFACE_ITEMS.iter().chain(&ADDRESS_ITEMS);
    let paths: Vec<String> = INSTANCE_ITEMS
        .iter()
        .map(|path| (*path).to_owned())
        .chain([MACS.to_owned()])
        .chain(of_interface.flat_map(|name| OWN.map(|mac| item_path(mac, name))))
        .collect();
    let mut items = Items::new();
    while !input.is_empty() && items.len() < paths.len() {
        let path = input.pick(&paths).clone();
        items.insert(path, input.text());
    }
    if input.flag() {
        items.insert(MACS.to_owned(), OWN.join("/\n"));
    }
    let instance = Instance::read(&items);
    assert!(macs(&items).len() <= 32 && instance.interfaces.len() <= 32);
    let id = |text: &String| {
        assert!(
            text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            "{text:?}"
        );
    };
    [
        &instance.availability_zone,
        &instance.availability_zone_id,
        &instance.instance_id,
        &instance.account_id,
        &instance.partition,
    ]
    .into_iter()
    .flatten()
    .for_each(id);
    for one in &instance.interfaces {
        [&one.id, &one.owner_id, &one.vpc_id, &one.subnet_id]
            .into_iter()
            .flatten()
            .for_each(id);
        one.group_ids.iter().for_each(id);
        assert_eq!(one.mac.len(), 17);
        for length in [
            one.vpc_cidrs.len(),
            one.subnet_cidrs.len(),
            one.prefixes.len(),
            one.addresses.len(),
        ] {
            assert!(length <= 512);
        }
        assert!(one.addresses.iter().all(|address| one.holds(*address)));
    }
    for mac in [None, Some(OWN[0]), Some("02:00:00:00:00:09")] {
        match instance.interface_of(mac, &[source]) {
            Some(Standing::Own(own)) => assert!(Some(own.mac.as_str()) == mac || own.holds(source)),
            Some(Standing::Behind(_)) => assert!(mac.is_none()),
            Some(Standing::Unlisted(_)) => {}
            None => assert!(instance.interfaces.is_empty()),
        }
    }
    assert_eq!(instance.is_empty(), instance == Instance::default());
}

/// Any bytes as the answer of the task metadata service.
pub(super) fn ecs(bytes: &[u8]) {
    let Some(task) = Task::read(bytes) else {
        return;
    };
    assert!(task.arn_text.len() <= 4096 && task.arn.service == "ecs");
    assert!(
        !task.arn_text.contains(|c: char| c.is_control()),
        "{:?}",
        task.arn_text
    );
    assert!(task.launch_type.is_none_or(|text| text.len() <= 64));
    for text in [&task.availability_zone, &task.vpc_id]
        .into_iter()
        .flatten()
    {
        assert!(text.len() <= 64 && text.is_ascii());
    }
    for (at, network) in task.networks.iter().enumerate() {
        assert!(!task.networks.iter().take(at).any(|other| other == network));
        assert!(network.addresses.len() <= 512 && network.resolvers.len() <= 512);
    }
}

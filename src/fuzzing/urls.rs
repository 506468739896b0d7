//! URLs, host names, and what takes hosts off a proxy.

use std::net::IpAddr;

use super::input::Input;
use crate::catalog::{Catalog, NameForm, Region};
use crate::environment::arn::Arn;
use crate::environment::no_proxy::bypasses;
use crate::facts::queue_url::{QueueUrl, parse_queue_url};
use crate::gather::{ecs, proxy};
use crate::symptoms::denial;

/// Any text as a queue's URL, as a proxy's, and as the address of the task metadata service.
pub(super) fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse_queue_url(&text) {
        Ok(QueueUrl::Queue(queue)) => {
            let again = format!(
                "https://{}:{}/{}/{}",
                queue.host, queue.port, queue.account, queue.name
            );
            let again = parse_queue_url(&again);
            assert_eq!(
                again.as_ref().ok().and_then(QueueUrl::queue),
                Some(&queue),
                "{text:?}"
            );
            assert_eq!(queue.arn("aws").split(':').count(), 6);
            assert!(queue.name.len() <= 80 && queue.account.len() == 12);
        }
        Ok(QueueUrl::NotAQueue(reason)) => assert!(!reason.is_empty()),
        Err(error) => assert!(error.to_string().chars().count() < 2400, "{error}"),
    }
    let clean = proxy::without_userinfo(&text);
    assert!(
        !clean.contains(['@', '?', '#']) && clean.len() <= text.len(),
        "{clean:?}"
    );
    assert_eq!(proxy::without_userinfo(&clean), clean);
    if let Ok((socket, authority, path)) = ecs::destination(&text) {
        let own = match socket.ip() {
            IpAddr::V4(ip) => ip.octets()[0] == 127 || ip.octets()[..2] == [169, 254],
            IpAddr::V6(ip) => {
                let start = ip.segments();
                ip.is_loopback() || start[0] & 0xffc0 == 0xfe80 || start[..2] == [0xfd00, 0xec2]
            }
        };
        assert!(own, "{socket}");
        assert!(path.starts_with('/') && path.ends_with("/task"), "{path:?}");
        assert!(
            !path.contains(|c: char| c.is_control() || c == ' ' || c == '?'),
            "{path:?}"
        );
        let url = url::Url::parse(&format!("http://{authority}{path}"));
        let port = url.ok().and_then(|url| url.port_or_known_default());
        assert_eq!(port, Some(socket.port()), "{authority}");
    }
}

/// Any text as `NO_PROXY`, and any as a host.
pub(super) fn no_proxy(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let host = input.text();
    let list = input.rest_text();
    let found = bypasses(&list, &host);
    let each = list.split(|c: char| c == ',' || c.is_whitespace());
    assert_eq!(
        found,
        each.clone().any(|entry| bypasses(entry, &host)),
        "{list:?} {host:?}"
    );
    let reversed: Vec<&str> = each.rev().collect();
    assert_eq!(bypasses(&reversed.join(" "), &host), found);
    assert_eq!(bypasses(&list, &host.to_ascii_uppercase()), found);
    assert_eq!(bypasses(&list.to_ascii_uppercase(), &host), found);
    assert!(!found || bypasses(&format!("{list},example.com"), &host));
    if bypasses("*", &host) {
        assert!(bypasses(&format!("{list},*"), &host));
    } else {
        assert!(!found, "{host:?} is no host");
    }
}

/// Any text as a host name, and the names that the catalogue makes.
pub(super) fn hostname(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let catalog = Catalog::get();
    let found = catalog.identify(&text);
    let dotted = format!("{}.", text.to_ascii_uppercase());
    let told = |text: &str| {
        catalog
            .identify(text)
            .map(|it| (it.service.id(), it.form, it.region))
    };
    if found.is_some() && !text.ends_with('.') {
        assert_eq!(told(&text), told(&dotted));
    }
    assert!(
        catalog
            .service(&text)
            .is_none_or(|service| service.id().eq_ignore_ascii_case(&text))
    );
    let nearest = catalog.nearest(&text);
    assert!(nearest.is_none_or(|id| catalog.service(id).is_some()));

    let mut input = Input::new(bytes);
    let service = input.pick(catalog.services());
    let regions = [
        "us-east-1",
        "eu-west-1",
        "cn-north-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "us-iso-east-1",
    ];
    let Ok(region) = Region::parse(input.pick::<&str>(&regions)) else {
        panic!("these are regions");
    };
    let account = Some("123456789012").filter(|_| input.flag());
    let form = *input.pick(&NameForm::ALL);
    for name in service.hostnames(&region, account, form) {
        let Some(found) = catalog.identify(&name) else {
            panic!("{name} is not known");
        };
        assert_eq!(found.service.id(), service.id(), "{name}");
        // A service that is one for its whole partition has one region in all its names.
        let fits =
            |of: Region| of == region || form == NameForm::Global || name.contains(of.as_str());
        assert!(found.region.is_none_or(fits), "{name}");
    }
    let of_service = service.endpoint_service_name(&region);
    assert!(
        service.matches_service_name(&of_service, &region),
        "{of_service}"
    );
}

/// Any text as an ARN, as a region, and as the words of a refusal.
pub(super) fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(arn) = Arn::parse(&text) {
        assert!(text.starts_with("arn:") && text.splitn(6, ':').count() == 6);
        assert!(arn.account_id.is_none_or(|id| id.len() == 12));
    }
    if let Ok(region) = Region::parse(&text) {
        assert_eq!(region.as_str(), text);
        // What has no partition's shape counts as of the first, as in the SDKs.
        let of = region.partition();
        assert!(of.owns(&region) || of.name == "aws", "{region}");
    }
    let read = denial::read(&text);
    assert_eq!(denial::read(&text.to_ascii_uppercase()), read);
    assert_eq!(denial::read(&format!("{text}.")), read);
}

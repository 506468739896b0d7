use crate::environment::no_proxy::{https_proxy, is_exempt};
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// A proxy variable sends applications' service traffic to a proxy.
    ///
    /// vpcheck's own connections are always direct. Applications here obey the variable: their requests go to the proxy
    /// instead of the endpoint, or fail there. Requests for task or pod credentials suffer as well where link-local
    /// addresses are not exempt.
    ///
    /// ## Told apart by
    /// `HTTPS_PROXY` or `ALL_PROXY` (either case) is set, and `NO_PROXY` does not cover a name that was checked.
    ///
    /// ## Fix
    /// Add the names and the link-local addresses to `NO_PROXY`, in the unit, task definition or pod that sets the proxy.
    ///
    /// ## Source
    /// AWS SDKs and Tools Reference Guide, "HTTP proxy"; Amazon ECS Developer Guide, "HTTP proxy configuration".
    pub PROXY_IN_PATH, "proxy-in-path", Fail, Shared, find
}

/// Where credentials and metadata are served from.
const LINK_LOCAL: [&str; 3] = ["169.254.169.254", "169.254.170.2", "169.254.170.23"];

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let variables = &scene.facts.host.proxies;
    let Some(proxy) = https_proxy(variables) else {
        return Vec::new();
    };
    let proxied: Vec<_> = scene
        .facts
        .targets
        .iter()
        .flat_map(|target| {
            target
                .hostnames
                .iter()
                .map(move |name| (target, &name.name))
        })
        .filter(|(_, name)| !is_exempt(variables, name))
        .collect();
    if proxied.is_empty() {
        return Vec::new();
    }
    let severity = match proxied.iter().any(|(target, _)| target.required) {
        true => Severity::Fail,
        false => Severity::Warn,
    };
    let mut services: Vec<String> = Vec::new();
    for (target, _) in &proxied {
        if !services.contains(&target.service) {
            services.push(target.service.clone());
        }
    }
    let unread: Vec<_> = symptoms
        .where_kind(|kind| *kind == Kind::InventoryUnreachable)
        .map(|symptom| symptom.id)
        .collect();
    let names: Vec<&str> = proxied.iter().map(|(_, name)| name.as_str()).collect();
    let suffix = scene
        .partition()
        .map_or("amazonaws.com", |p| p.dns_suffix.as_str());
    let exempt = format!(".{suffix},{}", LINK_LOCAL.join(","));
    let current = variables
        .iter()
        .find(|variable| variable.name.eq_ignore_ascii_case("NO_PROXY"))
        .map(|variable| format!("{},", variable.value))
        .unwrap_or_default();
    vec![
        Cause::alone(&proxy.name, severity, services)
            .follows(unread)
            .title(format!("{} sends AWS traffic to a proxy", proxy.name))
            .because(format!(
                "{} is set to {}, and NO_PROXY does not cover {}: applications here go to the proxy, not to the endpoint.",
                proxy.name,
                proxy.value,
                names.join(", ")
            ))
            .evidence(format!("{}={}", proxy.name, proxy.value))
            .evidence(match current.is_empty() {
                true => "NO_PROXY is not set.".to_owned(),
                false => format!("NO_PROXY={}", current.trim_end_matches(',')),
            })
            .fix(
                "Exempt the names and the link-local addresses from the proxy.",
                vec![format!("export NO_PROXY={}", crate::rules::cause::quoted(&format!("{current}{exempt}")))],
            ),
    ]
}

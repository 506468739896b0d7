use crate::environment::no_proxy::{http_proxy, https_proxy, is_exempt};
use crate::facts::EnvironmentKind;
use crate::facts::host::Variable;
use crate::rules::cause::{Cause, quoted};
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
    match of_names(scene, symptoms) {
        Some(cause) => vec![cause],
        None => of_credentials(scene).into_iter().collect(),
    }
}

/// Task and pod credentials are served over plain HTTP at link-local addresses, which a proxy cannot reach.
fn of_credentials(scene: &Scene<'_>) -> Option<Cause> {
    let host = &scene.facts.host;
    let served_at = match host.kind {
        EnvironmentKind::Fargate | EnvironmentKind::EcsEc2 => "169.254.170.2",
        EnvironmentKind::Eks if !host.web_identity => "169.254.170.23",
        _ => return None,
    };
    let proxy = http_proxy(&host.proxies).filter(|_| !is_exempt(&host.proxies, served_at))?;
    Some(
        Cause::alone(&proxy.name, Severity::Fail, Vec::new())
            .title(format!("{} sends requests for credentials to a proxy", proxy.name))
            .because(format!(
                "{} is set to {}, and NO_PROXY does not cover {served_at}, where this workload's credentials are served.",
                proxy.name, proxy.value
            ))
            .evidence(format!("{}={}", proxy.name, proxy.value))
            .fix(
                "Exempt the link-local addresses from the proxy.",
                vec![exempting(&host.proxies, None)],
            )
            .assume(format!("proxy-removed={}", proxy.name)),
    )
}

fn of_names(scene: &Scene<'_>, symptoms: &Symptoms) -> Option<Cause> {
    let variables = &scene.facts.host.proxies;
    let proxy = https_proxy(variables)?;
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
        return None;
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
    let current = variables
        .iter()
        .find(|variable| variable.name.eq_ignore_ascii_case("NO_PROXY"))
        .map(|variable| format!("{},", variable.value))
        .unwrap_or_default();
    Some(
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
                vec![exempting(variables, Some(suffix))],
            )
            .assume(format!("proxy-removed={}", proxy.name))
    )
}

/// The variable that is obeyed, with what it lacks.
fn exempting(variables: &[Variable], suffix: Option<&str>) -> String {
    // Where both are set the lower-case one is obeyed by most applications.
    let current = ["no_proxy", "NO_PROXY"]
        .into_iter()
        .find_map(|name| variables.iter().find(|variable| variable.name == name));
    let name = current.map_or("NO_PROXY", |variable| variable.name.as_str());
    let mut parts: Vec<String> = Vec::new();
    let old = current.map_or("", |variable| variable.value.as_str());
    let suffix = suffix.map(|suffix| format!(".{suffix}"));
    let added = suffix.into_iter().chain(LINK_LOCAL.map(str::to_owned));
    for part in old
        .split(',')
        .map(|part| part.trim().to_owned())
        .chain(added)
    {
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    format!("export {name}={}", quoted(&parts.join(",")))
}

//! Which host an AWS SDK calls for a service here.

use std::fmt;

use url::Url;

use crate::catalog::{Catalog, NameForm, Region};
use crate::facts::host::Variable;

/// The place an API is called at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiHost {
    /// The host's name, or its address in an override.
    pub name: String,
    /// The port.
    pub port: u16,
    /// False where an override names an `http` endpoint.
    pub https: bool,
}

impl ApiHost {
    /// A host on the port of HTTPS.
    pub fn new(name: impl Into<String>) -> Self {
        ApiHost {
            name: name.into(),
            port: 443,
            https: true,
        }
    }

    /// The endpoint as the SDK takes it.
    pub(in crate::gather) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => format!("{scheme}://{}", self.name),
            (_, port) => format!("{scheme}://{}:{port}", self.name),
        }
    }
}

impl fmt::Display for ApiHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => f.write_str(&self.name),
            port => write!(f, "{}:{port}", self.name),
        }
    }
}

/// The host an SDK calls for this catalogue id: what a variable names, else the form that is switched on, else
/// the standard regional name.
///
/// The order is that of "Service-specific endpoints" in the AWS SDKs and Tools Reference Guide; endpoints in a
/// profile are left to the SDK itself.
pub fn api_host(service: &str, region: &str, switches: &[Variable]) -> ApiHost {
    overridden(service, switches).unwrap_or_else(|| regional(service, region, switches))
}

/// The endpoint that a variable names for this service, if one does.
pub(in crate::gather) fn overridden(service: &str, switches: &[Variable]) -> Option<ApiHost> {
    if is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", switches) {
        return None;
    }
    let own = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
    let url = value(&own, switches).or_else(|| value("AWS_ENDPOINT_URL", switches))?;
    // The SDK ignores an endpoint that is no URL.
    let url = Url::parse(url).ok()?;
    Some(ApiHost {
        name: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        https: url.scheme() == "https",
    })
}

/// The form of regional names that is switched on for applications here.
pub(in crate::gather) fn form(switches: &[Variable]) -> NameForm {
    match (
        is_on("AWS_USE_FIPS_ENDPOINT", switches),
        is_on("AWS_USE_DUALSTACK_ENDPOINT", switches),
    ) {
        (false, false) => NameForm::Standard,
        (false, true) => NameForm::DualStack,
        (true, false) => NameForm::Fips,
        (true, true) => NameForm::FipsDualStack,
    }
}

/// The regional name in the form that is switched on.
pub(in crate::gather) fn regional(service: &str, region: &str, switches: &[Variable]) -> ApiHost {
    let named = |form| {
        let region = Region::parse(region).ok()?;
        let names = Catalog::get()
            .service(service)?
            .hostnames(&region, None, form);
        names.into_iter().next()
    };
    let name = named(form(switches))
        .or_else(|| named(NameForm::Standard))
        // Only what is no region at all, or no service of the catalogue, gets here.
        .unwrap_or_else(|| format!("{service}.{region}.amazonaws.com"));
    ApiHost::new(name)
}

/// The switches among this process's environment variables that decide on endpoints.
pub(in crate::gather) fn switches_here() -> Vec<Variable> {
    let is_switch = |name: &str| {
        name.starts_with("AWS_ENDPOINT_URL")
            || matches!(
                name,
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
                    | "AWS_USE_FIPS_ENDPOINT"
                    | "AWS_USE_DUALSTACK_ENDPOINT"
            )
    };
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_switch(name))
        .map(|(name, value)| Variable { name, value })
        .collect()
}

fn is_on(name: &str, switches: &[Variable]) -> bool {
    value(name, switches).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

fn value<'a>(name: &str, switches: &'a [Variable]) -> Option<&'a str> {
    switches
        .iter()
        .find(|switch| switch.name == name)
        .map(|switch| switch.value.as_str())
        .filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(name: &str, value: &str) -> Variable {
        Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn the_standard_name_unless_something_is_switched_on() {
        let name = |switches: &[Variable]| api_host("ec2", "eu-west-1", switches).to_string();
        assert_eq!(name(&[]), "ec2.eu-west-1.amazonaws.com");
        assert_eq!(
            name(&[switch("AWS_USE_FIPS_ENDPOINT", "TRUE")]),
            "ec2-fips.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            name(&[switch("AWS_USE_DUALSTACK_ENDPOINT", "true")]),
            "ec2.eu-west-1.api.aws"
        );
        assert_eq!(
            name(&[switch("AWS_USE_DUALSTACK_ENDPOINT", "false")]),
            "ec2.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            api_host("ec2", "cn-north-1", &[]).name,
            "ec2.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn a_variable_of_the_service_goes_before_the_general_one() {
        let mut switches = vec![
            switch("AWS_ENDPOINT_URL", "http://localhost:4566"),
            switch("AWS_ENDPOINT_URL_EC2", "https://ec2.example:8443/x"),
        ];
        let host = api_host("ec2", "eu-west-1", &switches);
        assert_eq!(
            (host.to_string().as_str(), host.https),
            ("ec2.example:8443", true)
        );
        let host = api_host("sqs", "eu-west-1", &switches);
        assert_eq!(
            (host.url().as_str(), host.https),
            ("http://localhost:4566", false)
        );
        switches.push(switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"));
        assert_eq!(
            api_host("sqs", "eu-west-1", &switches).name,
            "sqs.eu-west-1.amazonaws.com"
        );
    }
}

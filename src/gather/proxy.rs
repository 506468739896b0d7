//! Variables that change where applications here connect to: proxies and the AWS endpoint switches.

use crate::environment::EnvSnapshot;
use crate::facts::host::Variable;

/// Proxy variables in the order in which they are reported; both cases, as applications differ in which they obey.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// AWS variables that change which endpoint an SDK calls ("AWS SDKs and Tools Reference Guide"), beside the
/// family `AWS_ENDPOINT_URL_<SERVICE>`.
const SWITCHES: [&str; 5] = [
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
];

/// The longest value that is kept.
const LONGEST: usize = 4096;

/// The proxy variables that are set, credentials removed.
pub fn proxies(env: &EnvSnapshot) -> Vec<Variable> {
    let set = PROXIES
        .iter()
        .filter_map(|name| Some((*name, env.get(name)?)));
    set.map(|(name, value)| match name {
        "NO_PROXY" | "no_proxy" => variable(name, value.to_owned()),
        _ => variable(name, without_userinfo(value)),
    })
    .collect()
}

/// The endpoint switches that are set, credentials removed.
pub fn switches(env: &EnvSnapshot) -> Vec<Variable> {
    env.iter()
        .filter(|(name, _)| SWITCHES.contains(name) || name.starts_with("AWS_ENDPOINT_URL_"))
        .map(|(name, value)| variable(name, without_userinfo(value)))
        .collect()
}

/// A URL without user and password, and without query and fragment, which may hold secrets as well.
///
/// A password may hold any character where people forget to escape it, so everything up to the last `@`
/// goes: rather too much than a piece of a password.
pub fn without_userinfo(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        // What precedes `://` in a password is no scheme.
        Some((scheme, rest)) if scheme.bytes().all(is_scheme) => (Some(scheme), rest),
        _ => (None, url),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match scheme {
        Some(scheme) => format!("{scheme}://{rest}"),
        None => rest.to_owned(),
    }
}

fn is_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

fn variable(name: &str, value: String) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value
            .chars()
            .take(LONGEST)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_pass() {
        for (url, clean) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://user:secret@proxy:3128/", "http://proxy:3128/"),
            ("user:secret@proxy:3128", "proxy:3128"),
            ("http://user:sec/r@et@proxy:3128", "http://proxy:3128"),
            ("http://user:sec?re#t@proxy", "http://proxy"),
            ("user:se://cret@proxy", "proxy"),
            (
                "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
                "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
            ),
            ("https://host/path?token=secret#secret", "https://host/path"),
            ("socks5h://[fd00::1]:1080", "socks5h://[fd00::1]:1080"),
        ] {
            assert_eq!(without_userinfo(url), clean);
        }
    }

    #[test]
    fn the_variables_that_matter_are_kept() {
        let env = EnvSnapshot::new([
            ("https_proxy", "http://u:secret@proxy:3128"),
            ("NO_PROXY", "localhost,.amazonaws.com"),
            ("HTTP_PROXY", ""),
            ("AWS_ENDPOINT_URL_SQS", "https://u:secret@x"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("AWS_PROFILE", "p"),
        ]);
        let names = |list: &[Variable]| list.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&proxies(&env)), ["https_proxy", "NO_PROXY"]);
        assert_eq!(
            names(&switches(&env)),
            ["AWS_ENDPOINT_URL_SQS", "AWS_USE_FIPS_ENDPOINT"]
        );
        let all = format!("{:?}{:?}", proxies(&env), switches(&env));
        assert!(!all.contains("secret"));
    }

    proptest::proptest! {
        #[test]
        fn no_password_survives(user in "[a-z]{1,5}", host in "[a-z]{1,9}", junk in "[/?#@:%a-z]{0,9}") {
            let clean = without_userinfo(&format!("http://{user}:{junk}5ecret{junk}@{host}:3128"));
            proptest::prop_assert_eq!(clean, format!("http://{host}:3128"));
        }
    }
}

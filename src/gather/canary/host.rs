//! Which host the canary's call goes to.

use crate::catalog::NameForm;
use crate::facts::host::Variable;
use crate::facts::queue_url::Queue;
use crate::gather::aws::{ApiHost, form, overridden, regional};

/// The host an SDK would call for this queue in this region.
///
/// An endpoint that a variable names goes first, then an endpoint's own name in the queue URL, then the form of
/// name that is switched on. SDKs of today call the standard regional name whatever legacy name the queue URL
/// has (Amazon SQS Developer Guide, "Amazon SQS endpoints and quotas"); any other host is the URL's own.
pub fn canary_host(queue: &Queue, region: &str, switches: &[Variable]) -> ApiHost {
    if let Some(host) = overridden("sqs", switches) {
        return host;
    }
    let plain = queue.is_legacy || queue.host == regional("sqs", &queue.region, &[]).name;
    let switched = form(switches) != NameForm::Standard;
    if queue.is_legacy || (plain && switched) {
        return regional("sqs", region, switches);
    }
    ApiHost {
        name: queue.host.clone(),
        port: queue.port,
        https: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::queue_url::parse_queue_url;

    fn host(queue_host: &str, switches: &[(&str, &str)]) -> String {
        let url = format!("https://{queue_host}/123456789012/q");
        let parsed = parse_queue_url(&url).unwrap();
        let switches: Vec<Variable> = switches
            .iter()
            .map(|(name, value)| Variable {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect();
        canary_host(parsed.queue().unwrap(), "us-east-1", &switches).to_string()
    }

    #[test]
    fn the_urls_host_unless_it_is_a_legacy_name() {
        for (url, called) in [
            ("sqs.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"),
            (
                "sqs.us-east-1.amazonaws.com:8443",
                "sqs.us-east-1.amazonaws.com:8443",
            ),
            ("sqs.us-east-1.api.aws", "sqs.us-east-1.api.aws"),
            (
                "sqs-fips.us-east-1.amazonaws.com",
                "sqs-fips.us-east-1.amazonaws.com",
            ),
            ("queue.amazonaws.com", "sqs.us-east-1.amazonaws.com"),
            (
                "us-east-1.queue.amazonaws.com",
                "sqs.us-east-1.amazonaws.com",
            ),
            (
                "vpce-1-2.sqs.us-east-1.vpce.amazonaws.com",
                "vpce-1-2.sqs.us-east-1.vpce.amazonaws.com",
            ),
        ] {
            assert_eq!(host(url, &[]), called);
        }
    }

    #[test]
    fn variables_decide_as_they_do_for_applications() {
        let fips = [("AWS_USE_FIPS_ENDPOINT", "true")];
        let own = [("AWS_ENDPOINT_URL_SQS", "https://sqs.example"), fips[0]];
        let vpce = "vpce-1-2.sqs.us-east-1.vpce.amazonaws.com";
        assert_eq!(
            host("sqs.us-east-1.amazonaws.com", &fips),
            "sqs-fips.us-east-1.amazonaws.com"
        );
        assert_eq!(
            host("queue.amazonaws.com", &fips),
            "sqs-fips.us-east-1.amazonaws.com"
        );
        assert_eq!(host("sqs.us-east-1.amazonaws.com", &own), "sqs.example");
        assert_eq!(host(vpce, &fips), vpce);
        assert_eq!(host(vpce, &own), "sqs.example");
    }
}

//! Parameters of AWS Systems Manager Parameter Store: `GetParameters` and `PutParameter`.

use serde_json::{Value, json};

use super::{ApiAnswer, ApiCall, ApiHost, AwsAccess};
use crate::facts::inventory_place::SsmParameter;
use crate::facts::{Failure, FailureKind};
use crate::gather::aws::failure::kind_of_code;
use crate::gather::tcp;

/// So many parameters one call asks for at the most ("GetParameters", AWS Systems Manager API Reference).
pub const AT_ONCE: usize = 10;

/// `GetParameters` with these names, which are of the place's own.
pub fn get(access: &AwsAccess, place: &SsmParameter, names: &[String]) -> ApiCall {
    let names: Vec<&String> = names.iter().take(AT_ONCE).collect();
    // A parameter that somebody made a SecureString of is still one.
    let input = json!({"Names": names, "WithDecryption": true});
    call(access, place, "GetParameters", &input)
}

/// `PutParameter`, which replaces what is there.
pub fn put(access: &AwsAccess, place: &SsmParameter, name: &str, value: &str) -> ApiCall {
    let mut input = json!({
        "Name": name,
        "Type": "String",
        "Value": value,
        "Overwrite": true,
        "Description": "An inventory of a VPC, by vpcheck",
    });
    // What is advanced once stays so; a tier that is not named leaves the choice to the account's settings.
    if place.advanced {
        input["Tier"] = json!("Advanced");
    }
    call(access, place, "PutParameter", &input)
}

/// The values of the parameters asked for, in the order of their names; none for what does not exist.
///
/// # Errors
/// What the service refuses, in its words, and what is no answer of it.
pub fn values(answer: &ApiAnswer, names: &[String]) -> Result<Vec<Option<String>>, Failure> {
    if answer.status != 200 {
        return Err(refusal(answer));
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::new(FailureKind::Malformed, "no answer of Parameter Store"))?;
    let Some(found) = body["Parameters"].as_array() else {
        return Err(Failure::new(
            FailureKind::Malformed,
            "no answer of Parameter Store",
        ));
    };
    let value = |name: &String| {
        let parameter = found.iter().find(|one| one["Name"] == name.as_str())?;
        Some(parameter["Value"].as_str()?.to_owned())
    };
    Ok(names.iter().map(value).collect())
}

/// Why the service did not do what it was asked ("Common errors", AWS Systems Manager API Reference).
pub fn refusal(answer: &ApiAnswer) -> Failure {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["__type"].as_str().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = ["message", "Message"]
        .iter()
        .find_map(|key| body[*key].as_str())
        .filter(|message| !message.is_empty());
    let kind = match (answer.status, code) {
        (429, _) | (503, "") => FailureKind::Throttled,
        (403, "") => FailureKind::Denied,
        (_, "TooManyUpdates") => FailureKind::Throttled,
        (_, code) => kind_of_code(code),
    };
    let said = match (code, message) {
        ("", _) => format!("status {}", answer.status),
        (code, Some(message)) => format!("{code}: {message}"),
        (code, None) => code.to_owned(),
    };
    Failure::new(kind, tcp::bounded(&said))
}

/// A call of the JSON protocol: the target says which operation (AWS JSON 1.1, Smithy specification).
fn call(access: &AwsAccess, place: &SsmParameter, operation: &str, input: &Value) -> ApiCall {
    let mut host = access.api_host("ssm");
    let region = place.region.as_deref().unwrap_or(access.region());
    if host.https && host.name.starts_with("ssm") && region != access.region() {
        host = ApiHost::new(host.name.replacen(access.region(), region, 1));
    }
    ApiCall {
        service: "ssm".to_owned(),
        region: region.to_owned(),
        host,
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.1".to_owned(),
            ),
            ("x-amz-target".to_owned(), format!("AmazonSSM.{operation}")),
        ],
        body: input.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::InventoryPlace;
    use crate::gather::aws::InstanceSource;
    use crate::gather::tls::Roots;

    fn answer(status: u16, body: &str) -> ApiAnswer {
        ApiAnswer {
            status,
            etag: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn parameters_are_asked_for_and_written_in_their_region() {
        let access = AwsAccess::new(
            "eu-west-1",
            Roots::from_pem(b""),
            InstanceSource::known(false),
            Vec::new(),
        );
        let place: InventoryPlace = "ssm:/a?region=us-east-1&tier=advanced".parse().unwrap();
        let InventoryPlace::Ssm(place) = place else {
            panic!("{place}");
        };
        let names: Vec<String> = (0..20).map(|n| format!("/a/{n}")).collect();
        let asked = get(&access, &place, &names);
        assert_eq!(asked.host.name, "ssm.us-east-1.amazonaws.com");
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body["Names"].as_array().unwrap().len(), AT_ONCE);
        let written = put(&access, &place, "/a", "{}");
        let body: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(
            (&body["Tier"], &body["Overwrite"]),
            (&json!("Advanced"), &json!(true))
        );
    }

    #[test]
    fn answers_are_told_apart() {
        let names = ["/a".to_owned(), "/a/2".to_owned()];
        let body = r#"{"Parameters":[{"Name":"/a/2","Value":"two"}],"InvalidParameters":["/a"]}"#;
        let found = values(&answer(200, body), &names).unwrap();
        assert_eq!(found, [None, Some("two".to_owned())]);
        for (status, body, kind) in [
            (
                400,
                r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
                FailureKind::Throttled,
            ),
            (
                400,
                r#"{"__type":"AccessDeniedException","Message":"no"}"#,
                FailureKind::Denied,
            ),
            (
                400,
                r#"{"__type":"com.amazonaws.ssm#UnrecognizedClientException"}"#,
                FailureKind::Credentials,
            ),
            (
                400,
                r#"{"__type":"ValidationException"}"#,
                FailureKind::Service,
            ),
            (503, "", FailureKind::Throttled),
            (200, "[]", FailureKind::Malformed),
            (200, "<html>", FailureKind::Malformed),
        ] {
            let failure = values(&answer(status, body), &names).unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {body}");
        }
    }
}

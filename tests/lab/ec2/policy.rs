//! Policy documents, as far as scenarios use them. What is not understood is said, never guessed.

use serde_json::Value;

use super::query::wildcard;

/// The call a document is asked about.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// `sqs:SendMessage`.
    pub action: &'a str,
    /// The queue's ARN.
    pub resource: &'a str,
    /// The caller's ARN, `arn:aws:sts::…:assumed-role/…/…` or `arn:aws:iam::…:user/…`.
    pub principal: &'a str,
    /// What the condition keys hold, by their name in small letters. An absent key is absent.
    pub context: Vec<(&'static str, String)>,
}

/// What one document says of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement is about it.
    Silent,
}

/// Evaluates a document; an error names what it does not understand.
///
/// `principals` is false for identity policies, which have no `Principal`.
pub fn evaluate(document: &str, call: &Call<'_>, principals: bool) -> Result<Effect, String> {
    let document: Value =
        serde_json::from_str(document).map_err(|error| format!("not JSON: {error}"))?;
    let mut effect = Effect::Silent;
    for statement in many(&document["Statement"]) {
        let applies = named(statement, "Action", "NotAction", |pattern| {
            wildcard(
                &pattern.to_ascii_lowercase(),
                &call.action.to_ascii_lowercase(),
            )
        })? && named(statement, "Resource", "NotResource", |pattern| {
            wildcard(pattern, call.resource)
        })? && (!principals || principal_matches(statement, call.principal)?)
            && conditions_hold(&statement["Condition"], &call.context)?;
        match statement["Effect"].as_str() {
            Some("Deny") if applies => return Ok(Effect::Denied),
            Some("Allow") if applies => effect = Effect::Allowed,
            Some("Allow" | "Deny") => {}
            other => return Err(format!("Effect {other:?}")),
        }
    }
    Ok(effect)
}

/// The role or user behind a caller's ARN: what `aws:PrincipalArn` holds.
pub fn principal_arn(caller: &str) -> String {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    if let [arn, partition, "sts", region, account, rest] = parts.as_slice()
        && let Some((role, _session)) = rest
            .strip_prefix("assumed-role/")
            .and_then(|rest| rest.rsplit_once('/'))
    {
        return format!("{arn}:{partition}:iam:{region}:{account}:role/{role}");
    }
    caller.to_owned()
}

/// The account in an ARN.
pub fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// One value or a list of them.
fn many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

fn named(
    statement: &Value,
    yes: &str,
    no: &str,
    matches: impl Fn(&str) -> bool,
) -> Result<bool, String> {
    let any = |value: &Value| -> Result<bool, String> {
        let mut found = false;
        for pattern in many(value) {
            found |= matches(
                pattern
                    .as_str()
                    .ok_or_else(|| format!("{yes}: {pattern}"))?,
            );
        }
        Ok(found)
    };
    match (statement.get(yes), statement.get(no)) {
        (Some(value), None) => any(value),
        (None, Some(value)) => Ok(!any(value)?),
        _ => Err(format!("a statement needs one of {yes} and {no}")),
    }
}

fn principal_matches(statement: &Value, caller: &str) -> Result<bool, String> {
    let any = |value: &Value| -> Result<bool, String> {
        let listed = match value {
            Value::Object(kinds) => match kinds.get("AWS") {
                Some(listed) => many(listed),
                // A service or a federated user: never this caller.
                None => return Ok(false),
            },
            other => many(other),
        };
        let mut found = false;
        for one in listed {
            let one = one.as_str().ok_or_else(|| format!("Principal: {one}"))?;
            let account = account_of(caller);
            found |= one == "*"
                || one == account
                || one == caller
                || one == principal_arn(caller)
                || one
                    .strip_prefix("arn:")
                    .is_some_and(|_| one.ends_with(":root") && account_of(one) == account);
        }
        Ok(found)
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => any(value),
        (None, Some(value)) => Ok(!any(value)?),
        _ => Err("a statement needs one of Principal and NotPrincipal".to_owned()),
    }
}

/// Every operator and every key in it must hold.
fn conditions_hold(conditions: &Value, context: &[(&'static str, String)]) -> Result<bool, String> {
    let Value::Object(operators) = conditions else {
        return if conditions.is_null() {
            Ok(true)
        } else {
            Err(format!("Condition: {conditions}"))
        };
    };
    let mut all = true;
    for (operator, keys) in operators {
        let keys = keys
            .as_object()
            .ok_or_else(|| format!("Condition {operator}: {keys}"))?;
        for (key, wanted) in keys {
            let key = key.to_ascii_lowercase();
            let held = context
                .iter()
                .find(|(name, _)| **name == key)
                .map(|(_, value)| value.as_str());
            all &= condition_holds(operator, held, wanted)?;
        }
    }
    Ok(all)
}

fn condition_holds(operator: &str, held: Option<&str>, wanted: &Value) -> Result<bool, String> {
    let wanted: Vec<String> = many(wanted)
        .iter()
        .map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(format!("Condition {operator}: {other}")),
        })
        .collect::<Result<_, _>>()?;
    if operator == "Null" {
        return Ok(wanted.iter().any(|want| (want == "true") == held.is_none()));
    }
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let equal = |matches: &dyn Fn(&str, &str) -> bool| -> bool {
        held.is_some_and(|held| wanted.iter().any(|want| matches(want, held)))
    };
    let exact = |want: &str, held: &str| want == held;
    // An absent key fails a positive operator and passes a negated one; with IfExists it passes both.
    let absent = if_exists && held.is_none();
    match operator {
        "StringEquals" => Ok(absent || equal(&exact)),
        "StringNotEquals" => Ok(!equal(&exact)),
        "StringEqualsIgnoreCase" => Ok(absent || equal(&|a, b| a.eq_ignore_ascii_case(b))),
        "StringNotEqualsIgnoreCase" => Ok(!equal(&|a, b| a.eq_ignore_ascii_case(b))),
        "StringLike" | "ArnLike" | "ArnEquals" => Ok(absent || equal(&wildcard)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Ok(!equal(&wildcard)),
        "Bool" => Ok(absent || equal(&|a, b| a.eq_ignore_ascii_case(b))),
        "IpAddress" => Ok(absent || equal(&in_range)),
        "NotIpAddress" => Ok(!equal(&in_range)),
        other => Err(format!("condition operator {other}")),
    }
}

fn in_range(range: &str, address: &str) -> bool {
    let Ok(address) = address.parse::<std::net::IpAddr>() else {
        return false;
    };
    match range.parse::<ipnet::IpNet>() {
        Ok(range) => range.contains(&address),
        Err(_) => range.parse() == Ok(address),
    }
}

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests {
    use super::*;

    fn call(context: Vec<(&'static str, String)>) -> Call<'static> {
        Call {
            action: "sqs:SendMessage",
            resource: "arn:aws:sqs:us-east-1:123456789012:canary",
            principal: "arn:aws:sts::123456789012:assumed-role/app/i-1",
            context,
        }
    }

    fn via(endpoint: &str) -> Call<'static> {
        call(vec![("aws:sourcevpce", endpoint.to_owned())])
    }

    const DENY_ELSEWHERE: &str = r#"{"Statement":[
        {"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sqs:*","Resource":"*"},
        {"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:canary",
         "Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-1"}}}]}"#;

    #[test]
    fn source_endpoint_conditions_follow_the_path() {
        let effect = |call: &Call<'_>| evaluate(DENY_ELSEWHERE, call, true).expect("understood");
        assert_eq!(effect(&via("vpce-1")), Effect::Allowed);
        assert_eq!(effect(&via("vpce-2")), Effect::Denied);
        assert_eq!(
            effect(&call(vec![])),
            Effect::Denied,
            "an absent key differs from all"
        );
    }

    #[test]
    fn if_exists_lets_an_absent_key_pass_an_allow_but_not_stop_a_deny() {
        let allow = |operator: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
                "Condition":{{"{operator}":{{"aws:SourceVpce":["vpce-1"]}}}}}}}}"#
            )
        };
        let plain = evaluate(&allow("StringEquals"), &call(vec![]), true);
        assert_eq!(plain, Ok(Effect::Silent));
        let lenient = evaluate(&allow("StringEqualsIfExists"), &call(vec![]), true);
        assert_eq!(lenient, Ok(Effect::Allowed));
        let null = allow("Null").replace("[\"vpce-1\"]", "\"true\"");
        assert_eq!(evaluate(&null, &call(vec![]), true), Ok(Effect::Allowed));
        assert_eq!(evaluate(&null, &via("vpce-1"), true), Ok(Effect::Silent));
    }

    #[test]
    fn principals_may_be_accounts_roots_roles_and_sessions() {
        for (principal, expected) in [
            (r#""*""#, Effect::Allowed),
            (r#"{"AWS":"*"}"#, Effect::Allowed),
            (
                r#"{"AWS":["999999999999","arn:aws:iam::123456789012:root"]}"#,
                Effect::Allowed,
            ),
            (
                r#"{"AWS":"arn:aws:iam::123456789012:role/app"}"#,
                Effect::Allowed,
            ),
            (
                r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/app/i-1"}"#,
                Effect::Allowed,
            ),
            (
                r#"{"AWS":"arn:aws:iam::123456789012:role/other"}"#,
                Effect::Silent,
            ),
            (r#"{"Service":"sns.amazonaws.com"}"#, Effect::Silent),
        ] {
            let document = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"NotAction":"s3:*","Resource":"*"}}]}}"#
            );
            assert_eq!(
                evaluate(&document, &call(vec![]), true),
                Ok(expected),
                "{principal}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let document = DENY_ELSEWHERE.replace("StringNotEquals", "DateGreaterThan");
        assert!(evaluate(&document, &via("vpce-1"), true).is_err());
        assert!(evaluate("{", &via("vpce-1"), true).is_err());
        let document = DENY_ELSEWHERE.replace("\"Principal\":\"*\",", "");
        assert!(evaluate(&document, &via("vpce-1"), true).is_err());
    }
}

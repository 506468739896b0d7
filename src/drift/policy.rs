//! Policies by their statements: order, spelling and a list of one are no difference.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a policy says, statement by statement, as compact JSON that is the same for what means the same.
pub(super) fn statements(policy: Option<&str>) -> Vec<String> {
    let Some(text) = policy else {
        return vec!["none".to_owned()];
    };
    // What is no JSON is compared as it stands.
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return vec![text.to_owned()];
    };
    let statements = match &document["Statement"] {
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Null => vec![plain(&document)],
        one => vec![plain(one)],
    };
    statements.iter().map(Value::to_string).collect()
}

/// Lists sorted, and lists of one as the one: neither means anything in a policy (IAM User Guide, "Grammar of the IAM
/// JSON policy language").
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => {
            let mut all: Vec<Value> = all.iter().map(plain).collect();
            match all.len() {
                1 => all.remove(0),
                _ => {
                    all.sort_by_key(Value::to_string);
                    all.dedup();
                    Value::Array(all)
                }
            }
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, plain(value))).collect();
            let sorted = sorted.into_iter();
            sorted.map(|(key, value)| (key.clone(), value)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        let one = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*"],"Resource":["b","a"],"Principal":"*"}]}"#;
        let other = r#"{"Statement":{"Principal":"*","Resource":["a","b"],"Action":"sqs:*","Effect":"Allow"}}"#;
        assert_eq!(statements(Some(one)), statements(Some(other)));
        let deny = one.replace("Allow", "Deny");
        assert_ne!(statements(Some(one)), statements(Some(&deny)));
        assert_eq!(statements(None), ["none"]);
        assert_eq!(statements(Some("{")), ["{"]);
    }
}

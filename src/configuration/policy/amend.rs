//! A document with one thing changed, to be pasted.

use serde_json::{Value, json};

/// The document with one value more under a condition of a statement. None where there is no such condition.
pub fn with_value(
    document: &str,
    statement: usize,
    operator: &str,
    key: &str,
    value: &str,
) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    let statements = document.get_mut("Statement")?;
    let statement = match statements {
        Value::Array(statements) => statements.get_mut(statement)?,
        one => Some(one).filter(|_| statement == 0)?,
    };
    let values = statement
        .get_mut("Condition")?
        .get_mut(operator)?
        .get_mut(key)?;
    match values {
        Value::Array(values) => values.push(json!(value)),
        one => *one = json!([one.clone(), value]),
    }
    Some(document.to_string())
}

/// The document with one statement more. None where it has no list of statements.
pub fn with_statement(document: &str, statement: Value) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    match document.get_mut("Statement")? {
        Value::Array(statements) => statements.push(statement),
        one @ Value::Object(_) => *one = json!([one.clone(), statement]),
        _ => return None,
    }
    Some(document.to_string())
}

/// The document without one of its statements. None where it has no such one, or no other.
pub fn without_statement(document: &str, statement: usize) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    let statements = document.get_mut("Statement")?.as_array_mut()?;
    if statement >= statements.len() || statements.len() < 2 {
        return None;
    }
    statements.remove(statement);
    Some(document.to_string())
}

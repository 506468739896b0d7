//! As much of a POSIX shell as fixes use: quotes, `$NAME`, `$(…)`, assignments, `|`, `&&`, `until … do sleep … done`.

use super::{Setting, endpoints};

/// A part of a word: its text, and whether fields are split in it.
#[derive(Debug)]
enum Part {
    Text(String),
    Variable { name: String, split: bool },
    Command { line: String, split: bool },
}

#[derive(Debug)]
enum Token {
    Word(Vec<Part>),
    Operator(String),
}

/// Runs a line.
pub fn run(setting: &mut Setting, line: &str) -> Result<String, String> {
    if let Some(rest) = line.strip_prefix("until ") {
        return until(setting, rest);
    }
    let mut printed = String::new();
    let mut words: Vec<Vec<Part>> = Vec::new();
    let mut tokens = tokens(line)?.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => words.push(word),
            Token::Operator(operator) => match operator.as_str() {
                "|" | "&&" | ";" => {
                    printed = simple(setting, std::mem::take(&mut words))?;
                }
                "||" => match simple(setting, std::mem::take(&mut words)) {
                    Ok(printed) => return Ok(printed),
                    Err(_) => printed = String::new(),
                },
                "<" => match tokens.next() {
                    Some(Token::Word(_)) => {}
                    _ => return Err("no file after <".into()),
                },
                other => return Err(format!("{other} is not understood")),
            },
        }
    }
    match words.is_empty() {
        true => Ok(printed),
        false => simple(setting, words),
    }
}

fn simple(setting: &mut Setting, words: Vec<Vec<Part>>) -> Result<String, String> {
    let first = words.first().ok_or("a command is missing")?;
    if words.len() == 1
        && let Some(Part::Text(text)) = first.first()
        && let Some((name, _)) = text.split_once('=')
        && is_name(name)
    {
        let name = name.to_owned();
        let value = expand(setting, first)?.join(" ");
        let value = value[name.len() + 1..].to_owned();
        setting.variables.insert(name, value);
        return Ok(String::new());
    }
    let mut fields = Vec::new();
    for word in &words {
        fields.extend(expand(setting, word)?);
    }
    setting.execute(&fields)
}

/// `until [ A = B ]; do sleep N; done`: time passes, and the condition then has to hold.
fn until(setting: &mut Setting, rest: &str) -> Result<String, String> {
    let (condition, body) = rest.split_once("; do ").ok_or("until without do")?;
    let body = body.strip_suffix("; done").ok_or("until without done")?;
    let seconds = body.strip_prefix("sleep ").ok_or("until does not sleep")?;
    seconds.parse::<u32>().map_err(|e| e.to_string())?;
    endpoints::time_passes(setting);
    let mut fields = Vec::new();
    for token in tokens(condition)? {
        let Token::Word(word) = token else {
            return Err("an operator in a condition".into());
        };
        fields.extend(expand(setting, &word)?);
    }
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let holds = match fields.as_slice() {
        ["[", left, "=", right, "]"] => left == right,
        ["[", "-z", text, "]"] => text.is_empty(),
        _ => return Err(format!("the condition {condition} is not understood")),
    };
    match holds {
        true => Ok(String::new()),
        false => Err("the loop would never end".into()),
    }
}

fn expand(setting: &mut Setting, word: &[Part]) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted_or_text = false;
    for part in word {
        let (text, split) = match part {
            Part::Text(text) => (text.clone(), false),
            Part::Variable { name, split } => (setting.variable(name), *split),
            Part::Command { line, split } => (run(setting, line)?, *split),
        };
        quoted_or_text |= !split;
        let last = fields.len() - 1;
        match split {
            false => fields[last].push_str(&text),
            true => {
                for (index, field) in text.split_whitespace().enumerate() {
                    match index {
                        0 => fields[last].push_str(field),
                        _ => fields.push(field.to_owned()),
                    }
                }
            }
        }
    }
    if !quoted_or_text {
        fields.retain(|field| !field.is_empty());
    }
    Ok(fields)
}

fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut word: Option<Vec<Part>> = None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            ' ' | '\t' => {
                tokens.extend(word.take().map(Token::Word));
                rest = after;
            }
            '|' | '&' | ';' | '<' | '>' | '\n' | '(' | ')' => {
                tokens.extend(word.take().map(Token::Word));
                let operator = match ["&&", "||"].into_iter().find(|both| rest.starts_with(both)) {
                    Some(both) => both.to_owned(),
                    None => c.to_string(),
                };
                rest = &rest[operator.len()..];
                tokens.push(Token::Operator(operator));
            }
            '\'' => {
                let end = after.find('\'').ok_or("a quote is not closed")?;
                let parts = word.get_or_insert_default();
                parts.push(Part::Text(after[..end].to_owned()));
                rest = &after[end + 1..];
            }
            '"' => rest = double_quoted(after, word.get_or_insert_default())?,
            '$' => {
                let (part, left) = dollar(after, true)?;
                word.get_or_insert_default().push(part);
                rest = left;
            }
            '\\' => {
                let escaped = after.chars().next().ok_or("a backslash at the end")?;
                push(word.get_or_insert_default(), escaped);
                rest = &after[escaped.len_utf8()..];
            }
            '`' | '*' | '?' | '#' | '~' if word.is_none() || c == '`' || c == '*' || c == '?' => {
                return Err(format!("{c} is not quoted"));
            }
            '{' | '[' if word.is_some() => return Err(format!("{c} is not quoted")),
            other => {
                push(word.get_or_insert_default(), other);
                rest = after;
            }
        }
    }
    tokens.extend(word.take().map(Token::Word));
    Ok(tokens)
}

fn double_quoted<'a>(text: &'a str, parts: &mut Vec<Part>) -> Result<&'a str, String> {
    // An empty quoted word is a word.
    parts.push(Part::Text(String::new()));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '"' => return Ok(after),
            '$' => {
                let (part, left) = dollar(after, false)?;
                parts.push(part);
                rest = left;
            }
            '\\' if after.starts_with(['"', '\\', '$', '`']) => {
                push(parts, after.chars().next().unwrap_or('\\'));
                rest = &after[1..];
            }
            '`' | '!' => return Err(format!("{c} within double quotes")),
            other => {
                push(parts, other);
                rest = after;
            }
        }
    }
    Err("a double quote is not closed".into())
}

/// What stands after a dollar, and the rest.
fn dollar(text: &str, split: bool) -> Result<(Part, &str), String> {
    if let Some(inner) = text.strip_prefix('(') {
        let end = closing(inner)?;
        let line = inner[..end].to_owned();
        return Ok((Part::Command { line, split }, &inner[end + 1..]));
    }
    let length = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let name = text[..length].to_owned();
    match is_name(&name) {
        true => Ok((Part::Variable { name, split }, &text[length..])),
        false => Err("a dollar that begins nothing".into()),
    }
}

/// Where the parenthesis closes, quotes and inner ones left out.
fn closing(text: &str) -> Result<usize, String> {
    let mut depth = 0;
    let (mut single, mut double) = (false, Vec::<bool>::new());
    double.push(false);
    for (index, c) in text.char_indices() {
        let in_double = double.last().copied().unwrap_or(false);
        match c {
            '\'' if !in_double => single = !single,
            _ if single => {}
            '"' => {
                if let Some(last) = double.last_mut() {
                    *last = !*last;
                }
            }
            '(' => {
                depth += 1;
                double.push(false);
            }
            ')' if depth == 0 => return Ok(index),
            ')' => {
                depth -= 1;
                double.pop();
            }
            _ => {}
        }
    }
    Err("$( is not closed".into())
}

fn push(parts: &mut Vec<Part>, c: char) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push(c),
        _ => parts.push(Part::Text(c.to_string())),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

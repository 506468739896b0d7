//! Reads Rust sources as far as the rules about them need: without comments, texts and tests.

use std::path::{Path, PathBuf};

/// A file of `src`.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path below `src`, as in `rules/answers/endpoint_missing.rs`.
    pub(crate) path: String,
    /// Its module, as in `["rules", "answers", "endpoint_missing"]`; empty for the crate's root.
    pub(crate) module: Vec<String>,
    /// Its text.
    pub(crate) text: String,
    /// Its code: comments, texts and test modules are blanks, and every line is where it was.
    pub(crate) code: String,
}

impl Source {
    /// The room it is in, as in `rules`; `main` or `lib` for those files.
    pub(crate) fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Whether all of it is for tests: it, or a module it is in, is one of its parent's `#[cfg(test)]` modules.
    pub(crate) fn is_test(&self, all: &[Source]) -> bool {
        (1..=self.module.len()).any(|depth| {
            let (parents, name) = (&self.module[..depth - 1], &self.module[depth - 1]);
            let parent = all
                .iter()
                .find(|s| s.module == parents && s.path != "main.rs");
            parent.is_some_and(|parent| {
                let marks = ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]"];
                let mut after_mark = false;
                parent.text.lines().any(|line| {
                    let found = after_mark && line.ends_with(&format!("mod {name};"));
                    after_mark = marks.iter().any(|mark| line.contains(mark));
                    found
                })
            })
        })
    }

    /// Every path into this crate that it names, from the crate's root.
    pub(crate) fn uses(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        for (at, word) in words(&self.code) {
            let before = self.code[..at].trim_end();
            if before.ends_with("::") {
                continue;
            }
            let base = match word {
                "crate" => Vec::new(),
                "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
                "self" => self.module.clone(),
                _ => continue,
            };
            if let Some(rest) = self.code[at + word.len()..].strip_prefix("::") {
                use_tree(rest, base, &mut found);
            }
        }
        found
    }
}

/// Every Rust file below `src`, sorted by path; those only for tests are in.
pub(crate) fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(&root).unwrap().display().to_string();
        new(path, text)
    };
    paths.into_iter().map(read).collect()
}

/// A source of this path and text.
pub(crate) fn new(path: String, text: String) -> Source {
    let stem = path.strip_suffix(".rs").unwrap_or(&path);
    let module = match stem {
        "lib" | "main" => Vec::new(),
        stem => stem.split('/').map(str::to_owned).collect(),
    };
    let code = without_tests(&without_texts(&text));
    Source {
        path,
        module,
        text,
        code,
    }
}

/// The words of a piece of code and where they are.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Follows `a::b`, `{a, b::{c, d}}` and `*` from the code after a prefix; gives back what comes after it.
fn use_tree<'a>(code: &'a str, mut base: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let mut code = code.trim_start();
    loop {
        if let Some(mut inner) = code.strip_prefix('{') {
            loop {
                inner = inner.trim_start();
                match inner.strip_prefix('}') {
                    Some(after) => return after,
                    None if inner.is_empty() => return inner,
                    None => {}
                }
                let after = use_tree(inner, base.clone(), found);
                inner = after.find([',', '}']).map_or("", |at| &after[at..]);
                inner = inner.strip_prefix(',').unwrap_or(inner);
            }
        }
        let end = code
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(code.len());
        let (word, rest) = code.split_at(end);
        match word {
            "" => {
                found.push(base);
                return rest;
            }
            "self" => {}
            "super" => {
                base.pop();
            }
            word => base.push(word.to_owned()),
        }
        match rest.strip_prefix("::") {
            Some(more) => code = more.trim_start(),
            None => {
                found.push(base);
                return rest;
            }
        }
    }
}

/// The code with comments, texts and characters as blanks; lines stay where they are.
fn without_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = code
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' | 'b' if !is_word => raw(rest),
            '\'' => character(rest),
            _ => 0,
        };
        match length {
            0 => {
                code.push(first);
                rest = &rest[first.len_utf8()..];
            }
            length => {
                let (gone, left) = rest.split_at(length);
                code.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
                rest = left;
            }
        }
    }
    code
}

/// The length of the quoted text that this begins with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw text that this begins with, or 0 if it is none.
fn raw(text: &str) -> usize {
    let start = text.strip_prefix('b').unwrap_or(text);
    let Some(start) = start.strip_prefix('r') else {
        return 0;
    };
    let marks = start.len() - start.trim_start_matches('#').len();
    if !start[marks..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(marks));
    let content = text.len() - start.len() + marks + 1;
    let found = text[content..].find(&end);
    found.map_or(text.len(), |at| content + at + end.len())
}

/// The length of the character that this begins with, or 0 if it is a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(0, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// The code without the items that `#[cfg(test)]` stands before.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut left = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        left.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item);
        left.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    left.push_str(rest);
    left
}

/// Where an item ends: at its semicolon or its closing brace.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

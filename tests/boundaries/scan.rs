//! Searches bytes for texts, in the clear and in the forms that text is packed in.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The shortest run of base64 that is opened.
const SHORTEST: usize = 24;
/// So much of a text counts as the text: the rest may have been cut off.
const ENOUGH: usize = 20;

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all.sort();
    all
}

/// Which of these texts stand in these bytes: as they are, percent-encoded, escaped, in hexadecimal or within base64.
pub(crate) fn found<'a>(bytes: &[u8], texts: &[&'a str]) -> Vec<&'a str> {
    // What is no UTF-8 holds none of these texts either.
    let opened: Vec<String> = (opened(bytes, 3).iter())
        .map(|layer| String::from_utf8_lossy(layer).into_owned())
        .collect();
    let stands = |text: &&&str| {
        let mut forms: Vec<String> = Vec::new();
        for whole in [
            (**text).to_owned(),
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
            text.replace('/', "\\/"),
            text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ] {
            forms.push(whole.chars().take(ENOUGH).collect());
        }
        forms
            .iter()
            .any(|form| opened.iter().any(|layer| layer.contains(form.as_str())))
    };
    texts.iter().filter(stands).copied().collect()
}

/// The bytes, and whatever is packed in base64 inside them.
fn opened(bytes: &[u8], depth: usize) -> Vec<Vec<u8>> {
    let mut layers = vec![bytes.to_vec()];
    if depth == 0 {
        return layers;
    }
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(is_letter) {
        let run = &rest[at..];
        let end = run.iter().position(|b| !is_letter(b)).unwrap_or(run.len());
        let packed: Vec<u8> = run[..end]
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => *byte,
            })
            .collect();
        if packed.len() >= SHORTEST {
            let whole = packed.len() - packed.len() % 4;
            for length in [packed.len(), whole] {
                if let Ok(inner) = STANDARD_NO_PAD.decode(&packed[..length]) {
                    layers.extend(self::opened(&inner, depth - 1));
                    break;
                }
            }
        }
        rest = &run[end..];
    }
    layers
}

/// The search itself finds what is there: else its silence would prove nothing.
pub(crate) fn can_find() -> Result<(), String> {
    let secret = "planted/Secret+OfThis==Search0123";
    let inner = format!("{{\"token\":\"{secret}\"}}");
    let packed = base64::engine::general_purpose::STANDARD.encode(&inner);
    for text in [
        format!("a {secret} b"),
        format!("a {}", &secret[..22]),
        format!("{{\"payload\":\"{packed}\"}}"),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ] {
        if found(text.as_bytes(), &[secret]).is_empty() {
            return Err(format!("{secret} is not found in {text}"));
        }
    }
    match found(b"nothing of the kind", &[secret]).is_empty() {
        true => Ok(()),
        false => Err("something is found where nothing is".to_owned()),
    }
}

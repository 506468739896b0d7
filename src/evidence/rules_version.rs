//! A name for the rules as they are: it changes with any of them.

use crate::rules;

use super::canonical::sha256;

/// The digest of every rule's code, severity, tier and page, in the order in which they are believed, and of the
/// version of vpcheck.
pub fn rules_version() -> String {
    let mut text = concat!("vpcheck ", env!("CARGO_PKG_VERSION"), "\n").to_owned();
    for rule in rules::all() {
        text.push_str(&format!(
            "{}\0{}\0{:?}\0{}\0",
            rule.code, rule.severity, rule.tier, rule.page
        ));
    }
    format!("sha256:{}", sha256(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_twice() {
        assert_eq!(rules_version(), rules_version());
        assert_eq!(rules_version().len(), 71);
    }
}

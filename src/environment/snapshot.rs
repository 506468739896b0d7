//! The process's environment variables, taken once.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables as they were when they were taken; secrets are left out from the start.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvSnapshot(BTreeMap<String, String>);

/// Variables that hold credentials: nothing here needs them, so nothing here holds them.
const SECRETS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

impl EnvSnapshot {
    /// Takes these variables, without those that hold credentials.
    pub fn new<N: Into<String>, V: Into<String>>(vars: impl IntoIterator<Item = (N, V)>) -> Self {
        let vars = vars
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        EnvSnapshot(
            vars.filter(|(name, _)| !SECRETS.contains(&name.as_str()))
                .collect(),
        )
    }

    /// The value of a variable; an empty one is as good as unset, as the AWS SDKs have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Every variable that is not empty, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .keys()
            .filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    /// True where a variable says `true`, in any case, as the AWS SDKs read switches.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl fmt::Debug for EnvSnapshot {
    /// Names only: values of variables that are not ours may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_neither_kept_nor_shown() {
        let env = EnvSnapshot::new([
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("DB_PASSWORD", "hunter3"),
            ("AWS_REGION", " eu-west-1 "),
            ("EMPTY", "  "),
        ]);
        assert_eq!(env.get("AWS_SECRET_ACCESS_KEY"), None);
        assert_eq!(env.get("AWS_REGION"), Some("eu-west-1"));
        assert_eq!(env.get("EMPTY"), None);
        assert_eq!(env.iter().count(), 2);
        assert!(!format!("{env:?}").contains("hunter"));
    }

    #[test]
    fn switches_are_read_as_the_sdks_do() {
        let env = EnvSnapshot::new([("A", "TRUE"), ("B", "1"), ("C", "false")]);
        assert!(env.is_true("A"));
        assert!(!env.is_true("B") && !env.is_true("C") && !env.is_true("D"));
    }
}

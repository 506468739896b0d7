//! The process's environment variables, taken once.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables as they were when they were taken; secrets are left out from the start.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvSnapshot {
    variables: BTreeMap<String, String>,
    has_access_key: bool,
}

const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
/// Variables that hold credentials: nothing here needs them, so nothing here holds them.
const SECRETS: [&str; 4] = [
    ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

impl EnvSnapshot {
    /// Takes these variables, without those that hold credentials.
    pub fn new<N: Into<String>, V: Into<String>>(vars: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut taken = EnvSnapshot::default();
        for (name, value) in vars {
            let (name, value): (String, String) = (name.into(), value.into());
            if !SECRETS.contains(&name.as_str()) {
                taken.variables.insert(name, value);
            } else if name == ACCESS_KEY {
                taken.has_access_key = !value.trim().is_empty();
            }
        }
        taken
    }

    /// True where the variables hold an access key, which the AWS SDKs then use before anything else.
    pub fn has_access_key(&self) -> bool {
        self.has_access_key
    }

    /// The value of a variable; an empty one is as good as unset, as the AWS SDKs have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Every variable that is not empty, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
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
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_neither_kept_nor_shown() {
        let env = EnvSnapshot::new([
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_ACCESS_KEY_ID", "hunter4"),
            ("DB_PASSWORD", "hunter3"),
            ("AWS_REGION", " eu-west-1 "),
            ("EMPTY", "  "),
        ]);
        assert_eq!(env.get("AWS_SECRET_ACCESS_KEY"), None);
        assert_eq!(env.get("AWS_ACCESS_KEY_ID"), None);
        assert!(env.has_access_key());
        assert_eq!(env.get("AWS_REGION"), Some("eu-west-1"));
        assert_eq!(env.get("EMPTY"), None);
        assert_eq!(env.iter().count(), 2);
        assert!(!format!("{env:?}").contains("hunter"));
    }

    #[test]
    fn an_empty_access_key_is_none() {
        assert!(!EnvSnapshot::new([("AWS_ACCESS_KEY_ID", " ")]).has_access_key());
        assert!(!EnvSnapshot::default().has_access_key());
    }

    #[test]
    fn switches_are_read_as_the_sdks_do() {
        let env = EnvSnapshot::new([("A", "TRUE"), ("B", "1"), ("C", "false")]);
        assert!(env.is_true("A"));
        assert!(!env.is_true("B") && !env.is_true("C") && !env.is_true("D"));
    }
}

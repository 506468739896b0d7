//! Every option there is: one list that the layers, the file and the tests walk.

use super::Environment;
use super::nearest::nearest;

/// An option's key, and how its value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name: of the option after `--`, of the key in the file.
    pub key: &'static str,
    /// How its value is written.
    pub shape: Shape,
}

/// How an option's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Text,
    /// A list of texts; a comma separates them in a variable.
    List,
    /// A list of `NAME=VALUE`, or a table in the file.
    Pairs,
    /// True or false.
    Switch,
    /// A small number.
    Count,
}

/// Every option that has a key, a variable and a flag; `--config` alone has no key.
pub const OPTIONS: &[OptionSpec] = &[
    list("target"),
    list("workload"),
    text("region"),
    text("queue-url"),
    text("canary"),
    text("expect"),
    list("vpc-cidr"),
    list("allow-cidr"),
    pairs("severity"),
    text("inventory"),
    text("inventory-max-age"),
    text("inventory-cache"),
    list("resolver"),
    text("service-roots"),
    text("ca-file"),
    text("timeout"),
    text("deadline"),
    text("spread"),
    list("output"),
    text("fix"),
    text("save-facts"),
    OptionSpec {
        key: "redact",
        shape: Shape::Switch,
    },
    list("deliver"),
    text("spool"),
    text("evidence"),
    text("signing-key"),
    text("retention"),
    text("every"),
    text("listen"),
    text("inventory-every"),
    text("canary-every"),
    OptionSpec {
        key: "grace",
        shape: Shape::Count,
    },
    text("state"),
    text("vpc-id"),
    text("color"),
    OptionSpec {
        key: "quiet",
        shape: Shape::Switch,
    },
    OptionSpec {
        key: "verbose",
        shape: Shape::Count,
    },
];

/// Variables that no option reads and that look like a slip for one: each, and the one probably meant.
///
/// Kubernetes sets `VPCHECK_SERVICE_HOST`, `VPCHECK_PORT`, … in every pod beside a service called
/// vpcheck ("Accessing the Service", Kubernetes documentation): those are left alone.
pub fn misspelt_variables(environment: &Environment) -> Vec<(String, String)> {
    let known: Vec<String> = (OPTIONS.iter().chain([&CONFIG]))
        .flat_map(OptionSpec::variables)
        .collect();
    let stray = environment
        .keys()
        .filter_map(|name| Some((name, name.strip_prefix("VPCHECK_")?)))
        .filter(|(name, _)| !known.contains(name))
        .filter(|(_, rest)| {
            let injected = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];
            !injected.iter().any(|prefix| rest.starts_with(prefix))
        });
    stray
        .filter_map(|(name, rest)| {
            let asked = rest.to_ascii_lowercase().replace('_', "-");
            let near = nearest(&asked, OPTIONS.iter().map(|spec| spec.key))?;
            Some((name.clone(), variable(near)))
        })
        .collect()
}

/// The option that names the configuration file.
pub(super) const CONFIG: OptionSpec = text("config");

/// The option with this key, `config` included.
pub(super) fn option(key: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().chain([&CONFIG]).find(|spec| spec.key == key)
}

/// The option that a key of the file means: underscores do for hyphens, and a list's plural for its name.
pub(super) fn of_file(key: &str) -> Option<&'static OptionSpec> {
    let key = key.replace('_', "-");
    OPTIONS
        .iter()
        .find(|spec| spec.key == key || spec.plural().as_ref() == Some(&key))
}

impl OptionSpec {
    /// Its variable, such as `VPCHECK_QUEUE_URL`.
    pub fn variable(&self) -> String {
        variable(self.key)
    }

    /// Its variable, and for a list the plural as well.
    pub(super) fn variables(&self) -> impl Iterator<Item = String> + use<> {
        let plural = self.plural().map(|key| variable(&key));
        std::iter::once(self.variable()).chain(plural)
    }

    fn plural(&self) -> Option<String> {
        (self.shape == Shape::List).then(|| format!("{}s", self.key))
    }
}

const fn text(key: &'static str) -> OptionSpec {
    OptionSpec {
        key,
        shape: Shape::Text,
    }
}

const fn list(key: &'static str) -> OptionSpec {
    OptionSpec {
        key,
        shape: Shape::List,
    }
}

const fn pairs(key: &'static str) -> OptionSpec {
    OptionSpec {
        key,
        shape: Shape::Pairs,
    }
}

fn variable(key: &str) -> String {
    format!("VPCHECK_{}", key.to_ascii_uppercase().replace('-', "_"))
}

//! The call a policy is asked about.

use std::collections::BTreeMap;

use super::principal::Caller;

/// A call: who, what, on what, and what its condition keys hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Who calls.
    pub caller: Caller,
    /// As in `sqs:SendMessage`, in any case.
    pub action: String,
    /// The resource's ARN.
    pub resource: String,
    context: BTreeMap<String, Held>,
}

/// What the request holds under a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// These values.
    Known(Vec<Known>),
    /// The key is not in the request.
    Absent,
    /// Nobody can tell from here.
    Unknown,
}

/// A value, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// All of it.
    Exactly(String),
    /// The ARN of a role whose path is not known: a session's ARN leaves it out.
    Role {
        /// Up to the path, as in `arn:aws:iam::123456789012:role/`.
        before: String,
        /// The role's name.
        name: String,
    },
}

impl Request {
    /// A call by this caller; what its ARN says of itself is known.
    pub fn new(caller: Caller, action: &str, resource: &str) -> Self {
        let context = caller.context();
        Request {
            caller,
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        }
        .with_all(context)
    }

    /// Says what a condition key holds; keys are the same in any case. A key about which nothing is said is unknown.
    #[must_use]
    pub fn with(mut self, key: &str, held: Held) -> Self {
        self.context.insert(key.to_ascii_lowercase(), held);
        self
    }

    /// What a condition key holds.
    pub fn held(&self, key: &str) -> &Held {
        self.context
            .get(&key.to_ascii_lowercase())
            .unwrap_or(&Held::Unknown)
    }

    fn with_all(self, keys: Vec<(&'static str, Held)>) -> Self {
        keys.into_iter()
            .fold(self, |request, (key, held)| request.with(key, held))
    }
}

impl Held {
    /// One value.
    pub fn one(value: impl Into<String>) -> Self {
        Held::Known(vec![Known::Exactly(value.into())])
    }

    /// The value in words, where there is exactly one.
    pub fn only(&self) -> Option<&str> {
        match self {
            Held::Known(values) => match values.as_slice() {
                [Known::Exactly(value)] => Some(value),
                _ => None,
            },
            Held::Absent | Held::Unknown => None,
        }
    }
}

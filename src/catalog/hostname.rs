//! From a host name back to the service it belongs to.

mod index;

use serde::{Deserialize, Serialize};

use super::{Partition, Region, Service};
pub(super) use index::Index;
use index::Word;

/// The form of an AWS host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameForm {
    /// The plain regional name: `sqs.eu-west-1.amazonaws.com`, `<account>.dkr.ecr.…`.
    Standard,
    /// The name for IPv4 and IPv6: `sqs.eu-west-1.api.aws`.
    DualStack,
    /// The name with validated cryptography: `sqs-fips.us-east-1.amazonaws.com`.
    Fips,
    /// Both: `sqs-fips.us-east-1.api.aws`.
    FipsDualStack,
    /// A name from before the present scheme, which private DNS never covers:
    /// `eu-west-1.queue.amazonaws.com`, `s3-eu-west-1.amazonaws.com`.
    Legacy,
    /// A name without a region where there are regional ones: `sts.amazonaws.com`.
    Global,
    /// An endpoint's own name, which resolves to it from anywhere: `vpce-….sqs.…`.
    Vpce,
    /// Something below a plain regional name: `bucket.s3.…`, `<api>.execute-api.…`. What is below
    /// a name of another form has that form.
    Subdomain,
}

impl NameForm {
    /// Every form.
    pub const ALL: [NameForm; 8] = [
        NameForm::Standard,
        NameForm::DualStack,
        NameForm::Fips,
        NameForm::FipsDualStack,
        NameForm::Legacy,
        NameForm::Global,
        NameForm::Vpce,
        NameForm::Subdomain,
    ];
}

/// What a host name is.
#[derive(Debug, Clone)]
pub struct Identified {
    /// The service it belongs to.
    pub service: &'static Service,
    /// Its form.
    pub form: NameForm,
    /// The region it names or stands for; `None` for a global name.
    pub region: Option<Region>,
}

/// One name pattern.
#[derive(Debug)]
struct Pattern {
    /// Its labels, but for an endpoint's own.
    text: Box<str>,
    /// How many labels it has.
    depth: usize,
    /// The fixed label that is furthest to the left, and its position from the right.
    fixed: Option<(usize, Word)>,
    form: NameForm,
    /// Its template's place among all of its service in a partition.
    place: usize,
    below: Below,
    /// The region of a name that has none in it.
    stands_for: Option<Region>,
}

/// What one label of a pattern accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label<'a> {
    Exactly(&'a str),
    /// This text, then a region of the partition.
    Region(&'a str),
    /// This text, then digits.
    Number(&'a str),
    /// Twelve digits.
    Account,
    /// An endpoint's own label, `vpce-…`.
    Endpoint,
}

/// What may stand to the left of a pattern's labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    Anything,
    Something,
}

impl Pattern {
    fn new(text: &str, form: NameForm, place: usize) -> Pattern {
        let (text, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, Below::Something),
            None => (text, Below::Nothing),
        };
        let (mut depth, mut fixed) = (usize::from(form == NameForm::Vpce), None);
        for (position, label) in text.rsplit('.').map(Label::new).enumerate() {
            depth += 1;
            if let Label::Exactly(text) = label {
                fixed = Some((position, Word::of(text)));
            }
        }
        Pattern {
            text: text.into(),
            depth,
            fixed,
            form,
            place,
            below,
            stands_for: None,
        }
    }

    /// Its labels from the right.
    fn labels(&self) -> impl Iterator<Item = Label<'_>> {
        let own = (self.form == NameForm::Vpce).then_some(Label::Endpoint);
        self.text.rsplit('.').map(Label::new).chain(own)
    }

    /// False where a name of these labels, from the right, surely does not match.
    fn may_match(&self, words: &[Word]) -> bool {
        let is_there = |(position, word): (usize, Word)| words.get(position) == Some(&word);
        self.fixed.is_none_or(is_there)
    }

    /// How many labels are left of what the pattern explains, and the region found on the way.
    fn matches(&self, labels: &[&str], partition: &Partition) -> Option<(usize, Option<Region>)> {
        let below = labels.len().checked_sub(self.depth)?;
        match self.below {
            Below::Nothing if below > 0 => return None,
            Below::Something if below == 0 => return None,
            _ => {}
        }
        let mut region = None;
        for (pattern, label) in self.labels().zip(labels) {
            match pattern {
                Label::Exactly(text) if text == *label => {}
                Label::Region(before) => {
                    let code = Region::parse(label.strip_prefix(before)?).ok()?;
                    if !partition.owns(&code) {
                        return None;
                    }
                    region = Some(code);
                }
                Label::Number(before) if is_number(label.strip_prefix(before)?) => {}
                Label::Account if label.len() == 12 && is_number(label) => {}
                Label::Endpoint if is_endpoint(label) => {}
                _ => return None,
            }
        }
        Some((below, region))
    }
}

impl<'a> Label<'a> {
    fn new(text: &'a str) -> Self {
        // Most are plain text.
        if !text.ends_with('}') {
            Label::Exactly(text)
        } else if text == "{account}" {
            Label::Account
        } else if let Some(before) = text.strip_suffix("{region}") {
            Label::Region(before)
        } else if let Some(before) = text.strip_suffix("{number}") {
            Label::Number(before)
        } else {
            Label::Exactly(text)
        }
    }
}

/// Whether a label may occur in a host name; buckets may have underscores, wildcards do not count.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `vpce-<id>` with or without what follows it; `vpce-svc-…` names a provider's service.
fn is_endpoint(label: &str) -> bool {
    label
        .strip_prefix("vpce-")
        .is_some_and(|id| !id.is_empty() && !id.starts_with("svc-"))
}

//! From a host name back to the service it belongs to.

use serde::{Deserialize, Serialize};

use super::{Partition, Region, Service};

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

/// Every name pattern of every service in every partition, for [`Index::identify`].
#[derive(Debug)]
pub(super) struct Index {
    /// Of two that match equally well the first counts.
    patterns: Vec<Pattern>,
    /// By position from the right and fixed text there, the patterns that have it as their leftmost: a name is held
    /// against few of all the patterns. Sorted.
    by_label: Vec<(LabelHash, usize)>,
    /// Patterns without any fixed label.
    without_label: Vec<usize>,
}

impl Index {
    /// Prepares the patterns once; the positions in the two lists are kept.
    pub(super) fn new(partitions: &[Partition], services: &[Service]) -> Index {
        let everywhere: Vec<_> = services
            .iter()
            .map(|service| NameForm::ALL.map(|form| service.templates_everywhere(form)))
            .collect();
        let mut index = Index {
            patterns: Vec::new(),
            by_label: Vec::new(),
            without_label: Vec::new(),
        };
        for (partition, p) in partitions.iter().enumerate() {
            for (service, (s, everywhere)) in services.iter().zip(&everywhere).enumerate() {
                let regions: Vec<&Region> = s.differing_regions(p).collect();
                for (form, everywhere) in NameForm::ALL.into_iter().zip(everywhere) {
                    let mut add = |template: &Template, only: Option<&Region>| {
                        let stands_for = only.or(template.names_global(p));
                        template.variants(p, only, |text| {
                            let mut pattern = Pattern::new(text, service, partition, form);
                            pattern.stands_for = stands_for.cloned();
                            if s.has_subdomains() && pattern.below == Below::Nothing {
                                pattern.below = Below::Anything;
                            }
                            index.add(pattern);
                        });
                    };
                    let own = s.templates_in(&p.name, form);
                    for template in own.unwrap_or(everywhere).iter().chain(s.also(form)) {
                        add(template, None);
                    }
                    for region in &regions {
                        let own = s.templates_in(region.as_str(), form).or(own);
                        for template in own.unwrap_or(everywhere) {
                            add(template, Some(region));
                        }
                    }
                }
            }
        }
        index.by_label.sort_unstable();
        index
    }

    fn add(&mut self, pattern: Pattern) {
        let number = self.patterns.len();
        match pattern.leftmost_label() {
            Some(label) => self.by_label.push((label, number)),
            None => self.without_label.push(number),
        }
        self.patterns.push(pattern);
    }

    /// The numbers of all patterns that these labels may match.
    fn candidates(&self, labels: &[&str]) -> impl Iterator<Item = usize> {
        let fixed = labels.iter().enumerate().flat_map(|(position, label)| {
            let wanted = LabelHash::of(position, label);
            let begin = self.by_label.partition_point(|(label, _)| *label < wanted);
            let from = self.by_label.get(begin..).unwrap_or_default();
            from.iter().take_while(move |(label, _)| *label == wanted)
        });
        fixed
            .map(|(_, number)| number)
            .chain(&self.without_label)
            .copied()
    }

    /// The best match: the one that leaves the fewest labels unexplained, plainer forms first.
    pub(super) fn identify(
        &self,
        hostname: &str,
        partitions: &[Partition],
        services: &'static [Service],
    ) -> Option<Identified> {
        /// The longest name in the DNS, as text.
        const LONGEST: usize = 253;
        let name = hostname.strip_suffix('.').unwrap_or(hostname);
        if name.is_empty() || name.len() > LONGEST {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let labels: Vec<&str> = name.rsplit('.').collect();
        if !labels.iter().all(|label| is_label(label)) {
            return None;
        }
        let found = self.candidates(&labels).filter_map(|number| {
            let pattern = self.patterns.get(number)?;
            let partition = partitions.get(pattern.partition)?;
            let (below, region) = pattern.matches(&labels, partition)?;
            Some((below, number, pattern, region))
        });
        // Of equals the first pattern; those of one service go by form.
        let (below, _, pattern, region) =
            found.min_by_key(|(below, number, p, _)| (*below, p.form, *number))?;
        let form = match pattern.form {
            NameForm::Standard if below > 0 => NameForm::Subdomain,
            form => form,
        };
        Some(Identified {
            service: services.get(pattern.service)?,
            form,
            region: region.or_else(|| pattern.stands_for.clone()),
        })
    }
}

/// A fixed label and its position from the right. Two that differ may be equal, hardly ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LabelHash(u64);

impl LabelHash {
    /// FNV-1a, since there is nothing to defend: who looks a name up sees all patterns that share its hash tried.
    fn of(position: usize, label: &str) -> Self {
        let position = u64::try_from(position).unwrap_or(u64::MAX);
        let mixed = |hash: u64, byte: u64| (hash ^ byte).wrapping_mul(0x0100_0000_01b3);
        let hash = mixed(0xcbf2_9ce4_8422_2325, position);
        LabelHash(label.bytes().map(u64::from).fold(hash, mixed))
    }
}

/// One name pattern.
#[derive(Debug)]
struct Pattern {
    /// Its labels.
    text: Box<str>,
    service: usize,
    partition: usize,
    form: NameForm,
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
    fn new(text: &str, service: usize, partition: usize, form: NameForm) -> Pattern {
        let (text, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, Below::Something),
            None => (text, Below::Nothing),
        };
        Pattern {
            text: text.into(),
            service,
            partition,
            form,
            below,
            stands_for: None,
        }
    }

    /// Its labels from the right.
    fn labels(&self) -> impl Iterator<Item = Label<'_>> {
        let own = (self.form == NameForm::Vpce).then_some(Label::Endpoint);
        self.text.rsplit('.').map(Label::new).chain(own)
    }

    /// The fixed label that is furthest to the left.
    fn leftmost_label(&self) -> Option<LabelHash> {
        let fixed = self.labels().enumerate();
        let fixed = fixed.filter_map(|(position, label)| match label {
            Label::Exactly(text) => Some((position, text)),
            _ => None,
        });
        let (position, text) = fixed.last()?;
        Some(LabelHash::of(position, text))
    }

    /// How many labels are left of what the pattern explains, and the region found on the way.
    fn matches(&self, labels: &[&str], partition: &Partition) -> Option<(usize, Option<Region>)> {
        let below = labels.len().checked_sub(self.labels().count())?;
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

/// A host name with `{region}`, `{suffix}`, `{dual}`, `{global}`, `{account}`, `{account?}` and
/// `{number}` in place of what varies; a leading `*.` stands for one label or more.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(super) struct Template(String);

impl From<String> for Template {
    fn from(text: String) -> Template {
        Template(text)
    }
}

impl Template {
    /// The name itself; `None` where something it takes is not known.
    pub(super) fn render(
        &self,
        partition: &Partition,
        region: &Region,
        account: Option<&str>,
    ) -> Option<String> {
        let mut name = self.filled(partition, Some(region));
        if name.contains("{account") {
            name = match account {
                Some(account) => name
                    .replace("{account?}", account)
                    .replace("{account}", account),
                None => name.replace("{account?}.", ""),
            };
        }
        (!name.contains(['{', '*'])).then_some(name)
    }

    /// Hands over the texts to match against in a partition, or in one region of it.
    fn variants(&self, partition: &Partition, only: Option<&Region>, mut each: impl FnMut(&str)) {
        let text = self.filled(partition, only);
        match text.strip_prefix("{account?}.") {
            Some(without) => {
                each(&format!("{{account}}.{without}"));
                each(without);
            }
            None => each(&text),
        }
    }

    /// The partition's global region, if the template has it as its region.
    fn names_global<'a>(&self, partition: &'a Partition) -> Option<&'a Region> {
        self.0
            .contains("{global}")
            .then_some(&partition.implicit_global_region)
    }

    /// The template with everything filled in that is the same in the whole partition, or in this region of it.
    fn filled(&self, partition: &Partition, region: Option<&Region>) -> String {
        let mut text = String::with_capacity(self.0.len() + 32);
        let mut rest = self.0.as_str();
        while let Some((before, from)) = rest.split_once('{') {
            let (key, after) = from.split_once('}').unwrap_or((from, ""));
            let value = match key {
                "suffix" => Some(partition.dns_suffix.as_str()),
                "dual" => Some(partition.dual_stack_suffix.as_str()),
                "global" => Some(partition.implicit_global_region.as_str()),
                "region" => region.map(Region::as_str),
                _ => None,
            };
            text.push_str(before);
            match value {
                Some(value) => text.push_str(value),
                None => text.extend(["{", key, "}"]),
            }
            rest = after;
        }
        text.push_str(rest);
        text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn labels_lead_to_the_pattern_that_a_search_of_all_finds() {
        let catalog = Catalog::get();
        let index = catalog.index();
        let Catalog {
            partitions,
            services,
            ..
        } = catalog;
        let whole = {
            let mut whole = Index::new(partitions, services);
            whole.by_label.clear();
            whole.without_label = (0..whole.patterns.len()).collect();
            whole
        };
        let found = |index: &Index, name: &str| {
            index
                .identify(name, partitions, services)
                .map(|found| (found.service.id(), found.form, found.region))
        };
        let mut names = vec!["amazonaws.com".to_owned(), "com".to_owned()];
        for service in services {
            for code in ["us-east-1", "cn-north-1", "us-gov-west-1", "eu-west-1"] {
                let region = Region::parse(code).unwrap();
                for form in NameForm::ALL {
                    names.extend(service.hostnames(&region, Some("123456789012"), form));
                    names.extend(service.hostnames(&region, None, form));
                }
            }
        }
        for name in names {
            for name in [format!("below.{name}"), name.replace(".", ".x."), name] {
                assert_eq!(found(index, &name), found(&whole, &name), "{name}");
            }
        }
    }
}

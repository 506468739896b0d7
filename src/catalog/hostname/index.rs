//! The name patterns of every service, found by the words in a name.

use std::sync::OnceLock;

use super::{Below, Identified, NameForm, Pattern, is_label};
use crate::catalog::template::Template;
use crate::catalog::{Partition, Region, Service};

/// The name patterns of every service in every partition. A service's are made when a name that has a word of its own is
/// first looked at: most runs look at few.
#[derive(Debug)]
pub(in crate::catalog) struct Index {
    /// By a label that is in its names, each service by its position. Sorted.
    by_word: Vec<(Word, usize)>,
    /// Services with names that have no label to tell them by.
    wordless: Vec<usize>,
    /// Whether a service has names that are below none of a partition's own domains.
    is_elsewhere: Vec<bool>,
    /// The patterns of all services in the first partition, then in the next.
    patterns: Vec<OnceLock<Vec<Pattern>>>,
}

impl Index {
    /// An index of these services' names in these partitions; the positions in the two lists are kept.
    pub(in crate::catalog) fn new(partitions: &[Partition], services: &[Service]) -> Index {
        let (mut by_word, mut wordless) = (Vec::new(), Vec::new());
        for (at, service) in services.iter().enumerate() {
            // The usual names are `host.…` and `host-fips.…`.
            let host = service.host();
            match host.split_once('.') {
                Some((first, _)) => by_word.push((Word::of(first), at)),
                None => by_word
                    .extend([Word::of(host), Word::of(host).and("-fips")].map(|word| (word, at))),
            }
            for template in service.own_templates() {
                match template.word() {
                    Some(word) => by_word.push((Word::of(word), at)),
                    None => wordless.push(at),
                }
            }
        }
        by_word.sort_unstable();
        let is_elsewhere = |service: &Service| service.own_templates().any(Template::is_elsewhere);
        Index {
            by_word,
            wordless,
            is_elsewhere: services.iter().map(is_elsewhere).collect(),
            patterns: (0..partitions.len() * services.len())
                .map(|_| OnceLock::new())
                .collect(),
        }
    }

    /// The best match: the one that leaves the fewest labels unexplained, plainer forms first.
    pub(in crate::catalog) fn identify(
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
        let words: Vec<Word> = labels.iter().map(|label| Word::of(label)).collect();
        let candidates = self.candidates(&words);
        let places = partitions
            .iter()
            .enumerate()
            .flat_map(|(number, partition)| {
                let is_below = partition.has_below(&name);
                let may_be = move |at: &&usize| is_below || self.is_elsewhere(**at);
                let services = candidates.iter().filter(may_be);
                services.map(move |at| (number, partition, *at))
            });
        let patterns = places.flat_map(|(number, partition, at)| {
            let patterns = self.patterns(number, partition, at, services);
            patterns
                .iter()
                .map(move |pattern| (number, partition, at, pattern))
        });
        let found = patterns.filter_map(|(number, partition, at, pattern)| {
            if !pattern.may_match(&words) {
                return None;
            }
            let (below, region) = pattern.matches(&labels, partition)?;
            // Of equals the first pattern; those of one service go by form.
            let rank = (below, pattern.form, number, at, pattern.place);
            Some((rank, pattern, region))
        });
        let ((below, _, _, at, _), pattern, region) = found.min_by_key(|(rank, ..)| *rank)?;
        let form = match pattern.form {
            NameForm::Standard if below > 0 => NameForm::Subdomain,
            form => form,
        };
        Some(Identified {
            service: services.get(at)?,
            form,
            region: region.or_else(|| pattern.stands_for.clone()),
        })
    }

    fn is_elsewhere(&self, service: usize) -> bool {
        self.is_elsewhere.get(service).is_some_and(|is| *is)
    }

    /// The patterns of a service in a partition.
    fn patterns(
        &self,
        number: usize,
        partition: &Partition,
        at: usize,
        services: &[Service],
    ) -> &[Pattern] {
        let slot = self.patterns.get(number * services.len() + at);
        let (Some(slot), Some(service)) = (slot, services.get(at)) else {
            return &[];
        };
        slot.get_or_init(|| patterns(service, partition))
    }

    /// The services that a name with these words may be of.
    fn candidates(&self, words: &[Word]) -> Vec<usize> {
        let mut found = self.wordless.clone();
        for wanted in words.iter().copied() {
            let begin = self.by_word.partition_point(|(word, _)| *word < wanted);
            let from = self.by_word.get(begin..).unwrap_or_default();
            let same = from.iter().take_while(|(word, _)| *word == wanted);
            found.extend(same.map(|(_, at)| *at));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// All patterns of a service in a partition.
fn patterns(service: &Service, partition: &Partition) -> Vec<Pattern> {
    let (mut patterns, mut place) = (Vec::new(), 0);
    let regions: Vec<&Region> = service.differing_regions(partition).collect();
    for form in NameForm::ALL {
        let everywhere = service.templates_everywhere(form);
        let mut add = |template: &Template, only: Option<&Region>| {
            place += 1;
            let stands_for = only.or(template.names_global(partition));
            template.variants(partition, only, |text| {
                let mut pattern = Pattern::new(text, form, place);
                pattern.stands_for = stands_for.cloned();
                if service.has_subdomains() && pattern.below == Below::Nothing {
                    pattern.below = Below::Anything;
                }
                patterns.push(pattern);
            });
        };
        let own = service.templates_in(&partition.name, form);
        for template in own.unwrap_or(&everywhere).iter().chain(service.also(form)) {
            add(template, None);
        }
        for region in &regions {
            let own = service.templates_in(region.as_str(), form).or(own);
            for template in own.unwrap_or(&everywhere) {
                add(template, Some(region));
            }
        }
    }
    patterns
}

/// A label, or nearly: two that differ may be equal, hardly ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(u64);

impl Word {
    /// FNV-1a, since there is nothing to defend: who looks a name up sees all services that share its hash tried.
    pub(super) fn of(label: &str) -> Self {
        Word(0xcbf2_9ce4_8422_2325).and(label)
    }

    /// The label that this one and more text are together.
    fn and(self, more: &str) -> Self {
        let mixed = |hash: u64, byte: u64| (hash ^ byte).wrapping_mul(0x0100_0000_01b3);
        Word(more.bytes().map(u64::from).fold(self.0, mixed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn words_lead_to_the_pattern_that_a_search_of_all_finds() {
        let catalog = Catalog::get();
        let index = catalog.index();
        let Catalog {
            partitions,
            services,
            ..
        } = catalog;
        let whole = Index {
            wordless: (0..services.len()).collect(),
            is_elsewhere: vec![true; services.len()],
            ..Index::new(partitions, services)
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

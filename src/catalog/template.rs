//! Host names with blanks, as the table has them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::{Partition, Region};

/// A host name with `{region}`, `{suffix}`, `{dual}`, `{global}`, `{account}`, `{account?}` and
/// `{number}` in place of what varies; a leading `*.` stands for one label or more.
#[derive(Debug, Clone)]
pub(super) struct Template(Cow<'static, str>);

impl From<String> for Template {
    fn from(text: String) -> Template {
        Template(Cow::Owned(text))
    }
}

impl<'de: 'static> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
        <&'static str>::deserialize(deserializer).map(|text| Template(Cow::Borrowed(text)))
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
    pub(super) fn variants(
        &self,
        partition: &Partition,
        only: Option<&Region>,
        mut each: impl FnMut(&str),
    ) {
        let text = self.filled(partition, only);
        match text.strip_prefix("{account?}.") {
            Some(without) => {
                each(&format!("{{account}}.{without}"));
                each(without);
            }
            None => each(&text),
        }
    }

    /// A label that is in each of its names, if one is.
    pub(super) fn word(&self) -> Option<&str> {
        let mut labels = self.0.split('.');
        labels.find(|label| !label.contains(['{', '*']))
    }

    /// Whether its names are below none of a partition's own domains.
    pub(super) fn is_elsewhere(&self) -> bool {
        !self.0.ends_with("{suffix}") && !self.0.ends_with("{dual}")
    }

    /// The partition's global region, if the template has it as its region.
    pub(super) fn names_global<'a>(&self, partition: &'a Partition) -> Option<&'a Region> {
        self.0
            .contains("{global}")
            .then_some(&partition.implicit_global_region)
    }

    /// The template with everything filled in that is the same in the whole partition, or in this region of it.
    fn filled(&self, partition: &Partition, region: Option<&Region>) -> String {
        let mut text = String::with_capacity(self.0.len() + 32);
        let mut rest = self.0.as_ref();
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

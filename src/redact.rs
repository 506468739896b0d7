//! Reports and facts for eyes outside the house: account ids and addresses give way to stand-ins.
//!
//! One [`Redaction`] is made for a run and used for all that is written of it, so that the same account or address has
//! the same stand-in everywhere. The stand-in of an account has twelve digits, counted from 000000000001, and that of an
//! address is an address: both parse wherever the original did. Addresses that share a prefix share one of the same
//! length afterwards, so that what lies in a CIDR still does and redacted facts replay to the same verdict.
//!
//! What names nobody stays: regions, zones, the ids of VPCs, subnets, endpoints and instances, and the ranges that are
//! the same everywhere (loopback, link-local, multicast, those kept for documentation).

mod accounts;
mod addresses;
mod text;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::facts::{Facts, dns};
use crate::verdict::Report;
use accounts::Accounts;
use addresses::{Addresses, Seen};
use text::{Found, rewrite};

/// The shortest prefix of a VPC's IPv4 CIDR.
const LARGEST_VPC: u8 = 16;

/// The secret that a run's stand-ins for addresses are made with; who has it can undo them.
pub type Key = [u8; 32];

/// Stand-ins for every account and address of one run.
pub struct Redaction {
    accounts: Accounts,
    addresses: Addresses,
}

/// What cannot be told apart into text and structure cannot be redacted.
#[derive(Debug, thiserror::Error)]
#[error("cannot redact the {what}: {source}")]
pub struct RedactionError {
    what: &'static str,
    source: serde_json::Error,
}

impl Redaction {
    /// Stand-ins for whatever these facts hold.
    ///
    /// # Errors
    /// Where the facts cannot be looked through.
    pub fn of(facts: &Facts, key: Key) -> Result<Redaction, RedactionError> {
        let mut accounts = Accounts::default();
        let mut seen = Seen::default();
        let what = "facts";
        let mut value =
            serde_json::to_value(facts).map_err(|source| RedactionError { what, source })?;
        each_text(&mut value, &mut |text| {
            rewrite(text, &mut |found| {
                match found {
                    Found::Account(id) => accounts.note(id),
                    Found::Word(_) => {}
                    Found::Address(address) => seen.address(address),
                    Found::Network(network) => seen.network(network),
                }
                None
            });
        });
        accounts.settle();
        // The rules find the VPC's own resolver at the base of a CIDR plus two: it has to be there afterwards, too.
        let inventory = facts.inventory.vpcs.seen().into_iter().flatten();
        let cidrs = (facts.host.vpc_cidrs.iter())
            .chain(&facts.request.vpc_cidrs)
            .chain(inventory.flat_map(|vpc| &vpc.cidrs));
        let resolvers = cidrs.filter_map(|cidr| {
            let resolver = dns::vpc_resolver_in(std::slice::from_ref(cidr))?;
            // No VPC is larger ("VPC CIDR blocks", Amazon VPC User Guide); a range that is told may be.
            Some((resolver, cidr.prefix_len().max(LARGEST_VPC)))
        });
        Ok(Redaction {
            accounts,
            addresses: Addresses::new(key, resolvers.collect(), &seen),
        })
    }

    /// A text with stand-ins.
    pub fn text(&self, text: &str) -> String {
        rewrite(text, &mut |found| match found {
            Found::Account(id) => self.accounts.stand_in(id),
            Found::Word(word) => self.accounts.within(word),
            Found::Address(address) => Some(self.addresses.of(address).to_string()),
            Found::Network(network) => Some(self.addresses.of_network(network).to_string()),
        })
    }

    /// The facts with stand-ins. The signed identity document is left out: it would be worth nothing any more, and its
    /// signature holds the original.
    ///
    /// # Errors
    /// Where the facts cannot be taken apart and put together again.
    pub fn facts(&self, facts: &Facts) -> Result<Facts, RedactionError> {
        let mut facts: Facts = self.through("facts", facts)?;
        facts.host.instance_identity = None;
        Ok(facts)
    }

    /// The report with stand-ins; verdicts, codes and counts are as they were.
    ///
    /// # Errors
    /// Where the report cannot be taken apart and put together again.
    pub fn report(&self, report: &Report) -> Result<Report, RedactionError> {
        self.through("report", report)
    }

    fn through<T: Serialize + DeserializeOwned>(
        &self,
        what: &'static str,
        thing: &T,
    ) -> Result<T, RedactionError> {
        let failed = |source| RedactionError { what, source };
        let mut value = serde_json::to_value(thing).map_err(failed)?;
        each_text(&mut value, &mut |text| *text = self.text(text));
        // From text, as it is read elsewhere: one reader of each kind is much code already.
        serde_json::from_str(&serde_json::to_string(&value).map_err(failed)?).map_err(failed)
    }
}

/// Every text of a document, the keys of its objects aside: those are this program's own words.
fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| each_text(field, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;

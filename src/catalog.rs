//! The AWS services vpcheck knows, and how AWS names them.
//!
//! One TOML table per service (`catalog/services.toml`): its id, host names, endpoint service
//! name and the workloads that need it; beside them the partitions. This room does no I/O and
//! uses nothing else of vpcheck. To add a service, add its table; nothing else changes.

use std::sync::{LazyLock, OnceLock};

mod hostname;
pub mod prices;
mod region;
mod service;
mod table;
mod template;
mod workload;

pub use hostname::{Identified, NameForm};
pub use region::{Partition, Region, RegionError};
pub use service::{EndpointKind, Service};
pub use workload::{UnknownWorkload, Workload};

/// The whole catalogue, parsed once.
#[derive(Debug)]
pub struct Catalog {
    partitions: Vec<Partition>,
    services: Vec<Service>,
    /// Prepared when a host name is first identified.
    index: OnceLock<hostname::Index>,
}

#[allow(clippy::expect_used)]
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    // Invariant: the table is compiled in, and the test `the_table_parses` parses this same text.
    parse(TABLE).expect("the built-in catalogue parses")
});

impl Catalog {
    /// The built-in catalogue.
    pub fn get() -> &'static Catalog {
        &CATALOG
    }

    /// Every service, in the catalogue's own order.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Every partition, `aws` first.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The service with exactly this id.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id() == id)
    }

    /// The id that someone who wrote `id` most likely meant, for "did you mean".
    ///
    /// Knows the names people use instead (`efs`, `cloudwatch`), a missing second half (`ecr`)
    /// and small typing errors.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        const LONGEST: usize = 64;
        let asked = id.trim().to_ascii_lowercase();
        if asked.is_empty() || asked.len() > LONGEST {
            return None;
        }
        let named = self.services.iter().find(|s| {
            s.id() == asked
                || s.aliases().contains(&asked.as_str())
                || s.fips_suffix().as_ref() == Some(&asked)
        });
        let halved = || {
            self.services
                .iter()
                .find(|s| s.id().split_once('.').is_some_and(|(a, _)| a == asked))
        };
        let misspelt = || {
            let names = self.services.iter().flat_map(|s| {
                std::iter::once(s.id())
                    .chain(s.aliases().iter().copied())
                    .map(move |name| (s, name))
            });
            names
                .map(|(s, name)| (edit_distance(&asked, name), s))
                // One slip in a short word, two in a longer one: `ssn` is `sns` or `ssm`, `s` is nothing.
                .filter(|(distance, _)| *distance <= (asked.len() / 3).min(2))
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, s)| s)
        };
        named.or_else(halved).or_else(misspelt).map(Service::id)
    }

    /// The service a hostname belongs to, whatever its form; `None` for a name of no service here.
    ///
    /// Case and one trailing dot do not matter. The longest-known name wins: `bucket.s3.R…` is
    /// S3's, and no name matches by a mere piece of a label.
    pub fn identify(&'static self, hostname: &str) -> Option<Identified> {
        self.index()
            .identify(hostname, &self.partitions, &self.services)
    }

    fn index(&self) -> &hostname::Index {
        self.index
            .get_or_init(|| hostname::Index::new(&self.partitions, &self.services))
    }

    /// What these workloads need, in the catalogue's order, each with whether it is required.
    ///
    /// `sqs` is always in and always required; a service that any of the workloads requires is
    /// required.
    pub fn workload_services(
        &'static self,
        workloads: &[Workload],
    ) -> Vec<(&'static Service, bool)> {
        self.services
            .iter()
            .filter_map(|service| {
                let required =
                    service.id() == "sqs" || workloads.iter().any(|w| service.is_required_by(*w));
                let wanted = required || workloads.iter().any(|w| service.is_optional_for(*w));
                wanted.then_some((service, required))
            })
            .collect()
    }
}

/// `catalog/services.toml` as `build.rs` wrote it.
const TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/services.json"));

/// Reads the table.
fn parse(text: &'static str) -> Result<Catalog, serde_json::Error> {
    let table: table::Table = serde_json::from_str(text)?;
    Ok(Catalog {
        partitions: table.partition,
        services: table.service,
        index: OnceLock::new(),
    })
}

/// Edit distance with a swap of neighbours as one step (`sqs` and `qss` differ by one).
fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(x != y))
                .min(rows[i][j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;

//! How many packets to Amazon's link-local services the interfaces' drivers have dropped so far.

use std::collections::BTreeMap;

use below_ethtool::{Ethtool, EthtoolReader};
use tokio::task::JoinHandle;

use super::Bounds;
use crate::facts::host::LinkLocalDrops;
use crate::facts::{Failure, FailureKind, Outcome};

/// What the driver of a Nitro interface calls the count.
///
/// Source: Amazon EC2 User Guide, "Monitor network performance for ENA settings on your EC2 instance".
const STATISTIC: &str = "linklocal_allowance_exceeded";
/// More interfaces than a host has; where an agent sees that many, the counts of the first will do.
const MOST_INTERFACES: usize = 64;

/// The counts by interface; empty where no driver keeps one.
pub type Counts = BTreeMap<String, u64>;

/// Begins to read the counts: the kernel asks the driver under a lock that others may hold, and nobody waits for that
/// before there is a need.
pub fn reading() -> JoinHandle<Counts> {
    tokio::task::spawn_blocking(read)
}

/// The counts that were read. What cannot be read is left out: other drivers than Amazon's do not keep them.
pub async fn counts(bounds: &Bounds, reading: JoinHandle<Counts>) -> Counts {
    let reading = async {
        match reading.await {
            Ok(counts) => Outcome::Seen(counts),
            Err(error) => Outcome::Failed(Failure::new(FailureKind::Other, error.to_string())),
        }
    };
    let counts = bounds.observe(reading).await;
    counts.seen().cloned().unwrap_or_default()
}

/// What was dropped between two readings, for each interface that has both.
pub fn between(before: &Counts, after: &Counts) -> Vec<LinkLocalDrops> {
    before
        .iter()
        .filter_map(|(interface, before)| {
            Some(LinkLocalDrops {
                interface: interface.clone(),
                before: *before,
                after: *after.get(interface)?,
            })
        })
        .collect()
}

fn read() -> Counts {
    let Ok(statistics) = EthtoolReader::new().read_stats::<Ethtool>() else {
        return Counts::new();
    };
    statistics
        .nic
        .into_iter()
        .filter_map(|(interface, mut statistics)| {
            let count = statistics.raw_stats.remove(STATISTIC)?;
            Some((interface, count))
        })
        .take(MOST_INTERFACES)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_came_or_went_in_between_tells_nothing() {
        let before = Counts::from([("eth0".to_owned(), 7), ("eth1".to_owned(), 1)]);
        let after = Counts::from([("eth0".to_owned(), 9), ("eth2".to_owned(), 5)]);
        let drops = between(&before, &after);
        let expected = LinkLocalDrops {
            interface: "eth0".to_owned(),
            before: 7,
            after: 9,
        };
        assert_eq!(drops, [expected]);
    }

    #[test]
    fn interfaces_of_other_drivers_are_no_error() {
        // Whatever this machine has, it is no Nitro interface or its count is a number.
        let counts = read();
        assert!(counts.len() <= MOST_INTERFACES);
    }
}

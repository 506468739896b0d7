//! A world that changes while it is played: what an account's configuration says, what names answer, and which addresses
//! let a SYN through. Who answers at an address stays the one it was.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use super::namespace;
use super::physics::{self, Fate};
use super::world::World;

/// The world as it is now, where it is not any more the one that was entered. A process enters one and stays.
static NOW: RwLock<Option<Arc<World>>> = RwLock::new(None);

/// The world as it is now, for a server that was started with this one.
pub fn now(entered: &Arc<World>) -> Arc<World> {
    let now = NOW.read().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(now.as_ref().unwrap_or(entered))
}

/// Makes this the world.
pub fn turn(entered: &Arc<World>, next: World) -> Result<(), String> {
    let before = fates(&now(entered));
    let after = fates(&next);
    let source = (next.host.addresses.iter()).find(|address| address.is_ipv4());
    let mut batch = Vec::new();
    for (address, fate) in &after {
        let was = before.get(address).copied().unwrap_or(Fate::Swallows);
        let (was, is) = (is_here(was), is_here(*fate));
        if let (Some(source), true, true) = (source, was != is, address.is_ipv4()) {
            let verb = if is { "add" } else { "del" };
            batch.push(format!("route {verb} local {address} dev lo src {source}"));
        }
    }
    namespace::ip(&batch)?;
    let mut now = NOW.write().unwrap_or_else(PoisonError::into_inner);
    *now = Some(Arc::new(next));
    Ok(())
}

fn fates(world: &World) -> BTreeMap<IpAddr, Fate> {
    let peers = physics::peers(world).into_iter();
    peers.map(|peer| (peer.address, peer.fate)).collect()
}

fn is_here(fate: Fate) -> bool {
    matches!(fate, Fate::Answers | Fate::Resets | Fate::Refuses)
}

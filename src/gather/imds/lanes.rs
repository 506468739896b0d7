//! What the service is asked once there is a token: on a few connections at once, what others wait for first.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, MaybeDone, maybe_done};
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{HeaderName, Method, StatusCode};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Asker, Endpoint, LONGEST_BODY};
use crate::environment::ec2::{self, Instance, Items};
use crate::facts::{Failure, FailureKind};
use crate::gather::metadata_http::{Connection, status_failure};

/// Instances with more interfaces are first asked which of them matters.
const FEW_INTERFACES: usize = 4;
/// The interfaces that are asked about before the service has listed any, since the host has them as well.
const GUESSED_INTERFACES: usize = 1;

const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// A metadata service that gave a token.
pub(super) struct Client {
    pub(super) endpoint: Endpoint,
    pub(super) token: String,
    pub(super) phase: Duration,
    /// How many connections are used at once.
    pub(super) lanes: usize,
    /// The connections that are made or being made, for the lanes that want them; the token's is the last.
    pub(super) spare: Mutex<Vec<Spare>>,
}

/// A connection that is made, or being made.
pub(super) struct Spare(MaybeDone<BoxFuture<'static, Result<Connection, Failure>>>);

impl Spare {
    /// A new one to this endpoint.
    pub(super) fn to(endpoint: &Endpoint) -> Spare {
        let (address, authority) = (endpoint.address, endpoint.authority.clone());
        let opening = async move { Connection::open(address, &authority).await };
        Spare(maybe_done(opening.boxed()))
    }

    /// Goes on making it, until it is made or cannot be.
    pub(super) async fn made(&mut self) {
        (&mut self.0).await;
    }

    fn take(mut self) -> Option<Connection> {
        Pin::new(&mut self.0).take_output()?.ok()
    }
}

impl From<Connection> for Spare {
    fn from(connection: Connection) -> Spare {
        Spare(MaybeDone::Done(Ok(connection)))
    }
}

impl Client {
    /// Everything that is worth knowing of the instance and of the interfaces that matter.
    pub(super) async fn instance(
        &self,
        asker: &Asker,
        ends: Instant,
        early: Option<oneshot::Sender<Instance>>,
    ) -> Result<Instance, Failure> {
        let work = Mutex::new(Work::new(&asker.macs, early));
        self.lanes(&work, ends).await;
        locked(&work, |work| work.ask_of_those_that_matter(asker));
        self.lanes(&work, ends).await;
        let (items, failure) = locked(&work, |work| {
            (std::mem::take(&mut work.items), work.failure.take())
        });
        let instance = Instance::read(&items);
        match instance.is_empty() {
            false => Ok(instance),
            true => Err(failure.unwrap_or_else(|| {
                let detail = "nothing that came is instance metadata";
                Failure::new(FailureKind::Malformed, detail)
            })),
        }
    }

    /// Works on a few connections until nothing is left to ask, each item within one phase and all until `ends`.
    async fn lanes(&self, work: &Mutex<Work>, ends: Instant) {
        let lanes = locked(work, |work| self.lanes.min(work.queue.len()));
        let lanes: FuturesUnordered<_> = (0..lanes).map(|_| self.lane(work, ends)).collect();
        lanes.collect::<()>().await;
    }

    async fn lane(&self, work: &Mutex<Work>, ends: Instant) {
        let spare = self.spare.lock().ok().and_then(|mut spare| spare.pop());
        let mut connection = None;
        if let Some(mut spare) = spare {
            let until = ends.min(Instant::now() + self.phase);
            // One that is not made in time is given up.
            let _ = timeout_at(until, spare.made()).await;
            connection = spare.take();
        }
        while let Some(path) = locked(work, |work| work.queue.pop_front()) {
            let until = ends.min(Instant::now() + self.phase);
            let got = timeout_at(until, self.get(&mut connection, &path)).await;
            let late = got.is_err();
            let got = got.unwrap_or_else(|_| {
                let detail = format!("no answer within {} ms", self.phase.as_millis());
                Err(Failure::new(FailureKind::Timeout, detail))
            });
            locked(work, |work| work.take(path, got));
            if late {
                return;
            }
        }
        if let (Some(connection), Ok(mut spare)) = (connection, self.spare.lock()) {
            spare.push(connection.into());
        }
    }

    /// One item; `None` where the service has no such item.
    async fn get(
        &self,
        kept: &mut Option<Connection>,
        path: &str,
    ) -> Result<Option<String>, Failure> {
        let path = format!("{}/latest/{path}", self.endpoint.base);
        let mut open = kept.take().filter(|connection| !connection.is_closed());
        loop {
            let reused = open.is_some();
            let mut connection = match open.take() {
                Some(connection) => connection,
                None => Connection::open(self.endpoint.address, &self.endpoint.authority).await?,
            };
            let header = Some((TOKEN, self.token.as_str()));
            let asked = connection.request(Method::GET, &path, header, LONGEST_BODY);
            match asked.await {
                // A kept connection may have been closed from the other side meanwhile.
                Err(failure) if reused && failure.kind == FailureKind::Reset => {}
                Err(failure) => return Err(failure),
                Ok(reply) => {
                    *kept = Some(connection);
                    return match reply.status {
                        StatusCode::OK => Ok(String::from_utf8(reply.body).ok()),
                        StatusCode::NOT_FOUND => Ok(None),
                        status => Err(status_failure(status)),
                    };
                }
            }
        }
    }
}

/// What is to be asked, and what came.
struct Work {
    queue: VecDeque<String>,
    /// Everything that ever was in the queue.
    asked: BTreeSet<String>,
    items: Items,
    /// The first failure other than "no such item".
    failure: Option<Failure>,
    /// The items of the first round that are still to come.
    first: BTreeSet<String>,
    early: Option<oneshot::Sender<Instance>>,
}

impl Work {
    /// The list of interfaces and what others wait for comes first, of the interface that this host seems to have, too.
    fn new(macs: &[String], early: Option<oneshot::Sender<Instance>>) -> Work {
        let mut work = Work {
            queue: VecDeque::new(),
            asked: BTreeSet::new(),
            items: Items::new(),
            failure: None,
            first: BTreeSet::new(),
            early,
        };
        work.ask(ec2::FIRST_ITEMS.map(str::to_owned));
        for mac in macs.iter().take(GUESSED_INTERFACES) {
            work.ask(ec2::FIRST_OF_INTERFACE.map(|name| ec2::item_path(mac, name)));
        }
        work.first = work.asked.clone();
        work.ask(ec2::INSTANCE_ITEMS.map(str::to_owned));
        work
    }

    fn ask(&mut self, paths: impl IntoIterator<Item = String>) {
        for path in paths {
            if self.asked.insert(path.clone()) {
                self.queue.push_back(path);
            }
        }
    }

    /// Its addresses, and everything else if that is wanted.
    fn ask_of_interface(&mut self, mac: &str, everything: bool) {
        let rest: &[&str] = match everything {
            true => &ec2::INTERFACE_ITEMS,
            false => &[],
        };
        let names = ec2::ADDRESS_ITEMS.iter().chain(rest);
        let paths: Vec<String> = names.map(|name| ec2::item_path(mac, name)).collect();
        self.ask(paths);
    }

    fn take(&mut self, path: String, got: Result<Option<String>, Failure>) {
        self.first.remove(&path);
        match got {
            Ok(Some(text)) => {
                self.items.insert(path.clone(), text);
            }
            Ok(None) => {}
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
        let instead = ec2::asked_instead(&path, &self.items);
        self.ask(instead);
        if path == ec2::MACS {
            let macs = ec2::macs(&self.items);
            let few = macs.len() <= FEW_INTERFACES;
            for mac in &macs {
                self.ask_of_interface(mac, few);
            }
        }
        if self.first.is_empty()
            && let Some(early) = self.early.take()
        {
            // Nobody may be waiting for it.
            let _ = early.send(Instance::read(&self.items));
        }
    }

    /// Where there are many interfaces, everything about the primary one and those that hold the asker's addresses.
    fn ask_of_those_that_matter(&mut self, asker: &Asker) {
        let seen = Instance::read(&self.items);
        let matter = |one: &&ec2::Interface| {
            Some(&one.mac) == seen.primary_mac.as_ref()
                || asker.sources.iter().any(|source| one.holds(*source))
        };
        for one in seen.interfaces.iter().filter(matter) {
            self.ask_of_interface(&one.mac, true);
        }
    }
}

/// Nothing that is done under the lock panics; if it did, its work would still be whole.
fn locked<T>(work: &Mutex<Work>, what: impl FnOnce(&mut Work) -> T) -> T {
    let mut work = work.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    what(&mut work)
}

//! The thread that looks: one round at a time, each with a runtime of its own, so that whatever a round leaves behind ends
//! with it.
//!
//! A round looks at names and addresses anew. The VPC's configuration and the canary stand for a while, since each call
//! has its cost; but where something is not as it was, all of it is looked at once more before it is told. Then what is
//! told is a fault that was there twice, explained by the configuration of that moment.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use super::super::gathering::{self, Run};
use super::super::{AppError, shown};
use super::telling::{self, Tidings};
use crate::config::{Disk, Files, InventoryChoice, NamedFile, Settings};
use crate::drift::{Record, Source};
use crate::facts::inventory::InventorySource;
use crate::facts::{CanaryMode, Facts, FailureKind, Inventory};
use crate::gather::pace::Pace as PacketPace;
use crate::gather::tls::Trust;
use crate::gather::{self, Bounds, Standing, secrets};
use crate::verdict::{Report, report};
use crate::watch::{Allowance, Course, Due, Event, News, Pace, Round};

/// How many names the system's resolver is asked for at a time.
pub(super) const LOOKUPS: usize = 256;
/// Threads that may still hang in the system's resolver, from rounds before, before there are fewer new ones; and how many
/// there are at the least.
const MOST_THREADS: usize = 512;
const FEWEST_LOOKUPS: usize = 16;
/// The thread's stack, in bytes: what the main thread has, on which a single run is made.
const STACK: usize = 8 << 20;
/// Second looks at once, and the time after which there is one more: each calls the EC2 API.
const SECOND_LOOKS: u32 = 4;
const ONE_MORE: Duration = Duration::from_secs(60);
/// How soon what failed is asked again.
const SOON: Duration = Duration::from_secs(60);

/// What the thread is told to do.
pub(super) enum Order {
    /// Make a round.
    Look,
    /// Go on with these settings.
    Settings(Box<Settings>, Pace),
    /// End.
    End,
}

/// A round that ended.
pub(super) struct Done {
    /// How; none where it was told to stop.
    pub(super) round: Option<Round>,
    /// What is to be counted besides.
    pub(super) events: Vec<Event>,
}

/// The rounds so far, as far as the next one needs them.
pub(super) struct Rounds {
    settings: Settings,
    pace: Pace,
    stopped: watch::Receiver<bool>,
    course: Course,
    standing: Stands,
    second_looks: Allowance,
    packets: Arc<PacketPace>,
    /// What could not be written last time, so that it is not said each time.
    complaint: Option<String>,
}

/// What stands from rounds before.
#[derive(Default)]
struct Stands {
    inventory: Option<Inventory>,
    inventory_due: Due,
    /// The roots: the system's own are replaced with its updates.
    trust: Option<Trust>,
    trust_due: Due,
    found: Standing,
    canary_due: Due,
}

/// What is asked anew.
#[derive(Clone, Copy)]
struct Anew {
    inventory: bool,
    canary: bool,
}

/// Everything.
const ALL: Anew = Anew {
    inventory: true,
    canary: true,
};

impl Rounds {
    /// Starts the thread.
    pub(super) fn start(
        settings: Settings,
        pace: Pace,
        stopped: watch::Receiver<bool>,
    ) -> Result<(Sender<Order>, UnboundedReceiver<Done>), AppError> {
        let (order, orders) = channel();
        let (done, dones) = unbounded_channel();
        let now = Instant::now();
        let rounds = Rounds {
            settings,
            pace,
            stopped,
            course: Course::new(now),
            standing: Stands::default(),
            second_looks: Allowance::new(SECOND_LOOKS, ONE_MORE, now),
            packets: Arc::default(),
            complaint: None,
        };
        std::thread::Builder::new()
            .name("rounds".to_owned())
            .stack_size(STACK)
            .spawn(move || rounds.obey(&orders, &done))
            .map_err(AppError::Runtime)?;
        Ok((order, dones))
    }

    fn obey(mut self, orders: &Receiver<Order>, done: &UnboundedSender<Done>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::End => return,
                Order::Settings(settings, pace) => {
                    self.settings = *settings;
                    self.pace = pace;
                    self.standing = Stands::default();
                }
                Order::Look => {
                    let mut events = Vec::new();
                    let round = match self.round(&mut events) {
                        Ok(report) => report.map(|report| Round::Done(Arc::new(report))),
                        Err(error) => Some(Round::Failed(secrets::without(&error.to_string()))),
                    };
                    if done.send(Done { round, events }).is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// One round; none where it was told to stop.
    fn round(&mut self, events: &mut Vec<Event>) -> Result<Option<Report>, AppError> {
        let now = Instant::now();
        let anew = Anew {
            inventory: self.standing.inventory_due.is_due(now),
            canary: self.standing.canary_due.is_due(now),
        };
        let mut record = self.look(anew, events)?;
        if stopped(&record) {
            return Ok(None);
        }
        let mut is_other = self.course.differs(&record);
        if is_other && self.second_looks.take(now) {
            self.standing.trust = None;
            record = self.look(ALL, events)?;
            if stopped(&record) {
                return Ok(None);
            }
            is_other = self.course.differs(&record);
            if !is_other {
                tracing::info!(
                    "something was other than before, and at the second look it was not"
                );
                events.push(Event::Passing);
            }
        }
        let report = record.report.clone();
        let mut failed = telling::each(&self.settings, &report);
        let news = self.course.take(record, is_other, Instant::now());
        let tidings = match &news {
            News::First => Some(Tidings::Whole),
            News::Nothing => None,
            News::Changed(drift) => {
                events.push(Event::Changed);
                Some(Tidings::Change(drift))
            }
            News::HeldBack => {
                if is_other {
                    events.push(Event::HeldBack);
                    tracing::info!("it changes too often to be told each time");
                }
                None
            }
        };
        if let (Some(tidings), Some(facts)) = (tidings, self.course.told()) {
            let settings = &self.settings;
            failed.extend(telling::news(
                settings,
                facts,
                &report,
                &tidings,
                &self.stopped,
            ));
        }
        self.complain(&failed);
        events.extend(failed.iter().map(|_| Event::NotWritten));
        Ok(Some(report))
    }

    /// Says what could not be written, unless that was said already.
    fn complain(&mut self, failed: &[AppError]) {
        let texts: Vec<String> = failed.iter().map(ToString::to_string).collect();
        let complaint = (!texts.is_empty()).then(|| texts.join("; "));
        if complaint != self.complaint
            && let Some(text) = &complaint
        {
            tracing::error!("{}", shown(&secrets::without(text)));
        }
        self.complaint = complaint;
    }

    /// Looks once, and asks this anew; the rest stands.
    fn look(&mut self, anew: Anew, events: &mut Vec<Event>) -> Result<Record, AppError> {
        secrets::note_environment(|name| std::env::var(name).ok());
        let settings = &self.settings;
        let sends = settings.request.canary != CanaryMode::Off;
        let asked = match (&settings.inventory, &self.standing.inventory) {
            (InventoryChoice::File(file), standing) if anew.inventory || standing.is_none() => {
                gathering::inventory(settings, &InventoryChoice::File(read_again(file)))
                    .or_else(|error| self.kept(error))?
            }
            (InventoryChoice::Auto | InventoryChoice::Place(_), Some(inventory))
                if !anew.inventory =>
            {
                gather::InventoryChoice::Given(Box::new(inventory.clone()))
            }
            (InventoryChoice::File(_), Some(inventory)) => {
                gather::InventoryChoice::Given(Box::new(inventory.clone()))
            }
            (choice, _) => gathering::inventory(settings, choice)?,
        };
        let calls = asked.calls();
        let trust = self.standing.trust(settings, self.pace)?;
        let mut options = gathering::options(settings, asked, trust);
        let standing_canary = self.standing.found.canary.clone();
        options.standing = Standing {
            canary: standing_canary.filter(|_| sends && !anew.canary),
            credentials: self.standing.found.credentials.clone(),
        };
        let calls = calls || (sends && options.standing.canary.is_none());
        let deadline = Duration::from_millis(settings.request.deadline_ms);
        let packets = Arc::clone(&self.packets);
        let run = Run::of_many(
            self.stopped.clone(),
            gathering::workers(settings),
            lookups(),
        )?;
        let facts = run.within_limit(settings, deadline, async |bounds: &Bounds| {
            let bounds = bounds.clone().with_pace(packets);
            gather::gather(options, &bounds).await
        })?;
        if !facts.interrupted {
            if facts.duration_ms >= millis(deadline) {
                tracing::warn!("the round ended at its deadline, before all was looked at");
                events.push(Event::AtDeadline);
            }
            self.stand(&facts, calls);
        }
        Ok(Record {
            source: Source::Facts,
            report: report(&facts),
            facts: Some(Box::new(facts)),
            note: None,
        })
    }

    /// The inventory file as it was, where it is not right any more; an error where it never was.
    fn kept(&self, error: AppError) -> Result<gather::InventoryChoice, AppError> {
        match &self.standing.inventory {
            Some(inventory) => {
                tracing::warn!(
                    "the inventory stays as it was: {}",
                    shown(&error.to_string())
                );
                Ok(gather::InventoryChoice::Given(Box::new(inventory.clone())))
            }
            None => Err(error),
        }
    }

    /// Remembers what stands for the next rounds: all that was asked anew, and for less long where it failed.
    fn stand(&mut self, facts: &Facts, calls: bool) {
        let (now, chance) = (Instant::now(), chance());
        let standing = &mut self.standing;
        let inventory = &facts.inventory;
        let is_new = standing
            .inventory
            .as_ref()
            .is_none_or(|known| known.taken_at != inventory.taken_at);
        match inventory.source {
            InventorySource::Ec2Api if is_new => {
                let period = self.pace.inventory_every;
                let soon = if is_broken(inventory) {
                    period.min(SOON)
                } else {
                    period
                };
                standing.inventory_due.stands(now, soon, chance);
                standing.inventory = Some(inventory.clone());
            }
            InventorySource::File if standing.inventory_due.is_due(now) || is_new => {
                let period = self.pace.inventory_every;
                standing.inventory_due.stands(now, period, chance);
                standing.inventory = Some(inventory.clone());
            }
            // It is not asked for, or could not be: that costs nothing.
            _ => {}
        }
        let canary = &facts.canary;
        if canary.of_run_at.is_none() && canary.result.skip_reason().is_none() {
            let period = self.pace.canary_every;
            let is_right = canary.result.is_seen();
            let soon = if is_right { period } else { period.min(SOON) };
            standing.canary_due.stands(now, soon, chance);
            let mut canary = canary.clone();
            canary.of_run_at = Some(facts.started_at);
            standing.found.canary = Some(canary);
        } else if canary.of_run_at.is_none() {
            // It was skipped: what stood before does not any more.
            standing.found.canary = None;
            standing.canary_due = Due::default();
        }
        if calls {
            let host = &facts.host;
            standing.found.credentials =
                Some((host.credentials.clone(), host.credentials_error.clone()));
        }
    }
}

impl Stands {
    /// The roots, read again where it is time.
    fn trust(&mut self, settings: &Settings, pace: Pace) -> Result<Trust, AppError> {
        let now = Instant::now();
        match &self.trust {
            Some(trust) if !self.trust_due.is_due(now) => Ok(trust.clone()),
            _ => {
                let trust = gathering::trust(settings)?;
                self.trust_due.stands(now, pace.inventory_every, chance());
                self.trust = Some(trust.clone());
                Ok(trust)
            }
        }
    }
}

fn stopped(record: &Record) -> bool {
    record.facts.as_ref().is_some_and(|facts| facts.interrupted)
}

/// True where calls failed that may succeed next time.
fn is_broken(inventory: &Inventory) -> bool {
    let calls = inventory.calls();
    calls
        .iter()
        .filter_map(|(_, failure)| failure.as_ref())
        .any(|failure| failure.kind != FailureKind::Denied)
}

/// The file as it is now; as it was where it cannot be read.
fn read_again(file: &NamedFile) -> NamedFile {
    match Disk.read(Path::new(&file.label)) {
        Ok(bytes) => NamedFile {
            label: file.label.clone(),
            bytes,
        },
        Err(error) => {
            tracing::warn!(
                "the inventory stays as it was: cannot read {}: {error}",
                file.label
            );
            file.clone()
        }
    }
}

/// How many names the system's resolver may be asked for at a time now. A thread that waits for a silent server hangs in
/// the C library long after its round.
fn lookups() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    MOST_THREADS
        .saturating_sub(threads)
        .clamp(FEWEST_LOOKUPS, LOOKUPS)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn chance() -> u8 {
    let mut byte = [0_u8];
    // Without random numbers the machines of a fleet ask together: that is bearable.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    let [byte] = byte;
    byte
}

//! `watch`: rounds, one after the other, until it is told to end; beside them the settings, the service manager, and
//! whoever asks over HTTP.
//!
//! This thread waits and answers; the rounds are another's (`rounds`), so that nothing that a round waits for keeps
//! anybody from being answered.

mod rounds;
mod serving;
mod telling;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::{AppError, PASS, gathering, shown};
use crate::cli::Cli;
use crate::config::{Disk, Environment, Settings};
use crate::gather::secrets;
use crate::rules;
use crate::watch::{Board, Clocks, Event, Notifier, Now, Pace, Round, Schedule};
use rounds::{Done, Order, Rounds};
use serving::Server;

/// How often the clocks are looked at and, at the least, the service manager gets its sign of life.
const TICK: Duration = Duration::from_secs(1);
/// How long a round that was told to end is waited for: what it writes is whole or not there whenever it ends.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How often the canary is sent where nobody said how often.
const CANARY_EVERY: Duration = Duration::from_secs(300);

/// What is shown to whoever asks.
type Shown = Arc<Mutex<Board>>;

/// What the settings are settled from, again and again.
pub(super) struct Origin {
    /// The command line.
    pub(super) cli: Arc<Cli>,
    /// The variables.
    pub(super) environment: Environment,
    /// Another pace than the settings'.
    pub(super) pace: Option<Pace>,
}

/// Watches until it is told to end.
pub(super) fn watch(origin: Origin, settings: Settings) -> Result<u8, AppError> {
    check(&settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AppError::Runtime)?;
    let ended = runtime.block_on(async { Watch::begin(origin, settings).await?.run().await });
    // What still reads a file for new settings is not waited for.
    runtime.shutdown_background();
    ended
}

/// Whether rounds can be made of these settings.
fn check(settings: &Settings) -> Result<(), AppError> {
    telling::check(settings)?;
    gathering::inventory(settings, &settings.inventory)?;
    gathering::trust(settings)?;
    Ok(())
}

/// A watch that has begun.
struct Watch {
    origin: Arc<Origin>,
    settings: Settings,
    shown: Shown,
    notifier: Notifier,
    server: Option<Server>,
    orders: std::sync::mpsc::Sender<Order>,
    done: UnboundedReceiver<Done>,
    stop: watch::Sender<bool>,
    schedule: Schedule,
    /// Since when a round is under way.
    under_way: Option<Instant>,
    signals: Signals,
}

/// The signals that are obeyed.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Watch {
    async fn begin(origin: Origin, settings: Settings) -> Result<Watch, AppError> {
        let of = |kind| signal(kind).map_err(AppError::Runtime);
        // First of all, so that none of them ends the process as it does by default.
        let signals = Signals {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            hang_up: of(SignalKind::hangup())?,
        };
        let notifier = Notifier::from_variables(
            |name| origin.environment.get(name).cloned(),
            std::process::id(),
        );
        let shown: Shown = Arc::new(Mutex::new(Board::new(limit(&settings), now())));
        let server = match settings.watch.listen {
            Some(place) => Some(Server::start(place, &shown)?),
            None => None,
        };
        let pace = pace(&origin, &settings);
        let (stop, stopped) = watch::channel(false);
        let (orders, done) = Rounds::start(settings.clone(), pace, stopped)?;
        Ok(Watch {
            origin: Arc::new(origin),
            settings,
            shown,
            notifier,
            server,
            orders,
            done,
            stop,
            schedule: Schedule::new(pace.every, Instant::now()),
            under_way: None,
            signals,
        })
    }

    async fn run(mut self) -> Result<u8, AppError> {
        self.notifier.ready();
        self.notifier.status("the first round is under way");
        let period = (self.notifier.watchdog()).map_or(TICK, |limit| TICK.min(limit / 2));
        let mut tick = tokio::time::interval(period.max(Duration::from_millis(10)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut clocks = Clocks::new(Instant::now());
        loop {
            let next = tokio::time::Instant::from_std(self.schedule.next());
            tokio::select! {
                () = tokio::time::sleep_until(next), if self.under_way.is_none() => self.look()?,
                done = self.done.recv() => match done {
                    Some(done) => self.take(done),
                    None => return Err(gone()),
                },
                _ = tick.tick() => {
                    if clocks.jumped(Instant::now(), Timestamp::now()) {
                        tracing::info!("the clock jumped, or this machine slept: it is looked at once");
                        self.schedule.at_once(Instant::now());
                    }
                    if !self.hangs() {
                        self.notifier.alive();
                    }
                }
                _ = self.signals.hang_up.recv() => self.reload().await?,
                _ = self.signals.terminate.recv() => break,
                _ = self.signals.interrupt.recv() => break,
            }
        }
        self.end().await;
        Ok(PASS)
    }

    /// Orders a round.
    fn look(&mut self) -> Result<(), AppError> {
        let now = Instant::now();
        self.schedule.begin(now);
        self.under_way = Some(now);
        self.orders.send(Order::Look).map_err(|_| gone())
    }

    /// True where a round is under way for so long that it will not end: nobody is told that all is alive then.
    fn hangs(&self) -> bool {
        let limit = limit(&self.settings).saturating_mul(2);
        self.under_way.is_some_and(|since| since.elapsed() > limit)
    }

    /// A round has ended.
    fn take(&mut self, done: Done) {
        self.under_way = None;
        let missed = self.schedule.end(Instant::now());
        let mut board = board(&self.shown);
        board.tally.count_many(Event::Missed, missed);
        for event in done.events {
            board.tally.count(event);
        }
        if let Some(round) = done.round {
            if let Round::Failed(reason) = &round {
                tracing::error!("the round failed: {}", shown(reason));
            }
            board.take(round, now());
        }
        let (_, text) = board.health(now());
        drop(board);
        self.notifier.status(&shown(&text));
    }

    /// Reads the settings again. Wrong ones are told, and change nothing.
    async fn reload(&mut self) -> Result<(), AppError> {
        self.notifier.reloading();
        let origin = Arc::clone(&self.origin);
        // A file may be a pipe that nobody writes to.
        let settled = tokio::task::spawn_blocking(move || settle(&origin)).await;
        let settled = settled.unwrap_or_else(|error| Err(AppError::Unknown(error.to_string())));
        let outcome = settled.and_then(|settings| {
            let server = self.server_for(&settings)?;
            Ok((settings, server))
        });
        board(&self.shown).reloaded(outcome.is_ok());
        match outcome {
            Ok((settings, server)) => {
                if let Some(server) = server {
                    self.server = server;
                }
                let pace = pace(&self.origin, &settings);
                self.schedule.set(pace.every);
                self.schedule.at_once(Instant::now());
                board(&self.shown).set_limit(limit(&settings));
                self.settings = settings.clone();
                let order = Order::Settings(Box::new(settings), pace);
                self.orders.send(order).map_err(|_| gone())?;
                tracing::info!("the settings were read again");
            }
            Err(error) => {
                let error = secrets::without(&error.to_string());
                tracing::error!("the settings stay as they were: {}", shown(&error));
            }
        }
        self.notifier.ready();
        Ok(())
    }

    /// The server for these settings, where it is another one than there is.
    fn server_for(&self, settings: &Settings) -> Result<Option<Option<Server>>, AppError> {
        if settings.watch.listen == self.settings.watch.listen {
            return Ok(None);
        }
        match settings.watch.listen {
            None => Ok(Some(None)),
            Some(place) => Server::start(place, &self.shown).map(|server| Some(Some(server))),
        }
    }

    /// Ends: a round that is under way is told to, and waited for a little.
    async fn end(&mut self) {
        self.notifier.stopping();
        // Nobody may be there to be told.
        let _ = self.stop.send(true);
        let _ = self.orders.send(Order::End);
        let _ = tokio::time::timeout(PATIENCE, async {
            while self.done.recv().await.is_some() {}
        })
        .await;
    }
}

/// Settles the settings anew.
fn settle(origin: &Origin) -> Result<Settings, AppError> {
    let codes: Vec<&str> = rules::all().map(|rule| rule.code).collect();
    let settings = Settings::resolve(&origin.cli, &origin.environment, &Disk, &codes)?;
    check(&settings)?;
    Ok(settings)
}

fn pace(origin: &Origin, settings: &Settings) -> Pace {
    origin.pace.unwrap_or_else(|| Pace {
        every: settings.watch.every.into(),
        inventory_every: settings.watch.inventory_every.into(),
        canary_every: settings
            .memory
            .canary_every
            .map_or(CANARY_EVERY, Duration::from),
    })
}

/// How long ago the last round may have ended: an interval, the two looks of a round, and what is written afterwards.
fn limit(settings: &Settings) -> Duration {
    let deadline = Duration::from_millis(settings.request.deadline_ms);
    let every = Duration::from(settings.watch.every);
    every
        .saturating_add(deadline.saturating_mul(2))
        .saturating_add(Duration::from_secs(10))
}

fn now() -> Now {
    Now {
        steady: Instant::now(),
        wall: Timestamp::now(),
    }
}

/// A thread that died while writing leaves what is shown as good as it was.
fn board(shown: &Mutex<Board>) -> MutexGuard<'_, Board> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone() -> AppError {
    AppError::Unknown("the thread that looks is gone".to_owned())
}

//! What is known of the last round, for whoever asks over HTTP.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::http::{Answer, Status};
use super::tally::{Tally, family};
use crate::render::{escape, headline, json, prometheus};
use crate::verdict::Report;
use crate::verdict::report::RunVerdict;

/// The time, by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// By the one that only goes forward, and stands still while the machine sleeps.
    pub steady: Instant,
    /// By the one on the wall.
    pub wall: Timestamp,
}

/// How a round ended.
#[derive(Debug, Clone)]
pub enum Round {
    /// With a report.
    Done(Arc<Report>),
    /// It could not be made, for this reason.
    Failed(String),
}

/// What is shown: the last round, and what was counted.
#[derive(Debug)]
pub struct Board {
    /// What was counted so far.
    pub tally: Tally,
    began: Timestamp,
    last: Option<(Round, Now)>,
    report: Option<Arc<Report>>,
    /// A round longer ago than this says nothing about now.
    limit: Duration,
    /// Whether the settings were right when they were read last.
    settings_are_right: bool,
}

impl Board {
    /// Before the first round.
    pub fn new(limit: Duration, now: Now) -> Board {
        Board {
            tally: Tally::default(),
            began: now.wall,
            last: None,
            report: None,
            limit,
            settings_are_right: true,
        }
    }

    /// How long ago the last round may have ended.
    pub fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// A round ended.
    pub fn take(&mut self, round: Round, now: Now) {
        match &round {
            Round::Done(report) => {
                self.tally.take(report);
                self.report = Some(Arc::clone(report));
            }
            Round::Failed(_) => self.tally.count_failed_round(),
        }
        self.last = Some((round, now));
    }

    /// The settings were read again.
    pub fn reloaded(&mut self, succeeded: bool) {
        self.settings_are_right = succeeded;
        self.tally.count_reload(succeeded);
    }

    /// Whether all is well, and in one sentence what is not.
    pub fn health(&self, now: Now) -> (bool, String) {
        let Some((round, ended)) = &self.last else {
            return (false, "no round is done yet".to_owned());
        };
        let age = age(*ended, now);
        if age > self.limit {
            let (age, limit) = (age.as_secs(), self.limit.as_secs());
            let text = format!("the last round ended {age} s ago, more than {limit} s");
            return (false, text);
        }
        match round {
            Round::Failed(reason) => (false, format!("the last round failed: {reason}")),
            Round::Done(report) => (report.verdict == RunVerdict::Pass, headline(report)),
        }
    }

    /// What is answered to a path; none where there is no such thing.
    pub fn answer(&self, path: &str, now: Now) -> Option<Answer> {
        Some(match path {
            "/metrics" => {
                let mut body = Vec::new();
                match self.metrics(now, &mut body) {
                    Ok(()) => Answer::new(Status::Ok, METRICS, body),
                    Err(_) => Answer::text(Status::Unavailable, "there are no metrics"),
                }
            }
            "/healthz" => {
                let (is_healthy, text) = self.health(now);
                let status = match is_healthy {
                    true => Status::Ok,
                    false => Status::Unavailable,
                };
                Answer::text(status, &escape::terminal(&text))
            }
            "/report.json" => {
                let mut body = Vec::new();
                match &self.report {
                    Some(report) if json::write(report, &mut body).is_ok() => {
                        Answer::new(Status::Ok, "application/json", body)
                    }
                    _ => Answer::text(Status::Unavailable, "no round is done yet"),
                }
            }
            "/" => Answer::text(Status::Ok, "vpcheck watch: /metrics /healthz /report.json"),
            _ => return None,
        })
    }

    fn metrics(&self, now: Now, out: &mut dyn Write) -> io::Result<()> {
        if let Some(report) = &self.report {
            prometheus::write(report, out)?;
            if let Some(at) = report.inventory.taken_at.as_deref().and_then(seconds) {
                let name = "vpcheck_inventory_taken_timestamp_seconds";
                let help = "When the VPC's configuration was read.";
                gauge(out, name, help, at)?;
            }
        }
        self.tally.write(out)?;
        let (is_healthy, _) = self.health(now);
        gauge(
            out,
            "vpcheck_healthy",
            "1 where /healthz answers with 200.",
            i64::from(is_healthy),
        )?;
        gauge(
            out,
            "vpcheck_watch_started_timestamp_seconds",
            "When the watch began.",
            self.began.as_second(),
        )?;
        if let Some((_, ended)) = &self.last {
            let name = "vpcheck_last_round_timestamp_seconds";
            let help = "When the last round ended.";
            gauge(out, name, help, ended.wall.as_second())?;
        }
        gauge(
            out,
            "vpcheck_config_last_reload_successful",
            "1 where the settings were right when they were read last.",
            i64::from(self.settings_are_right),
        )
    }
}

/// What Prometheus's text format is called.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long ago something was, by the clock that says more: one stands still while the machine sleeps, the other may be
/// set back.
fn age(then: Now, now: Now) -> Duration {
    let steady = now.steady.saturating_duration_since(then.steady);
    let wall = now.wall.duration_since(then.wall);
    steady.max(Duration::try_from(wall).unwrap_or_default())
}

fn gauge(out: &mut dyn Write, name: &str, help: &str, value: i64) -> io::Result<()> {
    family(out, name, "gauge", help)?;
    writeln!(out, "{name} {value}")
}

fn seconds(timestamp: &str) -> Option<i64> {
    let at: Timestamp = timestamp.parse().ok()?;
    Some(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        use std::sync::LazyLock;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let wall = i64::try_from(seconds).unwrap();
        Now {
            steady: *START + Duration::from_secs(seconds),
            wall: Timestamp::from_second(1_800_000_000 + wall).unwrap(),
        }
    }

    fn report() -> Arc<Report> {
        let facts = include_str!("../../tests/cli/facts.json");
        Arc::new(crate::verdict::report(
            &serde_json::from_str(facts).unwrap(),
        ))
    }

    fn body(answer: &Answer) -> String {
        String::from_utf8(answer.body().to_vec()).unwrap()
    }

    #[test]
    fn health_is_the_last_rounds_and_not_for_long() {
        let mut board = Board::new(Duration::from_secs(60), at(0));
        assert_eq!(
            board.health(at(0)),
            (false, "no round is done yet".to_owned())
        );
        let mut report = report();
        Arc::make_mut(&mut report).verdict = RunVerdict::Pass;
        board.take(Round::Done(Arc::clone(&report)), at(10));
        assert!(board.health(at(11)).0);
        assert!(board.health(at(70)).0);
        assert!(!board.health(at(71)).0);
        // It slept: only the clock on the wall went on.
        let woken = Now {
            steady: at(11).steady,
            wall: at(4000).wall,
        };
        assert!(!board.health(woken).0);
        // The clock on the wall was set back.
        let back = Now {
            steady: at(11).steady,
            wall: at(0).wall,
        };
        assert!(board.health(back).0);
        Arc::make_mut(&mut report).verdict = RunVerdict::Inconclusive;
        board.take(Round::Done(report), at(12));
        assert!(!board.health(at(13)).0);
        board.take(Round::Failed("no file is left".to_owned()), at(14));
        let (is_healthy, text) = board.health(at(14));
        assert!(!is_healthy && text.contains("no file is left"), "{text}");
    }

    #[test]
    fn every_metric_is_described_once_and_holds_no_address() {
        let mut board = Board::new(Duration::from_secs(60), at(0));
        board.take(Round::Done(report()), at(1));
        board.reloaded(false);
        let answer = board.answer("/metrics", at(2)).unwrap();
        let text = body(&answer);
        let mut names: Vec<&str> = (text.lines())
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{text}");
        assert!(text.contains("\nvpcheck_config_last_reload_successful 0\n"));
        for address in ["10.0.", "169.254", "52.94"] {
            assert!(!text.contains(address), "{text}");
        }
        assert!(board.answer("/healthz/", at(2)).is_none());
        let answer = board.answer("/report.json", at(2)).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&body(&answer)).is_ok());
    }
}

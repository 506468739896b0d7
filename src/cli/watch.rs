//! The options of `watch`.

use clap::Args;

use super::args::{
    CanaryArgs, ConfigArgs, ConnectArgs, DeliverArgs, EvidenceArgs, ExpectArgs, InventoryArgs,
    LimitArgs, RegionArgs, SeverityArgs, SigningArgs, TargetArgs, TrustArgs, WatchingArgs,
};
use super::words::one_of;
use crate::config::Given;
use crate::render::Format;

/// What is said below the options.
pub(super) const HELP: &str = "\
The first round is reported whole, later ones only where something changed that matters, as `vpcheck diff` tells it; \
evidence and deliveries come with each report. What changed is looked at a second time at once, with everything, before \
it is reported, and what changes again and again is reported now and then. SIGHUP reads the settings again: wrong ones \
are said and change nothing. SIGTERM ends it, with exit code 0. Under systemd it tells when it is ready and how it is, \
and keeps a watchdog.

GET /metrics      the last round for Prometheus, by the names of -o prometheus, with histograms and counters
GET /healthz      200 where the last round passed; else 503, as where it is too long ago
GET /report.json  the last round's report";

/// The options of `watch`.
#[derive(Debug, Args)]
#[allow(missing_docs)] // each group says what it holds; a comment here would replace its help
pub struct WatchArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub watching: WatchingArgs,
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub canary: CanaryArgs,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub severity: SeverityArgs,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Report the first round and what changes in this format, human or json (one document a line), or each round to a file, such as prometheus=/run/vpcheck.prom; may be repeated [default: human]
    #[arg(short, long, value_name = "FORMAT[=PATH]", help_heading = "Report", hide_possible_values = true, value_parser = one_of(Format::ALL.map(Format::as_str)))]
    pub output: Vec<String>,
    #[command(flatten)]
    pub deliver: DeliverArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub signing: SigningArgs,
    /// Print what every option holds and where that was said, and do nothing else
    #[arg(long, help_heading = "Settings")]
    pub print_config: bool,
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl WatchArgs {
    pub(super) fn give(&self, given: &mut Given) {
        self.targets.give(given);
        self.watching.give(given);
        self.region.give(given);
        self.canary.give(given);
        self.expect.give(given);
        self.severity.give(given);
        self.inventory.give(given);
        self.connect.give(given);
        self.trust.give(given);
        self.limits.give(given);
        given.many("output", &self.output);
        self.deliver.give(given);
        self.evidence.give(given);
        self.signing.give(given);
        self.config.give(given);
    }
}

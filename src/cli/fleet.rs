//! `fleet`: the options of its commands.

use clap::{Args, Subcommand, ValueHint};

use super::args::{ConfigArgs, RegionArgs, TrustArgs};
use super::words::one_of;
use crate::config::Given;

/// What is to be done with many machines.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// One report of many machines' reports, by account, Region, VPC and subnet, the worst first
    #[command(
        after_help = "Of a machine the newest report stands, by its own clock; reports from the future are named. What is \
                      no report, or of a newer version, is named with its reason and skipped. Signatures are not proven \
                      here: that is what `vpcheck verify` does. S3 needs s3:ListBucket on the bucket and s3:GetObject on \
                      its objects; the bucket's region may be said as s3://BUCKET/PREFIX?region=REGION.\n\n\
                      Exit codes: 0 all pass, 1 a machine fails, 2 could not run, 3 none fails, and a machine is \
                      inconclusive or a report could not be read."
    )]
    Report(Box<FleetReportArgs>),
}

/// The options of `fleet report`.
#[derive(Debug, Args)]
#[allow(missing_docs)] // each group says what it holds; a comment here would replace its help
pub struct FleetReportArgs {
    /// JSON reports or evidence: s3://BUCKET/PREFIX, a directory with those below it (*.json, *.jsonl, *.ndjson), a file, or - for one on each line of standard input
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::AnyPath)]
    pub sources: Vec<String>,
    /// Leave out reports of runs longer ago than this, such as 2d: machines that are gone say nothing any more [default: none]
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    #[command(flatten)]
    pub output: FleetOutputArgs,
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// How a fleet's report is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct FleetOutputArgs {
    /// Report in this format, to standard output or to a file; may be repeated: human, json, html [default: human]
    #[arg(short, long, value_name = "FORMAT[=PATH]", hide_possible_values = true, value_parser = one_of(["human", "json", "html"]))]
    pub output: Vec<String>,
}

impl FleetCommand {
    /// What was said of settings.
    pub(super) fn give(&self, given: &mut Given) {
        match self {
            FleetCommand::Report(args) => {
                args.region.give(given);
                args.trust.give(given);
                args.config.give(given);
            }
        }
    }
}

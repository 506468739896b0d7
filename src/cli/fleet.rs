//! `fleet`: the options of its commands.

use clap::{ArgGroup, Args, Subcommand, ValueHint};

use super::args::{ConfigArgs, RegionArgs, TrustArgs};
use super::deferred::Deferred;
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
    Report(Deferred<FleetReportArgs>),
    /// Run vpcheck on many managed instances by AWS Systems Manager, and make one report of what they answer
    #[command(
        after_help = "The instances need SSM Agent, vpcheck, and the Command document of packaging/ssm or \
                      packaging/cloudformation/ssm.yaml; who runs this needs ssm:SendCommand, ssm:ListCommands, \
                      ssm:ListCommandInvocations and ssm:GetCommandInvocation, and ssm:DescribeInstanceInformation to \
                      say when the agent of a silent machine was last heard of. Ctrl-C ends the waiting, not the command: \
                      what it came to is shown by --resume, for 30 days.\n\n\
                      What it does not do: Run Command keeps 24,000 characters of what a machine prints, so that each \
                      machine answers with its verdict, its place and what tells its findings apart; whole reports come \
                      by --deliver. A machine whose vpcheck knows no -o brief tells codes alone, and one that cannot reach \
                      Systems Manager cannot be asked: it is named with the service's own word. One Region and account at \
                      a time; --instance-ids takes 50, --targets as many as there are.\n\n\
                      Exit codes: 0 all pass, 1 a machine fails, 2 could not run, 3 none fails, and a machine is \
                      inconclusive or did not answer."
    )]
    Run(Deferred<FleetRunArgs>),
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

/// The options of `fleet run`.
#[derive(Debug, Args)]
#[allow(missing_docs)] // as above
#[command(group(ArgGroup::new("which").required(true).multiple(false).args(["targets", "instance_ids", "all", "resume"])))]
pub struct FleetRunArgs {
    /// Machines with this tag, such as tag:role=worker; commas separate values; may be repeated, for machines with all of them
    #[arg(long, value_name = "tag:KEY=VALUE")]
    pub targets: Vec<String>,
    /// These instances, separated by commas; at most 50
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub instance_ids: Vec<String>,
    /// Every managed instance of the account and Region
    #[arg(long)]
    pub all: bool,
    /// Send nothing: follow the command with this id to its end, and report what it came to
    #[arg(long, value_name = "COMMAND_ID")]
    pub resume: Option<String>,
    /// Machines that run it at a time, a number or a percentage [default: 50]
    #[arg(long, value_name = "N|N%")]
    pub max_concurrency: Option<String>,
    /// Machines that may fail before it is sent to no more, a number or a percentage; a machine that does not pass counts [default: 100%]
    #[arg(long, value_name = "N|N%")]
    pub max_errors: Option<String>,
    /// The Command document's name or ARN [default: vpcheck]
    #[arg(long, value_name = "NAME")]
    pub document: Option<String>,
    /// A parameter of the document, such as Workload=ec2-ssm; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// How long a machine may take to begin before it counts as silent; at least 30s [default: 2m]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// How long to wait for all of them; what is under way by then is reported as such [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
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
            FleetCommand::Run(args) => {
                args.region.give(given);
                args.trust.give(given);
                args.config.give(given);
            }
        }
    }
}

//! The command line: its commands, its options and their help.
//!
//! clap splits the words; what a value means is settled in [`crate::config`], the same way for an
//! option, a variable and a key of the file. So this room holds text only, and every complaint
//! about a value is one sentence of one kind.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

mod args;
mod deferred;
mod discover;
mod documents;
mod fleet;
mod recorded;
mod watch;
mod words;

pub use args::{
    AmongManyArgs, CanaryArgs, ConfigArgs, ConnectArgs, ConsoleArgs, DeliverArgs, EvidenceArgs,
    ExpectArgs, InventoryArgs, LimitArgs, MemoryArgs, RedactArgs, RegionArgs, ReportArgs,
    SeverityArgs, SigningArgs, TargetArgs, TrustArgs, WatchingArgs,
};
pub use discover::DiscoverArgs;
pub use documents::{completions, man};
pub use fleet::{FleetCommand, FleetOutputArgs, FleetReportArgs, FleetRunArgs};
pub use recorded::{DiffArgs, ReplayArgs, VerifyArgs};
pub use watch::WatchArgs;

use deferred::Deferred;

use crate::config::Given;

/// Does this workload reach its AWS services privately, and if not, what exactly is to blame?
#[derive(Debug, Parser)]
#[command(name = "vpcheck", version, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 pass, 1 fail, 2 could not run, 3 inconclusive.")]
pub struct Cli {
    /// What vpcheck says on the terminal.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// A command and its options.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Observe, diagnose and report: the main job.
    Check(Deferred<CheckArgs>),
    /// One line and exit code 0 or 1, for container and load-balancer probes.
    #[command(
        after_help = "The EC2 API is not called: --inventory auto means off here. To end before the 5 seconds \
                      that Docker and Amazon ECS give a probe, --timeout is 1500ms and --deadline 4s by default."
    )]
    Health(Deferred<HealthArgs>),
    /// Look again and again, and report what changes: a service, with metrics and a health endpoint.
    #[command(after_help = watch::HELP)]
    Watch(Deferred<WatchArgs>),
    /// Save the VPC's configuration as JSON, for agents that may not read it themselves.
    Inventory(Deferred<SnapshotArgs>),
    /// Tell which AWS services this host really calls, from its own connections, and which way.
    #[command(
        after_help = "Nothing is captured and no service is called: the kernel's tables of sockets are read, and the \
                      services' names are looked up. Of a process its name and its program's file are told, never its \
                      arguments. Root, or CAP_SYS_PTRACE, sees whose every connection is; without it that is said. \
                      The first SIGINT ends the watching and prints what was seen. Exit codes: 0 told, 2 could not run."
    )]
    Discover(Deferred<DiscoverArgs>),
    /// Diagnose recorded facts again, without any network.
    #[command(
        after_help = "What is said of expectations here replaces what was recorded. Of several files, reports follow each \
                      other in the files' order, as human, emf, brief, or json with one report a line; a file that is no facts \
                      is named and the rest go on. The exit code is the worst: 2, then 1, then 3.\n\n\
                      Changes that can be assumed (--assume):\n  \
                      private-dns=on:VPCE, off:VPCE   the endpoint's private DNS is switched\n  \
                      endpoint-created=SERVICE        the service gets an endpoint, private DNS on\n  \
                      endpoint-deleted=VPCE           the endpoint is deleted\n  \
                      endpoint-available=VPCE         the endpoint becomes available\n  \
                      policy=VPCE:FILE                the endpoint's policy is this file's\n  \
                      group-allows-443=SG[:CIDR|:SG]  the security group admits 443, from this host or from there\n  \
                      group-denies-443=SG             the rules that admit 443 are removed\n  \
                      egress-allows-443=SG            the host's own security group lets 443 out\n  \
                      acl-allows-443=ACL              the network ACL passes 443 and its replies\n  \
                      route-added=SERVICE             the subnet's route table gets the gateway endpoint's route\n  \
                      no-internet                     NAT gateway and internet routes are removed\n  \
                      vpc-dns=on                      both DNS attributes of the VPC are on\n  \
                      resolver=vpc                    the host asks the VPC's resolver\n  \
                      hosts-line-removed=NAME         the hosts file no longer names the host\n  \
                      proxy-removed=VARIABLE          the proxy variable is no longer set\n\
                      What is not known after a change is skipped, so that the verdict may be inconclusive."
    )]
    Replay(Deferred<ReplayArgs>),
    /// Compare two runs: what changed that matters, and which change explains a changed verdict.
    #[command(
        after_help = "Run ids, times, durations, times to live, the order of anything, and which of a service's public \
                      addresses were answered are no change. A report holds less than facts and evidence do: what \
                      both hold is compared, and what could not be is said. Exit codes: 0 the same, 1 changed, 2 could \
                      not run."
    )]
    Diff(Deferred<DiffArgs>),
    /// Many machines at once: run on them, and make their reports one.
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Fleet {
        /// What is to be done with them.
        #[command(subcommand)]
        command: FleetCommand,
    },
    /// Prove evidence: integrity, signature, an unbroken chain, and verdicts that follow from the facts.
    #[command(after_help = "Exit codes: 0 all is proven, 1 something is not, 2 could not run.")]
    Verify(Deferred<VerifyArgs>),
    /// Make the key that signs evidence, unless it exists, and print its public half.
    SigningKey {
        /// The key's file; its public half is written beside it, with `.pub` after the name
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Say what a finding means and how to fix it; without a code, list the findings.
    Explain {
        /// The finding's code, such as `endpoint-missing`.
        code: Option<String>,
    },
    /// List the services vpcheck knows, with their endpoint service names and hostnames.
    Services(Deferred<ServicesArgs>),
    /// Print the least IAM policy that the options given need, as JSON.
    IamPolicy(Deferred<IamPolicyArgs>),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// The options of `check`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // each group says what it holds; a comment here would replace its help
pub struct CheckArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
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
    pub among_many: AmongManyArgs,
    /// Begin at a random moment of this time, such as 10m, for runs that a schedule starts on many machines at once [default: off]
    #[arg(long, value_name = "DURATION|off", help_heading = "Among many")]
    pub spread: Option<String>,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    /// Save what was observed, for `vpcheck replay`
    #[arg(long, value_name = "FILE", help_heading = "Report", value_hint = clap::ValueHint::FilePath)]
    pub save_facts: Option<String>,
    #[command(flatten)]
    pub redact: RedactArgs,
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

/// The options of `health`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // as above
pub struct HealthArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub canary: CanaryArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub severity: SeverityArgs,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub among_many: AmongManyArgs,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub redact: RedactArgs,
    /// Print what every option holds and where that was said, and do nothing else
    #[arg(long, help_heading = "Settings")]
    pub print_config: bool,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The options of `inventory`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // as above
pub struct SnapshotArgs {
    /// Write the snapshot to a file, s3://BUCKET/KEY or ssm:/NAME instead of standard output
    #[arg(short, long, value_name = "FILE|PLACE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The VPC, such as vpc-0abc [default: this machine's, else every VPC of the region]
    #[arg(long, value_name = "ID")]
    pub vpc_id: Option<String>,
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The options of `services`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // as above
pub struct ServicesArgs {
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The options of `iam-policy`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // as above
pub struct IamPolicyArgs {
    #[command(flatten)]
    pub canary: CanaryArgs,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub signing: SigningArgs,
    #[command(flatten)]
    pub region: RegionArgs,
    #[command(flatten)]
    pub deliver: DeliverArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Why the command line alone ends the program: help, the version, or a mistake.
#[derive(Debug)]
pub struct Stop {
    /// What to print, and whether to standard output or standard error.
    pub message: clap::Error,
    /// The exit code: 0 for help and version; 2 for a mistake, 1 for one in `health`, which knows no other.
    pub code: u8,
}

/// Reads the command line; the first word is the program's name.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Stop> {
    let words: Vec<OsString> = words.into_iter().collect();
    Cli::try_parse_from(&words).map_err(|message| {
        let code = match message.use_stderr() {
            false => 0,
            true if is_health(&words) => 1,
            true => 2,
        };
        Stop { message, code }
    })
}

impl Cli {
    /// What was said on the command line, by option.
    pub fn given(&self) -> Given {
        let mut given = Given::default();
        self.console.give(&mut given);
        self.command.give(&mut given);
        given
    }
}

impl Command {
    /// The name it is called by.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Check(_) => "check",
            Command::Health(_) => "health",
            Command::Watch(_) => "watch",
            Command::Inventory(_) => "inventory",
            Command::Discover(_) => "discover",
            Command::Replay(_) => "replay",
            Command::Diff(_) => "diff",
            Command::Fleet { .. } => "fleet",
            Command::Verify(_) => "verify",
            Command::SigningKey { .. } => "signing-key",
            Command::Explain { .. } => "explain",
            Command::Services(_) => "services",
            Command::IamPolicy(_) => "iam-policy",
            Command::Completions { .. } => "completions",
            Command::Man => "man",
        }
    }

    fn give(&self, given: &mut Given) {
        match self {
            Command::Check(args) => {
                args.targets.give(given);
                args.region.give(given);
                args.canary.give(given);
                args.expect.give(given);
                args.severity.give(given);
                args.inventory.give(given);
                args.among_many.give(given);
                given.one("spread", args.spread.as_deref());
                args.connect.give(given);
                args.trust.give(given);
                args.limits.give(given);
                args.report.give(given);
                given.one("save-facts", args.save_facts.as_deref());
                args.redact.give(given);
                args.deliver.give(given);
                args.evidence.give(given);
                args.signing.give(given);
                args.config.give(given);
            }
            Command::Health(args) => {
                args.targets.give(given);
                args.region.give(given);
                args.canary.give(given);
                args.memory.give(given);
                args.expect.give(given);
                args.severity.give(given);
                args.inventory.give(given);
                args.among_many.give(given);
                args.connect.give(given);
                args.trust.give(given);
                args.limits.give(given);
                args.redact.give(given);
                args.config.give(given);
            }
            Command::Watch(args) => args.give(given),
            Command::Inventory(args) => {
                given.one("vpc-id", args.vpc_id.as_deref());
                args.region.give(given);
                args.trust.give(given);
                args.limits.give(given);
                args.config.give(given);
            }
            Command::Discover(args) => {
                args.region.give(given);
                given.many("vpc-cidr", &args.vpc_cidr);
                given.many("allow-cidr", &args.allow_cidr);
                args.inventory.give(given);
                given.one("service-roots", args.service_roots.as_deref());
                args.trust.give(given);
                args.limits.give(given);
                args.config.give(given);
            }
            Command::Replay(args) => {
                args.expect.give(given);
                args.severity.give(given);
                args.report.give(given);
                args.redact.give(given);
                given.one("config", args.config.as_deref());
            }
            Command::Fleet { command } => command.give(given),
            Command::Services(args) => {
                args.region.give(given);
                args.config.give(given);
            }
            Command::IamPolicy(args) => {
                args.canary.give(given);
                args.inventory.give(given);
                args.signing.give(given);
                args.region.give(given);
                args.deliver.give(given);
                args.config.give(given);
            }
            Command::Verify(args) => {
                args.signing.give(given);
                args.config.give(given);
            }
            Command::Diff(_)
            | Command::SigningKey { .. }
            | Command::Explain { .. }
            | Command::Completions { .. }
            | Command::Man => {}
        }
    }
}

/// Whether the command is `health`, told from words that do not parse as a whole.
fn is_health(words: &[OsString]) -> bool {
    Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(words)
        .is_ok_and(|matches| matches.subcommand_name() == Some("health"))
}

#[cfg(test)]
mod tests;

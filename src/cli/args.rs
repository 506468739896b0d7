//! Options in groups, shared by the commands they make sense for.

use clap::{ArgAction, Args, ValueHint};

use super::words::one_of;
use crate::catalog::Workload;
use crate::config::{FixLanguage, Given};
use crate::render::Format;

/// What is checked.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is checked")]
pub struct TargetArgs {
    /// A service (sqs, ecr.dkr), a hostname or an https:// URL [default: what the workload needs]
    #[arg(value_name = "TARGET", help_heading = None::<&str>)]
    pub targets: Vec<String>,
    /// Check what this workload needs; may be repeated [default: as detected]
    #[arg(long, value_name = "NAME", hide_possible_values = true, value_parser = one_of(Workload::ALL.map(Workload::as_str)))]
    pub workload: Vec<String>,
}

/// Where the services are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is checked")]
pub struct RegionArgs {
    /// The AWS Region [default: as the AWS SDKs find it, then instance or task metadata]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
}

/// The canary message.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Canary")]
pub struct CanaryArgs {
    /// The queue a canary message is sent to
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub queue_url: Option<String>,
    /// What the canary does; round-trip also receives and deletes its own message [default: send with a queue, else off]
    #[arg(long, value_name = "MODE", hide_possible_values = true, value_parser = one_of(["off", "send", "round-trip"]))]
    pub canary: Option<String>,
}

/// What `health` remembers of the probes before.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Between probes")]
pub struct MemoryArgs {
    /// Send the canary at most this often, such as 5m; between two its last outcome stands [default: with each probe]
    #[arg(long, value_name = "DURATION")]
    pub canary_every: Option<String>,
    /// Be unhealthy at the Nth failure in a row, and not before [default: 1]
    #[arg(long, value_name = "N")]
    pub grace: Option<String>,
    /// Where the two are remembered; without --canary-every and --grace nothing is written [default: /tmp/vpcheck-health.json]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state: Option<String>,
}

/// When `watch` looks, and whom it tells.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Watching")]
pub struct WatchingArgs {
    /// Look this often, from 1s to 1d; a round that takes longer is waited for [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub every: Option<String>,
    /// Answer /metrics, /healthz and /report.json at this address, in plain HTTP and to whoever reaches it: anything but 127.0.0.1 or [::1] shows the report to the network [default: nowhere]
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Read the VPC's configuration again after this time, from 1m, and whenever something changes [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub inventory_every: Option<String>,
    /// Send the canary again after this time, and when something changes; between two its last outcome stands [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub canary_every: Option<String>,
}

/// What routes are right.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is expected")]
pub struct ExpectArgs {
    /// Which routes are right: under private a public route fails, under reachable it warns, isolated allows no internet route at all [default: private]
    #[arg(long, value_name = "ROUTES", hide_possible_values = true, value_parser = one_of(["private", "reachable", "isolated"]))]
    pub expect: Option<String>,
    /// An address range of this VPC; replaces what metadata and EC2 say; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub vpc_cidr: Vec<String>,
    /// A private range outside the VPC that may hold endpoints; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub allow_cidr: Vec<String>,
    /// How old an inventory file may be [default: 24h]
    #[arg(long, value_name = "DURATION")]
    pub inventory_max_age: Option<String>,
}

/// How severe findings are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is expected")]
pub struct SeverityArgs {
    /// Set a finding's severity to fail, warn, info or off; may be repeated
    #[arg(long, value_name = "CODE=LEVEL")]
    pub severity: Vec<String>,
}

/// Where the VPC's configuration is read.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is expected")]
pub struct InventoryArgs {
    /// Where the VPC's configuration is read: auto (the EC2 API), off, or what `vpcheck inventory` wrote: a file, s3://BUCKET/KEY or ssm:/NAME [default: auto]
    #[arg(long, value_name = "auto|off|FILE|PLACE", value_hint = ValueHint::FilePath)]
    pub inventory: Option<String>,
}

/// What many agents do so as not to ask all at once.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Among many")]
pub struct AmongManyArgs {
    /// Keep the inventory that was fetched from S3 or Parameter Store here, so that not every run asks, and one that cannot ask still has it; or off [default: /var/cache/vpcheck]
    #[arg(long, value_name = "DIR|off", value_hint = ValueHint::DirPath)]
    pub inventory_cache: Option<String>,
}

/// Whom to ask.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectArgs {
    /// Ask this DNS server as well as the host's own and the VPC's; may be repeated
    #[arg(long, value_name = "IP[:PORT]")]
    pub resolver: Vec<String>,
    /// PEM roots that a service's certificate must chain to [default: Amazon Trust Services, built in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub service_roots: Option<String>,
}

/// Whom to trust.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub struct TrustArgs {
    /// PEM roots to trust besides the system's [default: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<String>,
}

/// Limits in time.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub struct LimitArgs {
    /// How long one probe may take, such as 500ms or 2s [default: 2s]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// How long the whole run may take [default: 20s]
    #[arg(long, value_name = "DURATION")]
    pub deadline: Option<String>,
}

/// The reports to write.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Report in this format, to standard output or to a file; may be repeated: human, json, junit, html, prometheus, ocsf, asff, emf, markdown, brief [default: human]
    #[arg(short, long, value_name = "FORMAT[=PATH]", hide_possible_values = true, value_parser = one_of(Format::ALL.map(Format::as_str)))]
    pub output: Vec<String>,
    /// Write a CloudFormation template that creates the endpoints that are missing, and what they cost, to standard output instead of the report or to a file: cloudformation
    #[arg(long, value_name = "LANGUAGE[=PATH]", hide_possible_values = true, value_parser = one_of(FixLanguage::ALL.map(FixLanguage::as_str)))]
    pub fix: Option<String>,
}

/// For eyes outside the house.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct RedactArgs {
    /// Write stand-ins for account ids and addresses, in every report and in saved facts; the ids of VPCs, subnets, endpoints and instances stay, and so do logs
    #[arg(long)]
    pub redact: bool,
}

/// Where results go besides.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct DeliverArgs {
    /// Deliver each run's result there: s3://BUCKET/PREFIX, security-hub, ssm-compliance, journald or syslog; may be repeated
    #[arg(long, value_name = "DESTINATION")]
    pub deliver: Vec<String>,
    /// Where results wait that AWS did not take yet [default: /var/lib/vpcheck/spool]
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub spool: Option<String>,
}

/// What is kept for auditors.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
    /// Write each run's signed evidence as a file of this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub evidence: Option<String>,
    /// How long evidence is kept, such as 400d [default: for ever]
    #[arg(long, value_name = "DURATION")]
    pub retention: Option<String>,
}

/// The key that signs evidence.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Evidence")]
pub struct SigningArgs {
    /// The key that signs evidence: a file of `vpcheck signing-key`, or a KMS key's ARN [default: /etc/vpcheck/signing-key where it exists]
    #[arg(long, value_name = "FILE|ARN", value_hint = ValueHint::FilePath)]
    pub signing_key: Option<String>,
}

/// The configuration file.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct ConfigArgs {
    /// Read settings from this TOML file [default: /etc/vpcheck/vpcheck.toml where it exists]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<String>,
}

/// What is said on the terminal.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Terminal")]
pub struct ConsoleArgs {
    /// Log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log more, to standard error; may be repeated
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colors on the terminal [default: auto]
    #[arg(long, value_name = "WHEN", global = true, hide_possible_values = true, value_parser = one_of(["auto", "always", "never"]))]
    pub color: Option<String>,
}

impl TargetArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.many("target", &self.targets);
        given.many("workload", &self.workload);
    }
}

impl RegionArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("region", self.region.as_deref());
    }
}

impl CanaryArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("queue-url", self.queue_url.as_deref());
        given.one("canary", self.canary.as_deref());
    }
}

impl MemoryArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("canary-every", self.canary_every.as_deref());
        given.one("grace", self.grace.as_deref());
        given.one("state", self.state.as_deref());
    }
}

impl WatchingArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("every", self.every.as_deref());
        given.one("listen", self.listen.as_deref());
        given.one("inventory-every", self.inventory_every.as_deref());
        given.one("canary-every", self.canary_every.as_deref());
    }
}

impl ExpectArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("expect", self.expect.as_deref());
        given.many("vpc-cidr", &self.vpc_cidr);
        given.many("allow-cidr", &self.allow_cidr);
        given.one("inventory-max-age", self.inventory_max_age.as_deref());
    }
}

impl SeverityArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.many("severity", &self.severity);
    }
}

impl InventoryArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("inventory", self.inventory.as_deref());
    }
}

impl AmongManyArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("inventory-cache", self.inventory_cache.as_deref());
    }
}

impl ConnectArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.many("resolver", &self.resolver);
        given.one("service-roots", self.service_roots.as_deref());
    }
}

impl TrustArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("ca-file", self.ca_file.as_deref());
    }
}

impl LimitArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("timeout", self.timeout.as_deref());
        given.one("deadline", self.deadline.as_deref());
    }
}

impl ReportArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.many("output", &self.output);
        given.one("fix", self.fix.as_deref());
    }
}

impl RedactArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("redact", self.redact.then_some("true"));
    }
}

impl DeliverArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.many("deliver", &self.deliver);
        given.one("spool", self.spool.as_deref());
    }
}

impl EvidenceArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("evidence", self.evidence.as_deref());
        given.one("retention", self.retention.as_deref());
    }
}

impl SigningArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("signing-key", self.signing_key.as_deref());
    }
}

impl ConfigArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("config", self.config.as_deref());
    }
}

impl ConsoleArgs {
    pub(super) fn give(&self, given: &mut Given) {
        given.one("quiet", self.quiet.then_some("true"));
        let verbose = (self.verbose > 0).then(|| self.verbose.to_string());
        given.one("verbose", verbose.as_deref());
        given.one("color", self.color.as_deref());
    }
}

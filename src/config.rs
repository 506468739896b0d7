//! Settings: what the command line, the environment and the configuration file say together.
//!
//! An option beats its `VPCHECK_*` variable, the variable beats the file, the file beats the
//! default; a list said in one place replaces the list of a lower one. All is judged here, once:
//! whoever holds [`Settings`] need not check them again. Nothing here touches the process: the
//! environment is a map, and files come through [`Files`].

mod error;
mod file;
mod files;
mod fix;
mod layers;
mod nearest;
mod network;
mod output;
mod period;
mod queue;
mod registry;
mod resolve;
mod roots;
mod shown;
mod signing_key;
mod target;
mod words;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use error::{Problem, SettingError};
pub use files::{Disk, Files, LARGEST_FILE};
pub use fix::{FixLanguage, FixOutput};
pub use layers::{Given, Source, Sourced};
pub use nearest::nearest;
pub use output::Output;
pub use period::Period;
pub use registry::{OPTIONS, OptionSpec, Shape, misspelt_variables};
pub use signing_key::{DEFAULT_SIGNING_KEY, KmsKey, SigningKey};
pub use target::TargetArg;

use crate::catalog::{Region, Workload};
use crate::cli::Cli;
use crate::deliver::Destination;
use crate::facts::{InventoryPlace, Request};

/// Where the configuration file is looked for unless told otherwise.
pub const DEFAULT_FILE: &str = "/etc/vpcheck/vpcheck.toml";

/// Where `health` remembers the probes before unless told otherwise.
pub const DEFAULT_STATE: &str = "/tmp/vpcheck-health.json";

/// Where fetched inventories are kept unless told otherwise: what can be had again at any time (file-hierarchy(7)).
pub const DEFAULT_INVENTORY_CACHE: &str = "/var/cache/vpcheck";

/// The environment's variables, by name.
pub type Environment = BTreeMap<String, String>;

/// What a run is to do. Options that a command does not take have their defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What the rules and the report read.
    pub request: Request,
    /// The region that was asked for; else it is to be found out.
    pub region: Option<Region>,
    /// The targets named; empty: what the workloads need.
    pub targets: Vec<TargetArg>,
    /// The workloads named; empty: as detected.
    pub workloads: Vec<Workload>,
    /// DNS servers to ask besides the host's and the VPC's.
    pub extra_resolvers: Vec<SocketAddr>,
    /// Where the VPC's configuration is read.
    pub inventory: InventoryChoice,
    /// The directory that fetched inventories are kept in; none: they are not.
    pub inventory_cache: Option<PathBuf>,
    /// A run begins at a random moment of this time; none: at once.
    pub spread: Option<Period>,
    /// Roots that replace the built-in Amazon Trust Services.
    pub service_roots: Option<NamedFile>,
    /// Roots to trust besides the system's.
    pub ca_file: Option<NamedFile>,
    /// The VPC that a snapshot is to be of.
    pub vpc_id: Option<String>,
    /// The reports to write, never two to one place; empty only where a fix goes to standard output instead.
    pub outputs: Vec<Output>,
    /// The fix to write.
    pub fix: Option<FixOutput>,
    /// Where the facts are saved.
    pub save_facts: Option<PathBuf>,
    /// Whether accounts and addresses are given stand-ins in all that is written.
    pub redact: bool,
    /// Who else gets each run's result.
    pub deliver: Vec<Destination>,
    /// Where results wait that AWS did not take yet.
    pub spool: PathBuf,
    /// The directory that evidence is kept in.
    pub evidence: Option<PathBuf>,
    /// The key that signs it; none: that of [`DEFAULT_SIGNING_KEY`] where it exists.
    pub signing_key: Option<SigningKey>,
    /// How long it is kept; none: for ever.
    pub retention: Option<Period>,
    /// What `health` remembers from one probe to the next.
    pub memory: MemoryChoice,
    /// When `watch` looks, and where it listens.
    pub watch: WatchChoice,
    /// Colors on the terminal.
    pub color: ColorChoice,
    /// True where only errors are to be logged.
    pub quiet: bool,
    /// How much more is to be logged: 0, 1, 2, ….
    pub verbosity: u8,
    /// What was said of each option that the command takes, and where.
    said: Vec<shown::Said>,
}

/// Where the VPC's configuration is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InventoryChoice {
    /// From the EC2 API.
    #[default]
    Auto,
    /// Not at all.
    Off,
    /// From a file, whose content this is.
    File(NamedFile),
    /// From where another machine put it.
    Place(InventoryPlace),
}

/// What `health` remembers from one probe to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryChoice {
    /// The shortest time from one canary to the next; none: each probe sends one.
    pub canary_every: Option<Period>,
    /// How many failures in a row are unhealthy; at least 1.
    pub grace: u32,
    /// The file that remembers.
    pub state: PathBuf,
}

/// When `watch` looks, and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchChoice {
    /// The time from the beginning of one round to that of the next.
    pub every: Period,
    /// How long the VPC's configuration stands.
    pub inventory_every: Period,
    /// Where it answers, if anywhere.
    pub listen: Option<SocketAddr>,
}

/// A file that was read, and the name it was asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The path as it was given.
    pub label: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// When the terminal gets colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// Where it is one that shows them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Settings {
    /// Settles every option that the command takes.
    ///
    /// `known_codes` are the codes that `--severity` may name.
    pub fn resolve(
        cli: &Cli,
        environment: &Environment,
        files: &dyn Files,
        known_codes: &[&str],
    ) -> Result<Settings, SettingError> {
        resolve::resolve(cli, environment, files, known_codes)
    }

    /// Where an option's value came from, by its key; the default for one the command does not take.
    pub fn origin(&self, key: &str) -> &Source {
        let said = self.said.iter().find(|said| said.key == key);
        said.map_or(&Source::Default, |said| &said.from)
    }

    /// The settings as they hold, in the form of the configuration file, each with the place it came from.
    pub fn shown(&self) -> String {
        shown::shown(self)
    }

    /// A recorded request as it is to be judged now: what was said this time replaces what was recorded.
    pub fn over(&self, recorded: Request) -> Request {
        let said = |key| *self.origin(key) != Source::Default;
        let now = self.request.clone();
        let mut request = recorded;
        if said("expect") {
            request.expect = now.expect;
        }
        if said("vpc-cidr") {
            request.vpc_cidrs = now.vpc_cidrs;
        }
        if said("allow-cidr") {
            request.allow_cidrs = now.allow_cidrs;
        }
        if said("inventory-max-age") {
            request.inventory_max_age_s = now.inventory_max_age_s;
        }
        if said("severity") {
            request.severities = now.severities;
        }
        request
    }
}

#[cfg(test)]
mod tests;

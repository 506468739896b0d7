//! The options of the commands that read what was recorded: `replay`, `diff` and `verify`.

use std::path::PathBuf;

use super::args::{ConfigArgs, ExpectArgs, RedactArgs, ReportArgs, SeverityArgs, SigningArgs};
use super::words;

/// The options of `replay`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // each group says what it holds
pub struct ReplayArgs {
    /// Files that `check --save-facts` wrote, or directories of them (*.json)
    #[arg(value_name = "FACTS", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub facts: Vec<PathBuf>,
    /// Judge as if this change were made, such as private-dns=on:vpce-0abc; may be repeated, in order
    #[arg(long, value_name = "CHANGE", help_heading = "What if")]
    pub assume: Vec<String>,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub severity: SeverityArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub redact: RedactArgs,
    /// Read settings from this TOML file [default: none, this machine's own has no say in a replay]
    #[arg(long, value_name = "FILE", help_heading = "Settings", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<String>,
}

/// The options of `diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The run to compare with: facts, a JSON report or an evidence file
    #[arg(value_name = "OLD", value_hint = clap::ValueHint::FilePath)]
    pub old: PathBuf,
    /// The run that is compared: facts, a JSON report or an evidence file
    #[arg(value_name = "NEW", value_hint = clap::ValueHint::FilePath)]
    pub new: PathBuf,
    /// Say what changed in this format, to standard output or to a file; may be repeated: human, json [default: human]
    #[arg(short, long, value_name = "FORMAT[=PATH]", hide_possible_values = true, value_parser = words::one_of(["human", "json"]))]
    pub output: Vec<String>,
}

/// The options of `verify`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // each group says what it holds
pub struct VerifyArgs {
    /// An evidence file, or the directory of a chain
    #[arg(value_name = "FILE|DIR", value_hint = clap::ValueHint::AnyPath)]
    pub evidence: PathBuf,
    /// A public key (PEM) that may have signed; may be repeated [default: the one beside the signing key]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub public_key: Vec<PathBuf>,
    /// Print the outcome in this format: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true, value_parser = words::one_of(["human", "json"]))]
    pub format: String,
    #[command(flatten)]
    pub signing: SigningArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

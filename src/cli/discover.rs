//! The options of `vpcheck discover`.

use std::path::PathBuf;

use super::args::{ConfigArgs, InventoryArgs, LimitArgs, RegionArgs, TrustArgs};
use super::words;

/// The options of `discover`.
#[derive(Debug, clap::Args)]
#[allow(missing_docs)] // each group says what it holds
pub struct DiscoverArgs {
    /// Watch for so long, such as 10m, instead of looking once
    #[arg(long = "for", value_name = "DURATION")]
    pub watch: Option<String>,
    /// AWS's published address ranges (ip-ranges.json), to tell addresses that no name has
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub ranges: Option<PathBuf>,
    /// Write the outcome in this format, to standard output or to a file; may be repeated: human, json [default: human]
    #[arg(short, long, value_name = "FORMAT[=PATH]", hide_possible_values = true, value_parser = words::one_of(["human", "json"]))]
    pub output: Vec<String>,
    #[command(flatten)]
    pub region: RegionArgs,
    /// An address range of this VPC; replaces what metadata and EC2 say; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub vpc_cidr: Vec<String>,
    /// A private range outside the VPC that may hold endpoints; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub allow_cidr: Vec<String>,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    /// The roots (PEM) that the EC2 API's certificate must chain to [default: Amazon Trust Services]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub service_roots: Option<String>,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

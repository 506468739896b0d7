//! Scenarios: a world, a command line, and what must be found; one TOML file each under `tests/scenarios`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::world::World;
use super::{Lab, queue_url};

/// A situation and what is to be said of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What happened, in a few words.
    pub title: String,
    /// Why the findings are what they are, for whoever has to judge a difference.
    pub why: String,
    /// Another scenario whose world this one changes; else the healthy world.
    #[serde(default)]
    pub base: Option<String>,
    /// The command: `check` unless said.
    #[serde(default = "check")]
    pub command: String,
    /// Workloads asked for.
    #[serde(default = "ec2_ssm")]
    pub workloads: Vec<String>,
    /// The canary's queue: the world's `canary` unless said, none if empty.
    #[serde(default)]
    pub queue_url: Option<String>,
    /// Further arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Beginnings of addresses that are others throughout the base world: `"10.0." = "100.64."` moves the whole VPC.
    #[serde(default)]
    pub renumber: BTreeMap<String, String>,
    /// Changes to the world.
    #[serde(default)]
    pub world: toml::Table,
    /// Changes to this scenario's world under which an inventory is taken beforehand and handed to the check.
    #[serde(default)]
    pub inventory: Option<toml::Table>,
    /// Where that inventory is put for the check to fetch, instead of handed over as a file; or where there is nothing.
    #[serde(default)]
    pub inventory_at: Option<String>,
    /// When that inventory says it was taken, if not a moment ago.
    #[serde(default)]
    pub inventory_taken_at: Option<String>,
    /// What must come out.
    pub expect: Expect,
}

/// What must come out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `pass`, `fail`, `inconclusive`.
    pub verdict: String,
    /// The exit code.
    pub exit: i32,
    /// The findings, in any order, and none besides.
    #[serde(default)]
    pub findings: Vec<ExpectedFinding>,
    /// Codes about which the contract leaves room: they may be there or not, and `why` says why.
    #[serde(default)]
    pub either_way: Vec<String>,
    /// Verdict and route by service, for those that matter.
    #[serde(default)]
    pub services: BTreeMap<String, ExpectedService>,
    /// `canary.status`.
    #[serde(default)]
    pub canary: Option<String>,
    /// Values of the report by JSON pointer: `"/environment/kind" = "fargate"`. `"null"` stands for null.
    #[serde(default)]
    pub report: BTreeMap<String, toml::Value>,
    /// The run must take less than this.
    #[serde(default)]
    pub within_seconds: Option<f64>,
}

/// A finding that must be there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFinding {
    /// Its code.
    pub code: String,
    /// Its severity.
    pub severity: String,
    /// Its services, in any order.
    #[serde(default)]
    pub services: Option<Vec<String>>,
    /// Its subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Texts that its consequences must contain, without regard to case.
    #[serde(default)]
    pub consequences_mention: Vec<String>,
    /// Texts that its evidence must contain, without regard to case.
    #[serde(default)]
    pub evidence_mentions: Vec<String>,
}

/// A service's result.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedService {
    /// Its verdict.
    #[serde(default)]
    pub verdict: Option<String>,
    /// Its route.
    #[serde(default)]
    pub route: Option<String>,
}

impl Scenario {
    /// The code of the only finding that fails, in a world that has exactly one and fails by it.
    #[allow(dead_code)] // the demo lists by it
    pub fn only_failure(&self) -> Option<&str> {
        let mut failing = self
            .expect
            .findings
            .iter()
            .filter(|finding| finding.severity == "fail");
        let first = failing.next()?;
        let alone = failing.next().is_none() && self.expect.exit == 1;
        (alone && self.expect.either_way.is_empty()).then_some(first.code.as_str())
    }
}

fn check() -> String {
    "check".into()
}

fn ec2_ssm() -> Vec<String> {
    vec!["ec2-ssm".into()]
}

/// Where the scenarios are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every scenario by name, sorted.
pub fn all() -> Result<BTreeMap<String, Scenario>, String> {
    let directory = directory();
    let entries = fs::read_dir(&directory)
        .map_err(|e| format!("cannot read {}: {e}", directory.display()))?;
    let mut scenarios = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            scenarios.insert(name, read(&path)?);
        }
    }
    Ok(scenarios)
}

/// One scenario by name.
pub fn named(name: &str) -> Result<Scenario, String> {
    read(&directory().join(format!("{name}.toml")))
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text =
        fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

impl Scenario {
    /// Whether it is a healthy world: by its name, so that the list shows it.
    pub fn is_healthy(name: &str) -> bool {
        name.starts_with("healthy")
    }

    /// The world it plays in.
    pub fn world(&self) -> Result<World, String> {
        let base = match &self.base {
            Some(name) => named(name)?.world()?,
            None => World::default(),
        };
        base.renumbered(&self.renumber)?.changed(&self.world)
    }

    /// The world an inventory is taken in beforehand, if one is.
    pub fn inventory_world(&self) -> Result<Option<World>, String> {
        self.inventory
            .as_ref()
            .map(|changes| self.world()?.changed(changes))
            .transpose()
    }

    /// The same world with an inventory that was taken beforehand, where the check is to fetch it.
    pub fn keeping(&self, mut world: World, inventory: Option<&Path>) -> World {
        if let (Some(place), Some(file)) = (&self.inventory_at, inventory) {
            if let Some(moment) = &self.inventory_taken_at {
                date(file, moment);
            }
            let text = fs::read_to_string(file).expect("the inventory was written");
            // Without what is said of how it is asked for.
            let place = place.split('?').next().unwrap_or_default();
            world.store.held.insert(place.to_owned(), text);
        }
        world
    }

    /// The arguments of `vpcheck`, but for its outputs.
    pub fn arguments(&self, lab: &Lab, inventory: Option<&Path>) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![self.command.clone().into()];
        for workload in &self.workloads {
            arguments.extend(["--workload".into(), workload.into()]);
        }
        let queue = match &self.queue_url {
            Some(url) => url.clone(),
            None => queue_url(lab.world(), "canary"),
        };
        if !queue.is_empty() {
            arguments.extend(["--queue-url".into(), queue.into()]);
        }
        arguments.extend(["--service-roots".into(), lab.service_roots().into()]);
        if let Some(file) = inventory
            && let Some(moment) = &self.inventory_taken_at
        {
            date(file, moment);
        }
        if let Some(place) = &self.inventory_at {
            arguments.extend(["--inventory".into(), place.into()]);
            arguments.push("--inventory-cache".into());
            arguments.push(lab.directory().join("cache").into());
        } else if let Some(file) = inventory {
            arguments.extend(["--inventory".into(), file.into()]);
        }
        arguments.extend(self.args.iter().map(OsString::from));
        arguments
    }
}

/// Gives an inventory file another time of origin.
fn date(file: &Path, moment: &str) {
    let text = fs::read_to_string(file).expect("the inventory was written");
    let mut inventory: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    inventory["taken_at"] = moment.into();
    fs::write(file, inventory.to_string()).expect("it can be written again");
}

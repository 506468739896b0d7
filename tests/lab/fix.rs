//! What becomes of a scenario when the commands of a finding's fix are run, as a shell and the AWS CLI would take them.
//!
//! Every command is held to its tool's syntax, every id to the world. What only looks changes nothing.

mod aws;
mod call;
mod ec2;
mod endpoints;
mod host;
mod permissions;
mod route53;
mod shell;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scenario::Scenario;
use super::world::World;

/// Where an inventory is taken beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inventory {
    /// Nowhere.
    None,
    /// As the scenario has it.
    Scenario,
    /// By somebody who may read everything.
    Anywhere,
}

/// A scenario with its world, as the commands left them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// The scenario, whose arguments may have changed.
    pub scenario: Scenario,
    /// The world.
    pub world: World,
    /// Where an inventory is taken beforehand, if one is.
    pub inventory: Inventory,
    /// How often something was changed.
    pub changes: usize,
    /// Ids that were there.
    pub gone: Vec<String>,
    /// Shell variables.
    pub variables: BTreeMap<String, String>,
    /// Resolver rules created and not yet associated: id and domain.
    pub resolver_rules: BTreeMap<String, String>,
    /// DHCP option sets created and not yet associated: id and name servers.
    pub dhcp_options: BTreeMap<String, Vec<String>>,
}

impl Setting {
    /// A scenario as it is written.
    pub fn of(scenario: &Scenario) -> Result<Self, String> {
        Ok(Self {
            scenario: scenario.clone(),
            world: scenario.world()?,
            inventory: match scenario.inventory {
                Some(_) => Inventory::Scenario,
                None => Inventory::None,
            },
            changes: 0,
            gone: Vec::new(),
            variables: BTreeMap::new(),
            resolver_rules: BTreeMap::new(),
            dhcp_options: BTreeMap::new(),
        })
    }

    /// Runs the commands one after the other; how many of them changed something.
    pub fn apply(&mut self, commands: &[String]) -> Result<usize, String> {
        let before = self.changes;
        for command in commands {
            shell::run(self, command).map_err(|e| format!("{e}\n  in: {command}"))?;
        }
        Ok(self.changes - before)
    }

    /// The world in which an inventory is taken beforehand, if one is.
    pub fn inventory_world(&self) -> Result<Option<World>, String> {
        match (self.inventory, &self.scenario.inventory) {
            (Inventory::None, _) | (Inventory::Scenario, None) => Ok(None),
            (Inventory::Scenario, Some(changes)) => self.world.changed(changes).map(Some),
            (Inventory::Anywhere, _) => host::where_all_is_readable(&self.world).map(Some),
        }
    }

    fn changed(&mut self) {
        self.changes += 1;
    }

    /// The value of an environment or shell variable.
    fn variable(&self, name: &str) -> String {
        let own = self.variables.get(name);
        let exported = self.world.environment.variables.get(name);
        own.or(exported).cloned().unwrap_or_default()
    }

    /// Runs a program with its arguments; what it prints.
    fn execute(&mut self, words: &[String]) -> Result<String, String> {
        let (program, arguments) = words.split_first().ok_or("no command")?;
        match program.as_str() {
            "sudo" => self.execute(arguments),
            "aws" => aws::run(self, arguments),
            "vpcheck" => host::vpcheck(self, arguments),
            "sed" => host::sed(self, arguments),
            "export" => host::export(self, arguments),
            "unset" => host::unset(self, arguments),
            "chronyc" => host::chronyc(self, arguments),
            // These look, and their words are for people.
            "dig" | "curl" | "ethtool" | "grep" | "openssl" | "ip" => {
                host::looks(program, arguments)
            }
            other => Err(format!("{other} is no command that the lab knows")),
        }
    }
}

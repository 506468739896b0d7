//! Inventories in files: what `vpcheck inventory` writes, and reading it back.

use crate::facts::Inventory;
use crate::facts::inventory::InventorySource;

/// The version of the format that is read and written.
const VERSION: u32 = 1;

/// An inventory file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryFileError {
    /// It is not JSON, or not of the format.
    #[error(
        "{file}: line {line}, column {column}: {problem}; expected what `vpcheck inventory` writes"
    )]
    Malformed {
        /// The file, as the operator named it.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// It is of another version of the format.
    #[error(
        "{file}: inventory version {found}, expected {VERSION}; take it again with this version of vpcheck"
    )]
    Version {
        /// The file, as the operator named it.
        file: String,
        /// The version it says it is.
        found: String,
    },
}

/// Reads an inventory that was written to a file; `label` names the file in errors.
pub fn read_file(label: &str, bytes: &[u8]) -> Result<Inventory, InventoryFileError> {
    let malformed = |error: serde_json::Error| InventoryFileError::Malformed {
        file: label.to_owned(),
        line: error.line(),
        column: error.column(),
        problem: problem(&error),
    };
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line_breaks = before.iter().filter(|byte| **byte == b'\n').count();
        let in_line = before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count();
        InventoryFileError::Malformed {
            file: label.to_owned(),
            line: line_breaks + 1,
            column: in_line + 1,
            problem: "this is not UTF-8 text".to_owned(),
        }
    })?;
    let head: Head = serde_json::from_str(text).map_err(malformed)?;
    match head.inventory_version.as_u64() {
        Some(version) if version == u64::from(VERSION) => {}
        _ => {
            let found: String = head.inventory_version.to_string();
            return Err(InventoryFileError::Version {
                file: label.to_owned(),
                found: found.chars().take(32).collect(),
            });
        }
    }
    let mut inventory: Inventory = serde_json::from_str(text).map_err(malformed)?;
    inventory.source = InventorySource::File;
    // How it came here is this run's to say.
    inventory.fetch = None;
    Ok(inventory)
}

/// An inventory as the bytes of a file: JSON for people and programs, ending in a line break.
pub fn write(inventory: &Inventory) -> Vec<u8> {
    // Invariant: texts, numbers and lists always serialize, and no map in it has keys other than texts.
    #[allow(clippy::expect_used)]
    let mut bytes = serde_json::to_vec_pretty(inventory).expect("an inventory serializes");
    bytes.push(b'\n');
    bytes
}

/// What every version of the format has.
#[derive(serde::Deserialize)]
struct Head {
    inventory_version: serde_json::Value,
}

/// The parser's words without the position, which is said before them; bounded.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::inventory::Subnet;
    use crate::facts::{Failure, FailureKind, Observation, Outcome};

    #[test]
    fn what_is_written_is_read_back_as_a_file() {
        let mut inventory = Inventory::none("not looked at");
        inventory.source = InventorySource::Ec2Api;
        inventory.subnets = Observation::known(vec![Subnet {
            id: "subnet-1".to_owned(),
            vpc_id: None,
            owner_id: None,
            cidrs: vec!["10.0.1.0/24".parse().unwrap()],
            availability_zone: None,
            availability_zone_id: None,
        }]);
        inventory.endpoints.outcome = Outcome::Failed(Failure::new(FailureKind::Denied, "no"));
        let bytes = write(&inventory);
        assert!(bytes.ends_with(b"}\n"));
        let read = read_file("inventory.json", &bytes).unwrap();
        assert_eq!(read.source, InventorySource::File);
        inventory.source = InventorySource::File;
        assert_eq!(read, inventory);
    }

    #[test]
    fn errors_name_the_file_and_the_place() {
        let error = read_file("a.json", b"{\n  \"inventory_version\": 1,\n  x\n}").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("a.json: line 3, column "), "{text}");
        let error = read_file("a.json", b"{\"inventory_version\": 2}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.json: inventory version 2, expected 1; take it again with this version of vpcheck"
        );
        let text = read_file("a.json", b"[]").unwrap_err().to_string();
        assert!(text.contains("line 1"), "{text}");
        let text = read_file("a.json", b"").unwrap_err().to_string();
        assert!(text.contains("line 1"), "{text}");
        let text = read_file("a.json", b"{\"inventory_version\": 1}")
            .unwrap_err()
            .to_string();
        assert!(text.contains("source"), "{text}");
        let text = read_file("a.json", b"{\n\"a\": \"\xff\"}").unwrap_err();
        let text = text.to_string();
        assert!(text.starts_with("a.json: line 2, column 7"), "{text}");
        assert!(text.contains("not UTF-8"), "{text}");
    }
}

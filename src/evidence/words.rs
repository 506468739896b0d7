//! What people read of a verification, line by line, the verdict first.

use super::verification::{ProblemKind, Verification};

/// The lines; nothing in them is made safe for a terminal yet.
pub fn lines(verification: &Verification) -> Vec<String> {
    let count = verification.files.len();
    let files = match (count, verification.whole_chain) {
        (_, false) => "the file".to_owned(),
        (0, true) => "an empty chain".to_owned(),
        (1, true) => "a chain of 1 file".to_owned(),
        (count, true) => format!("a chain of {count} files"),
    };
    let only_origin = (verification.problems.iter()).all(|one| one.kind == ProblemKind::NoKey);
    let mut lines = vec![match (verification.proven, only_origin) {
        (true, _) => format!(
            "PROVEN: {files}: integrity, signature, {}.",
            follows(verification)
        ),
        (false, true) => format!(
            "NOT PROVEN: {files} is whole, and who signed is not proven: no public key is at hand."
        ),
        (false, false) => format!(
            "NOT PROVEN: {files}: {} found.",
            match verification.problems.len() {
                1 => "1 problem".to_owned(),
                many => format!("{many} problems"),
            }
        ),
    }];
    for problem in &verification.problems {
        lines.push(format!("  {}: {}.", problem.file, problem.text));
    }
    for note in &verification.notes {
        lines.push(format!("  Note: {note}."));
    }
    for key in &verification.keys {
        lines.push(format!("  Signed by {key}."));
    }
    if let Some(newest) = &verification.newest {
        lines.push(format!(
            "  Newest: {}, sha256:{}.",
            newest.file, newest.sha256
        ));
    }
    lines
}

fn follows(verification: &Verification) -> &'static str {
    match verification.whole_chain {
        true => "an unbroken chain, and verdicts that follow from the facts",
        false => "and a verdict that follows from the facts; the chain was not looked at",
    }
}

//! Whom a statement means.

use serde_json::{Map, Value, json};

use super::super::world::{ACCOUNTS, Who, role_arn, session_arn, user_arn};
use super::{Oracle, one_or_many};
use crate::fuzzing::input::Input;

/// `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub(super) struct Principals {
    pub(super) negated: bool,
    entries: Vec<Entry>,
    malformed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Everyone,
    Account(usize),
    Role(usize, usize),
    Session(usize, usize, usize),
    User(usize, usize),
    Service,
    /// Sessions that an identity provider vouches for.
    Federated,
    /// Nobody can tell whom.
    Somebody,
}

impl Principals {
    pub(super) fn new(input: &mut Input<'_>) -> (Principals, Value) {
        let negated = input.byte() % 4 == 3;
        let mut principals = Principals {
            negated,
            entries: Vec::new(),
            malformed: false,
        };
        if input.byte() % 4 == 1 {
            principals.entries.push(Entry::Everyone);
            return (principals, json!("*"));
        }
        let (mut aws, mut others) = (Vec::new(), Map::new());
        for _ in 0..=input.below(4) {
            let account = input.below(2);
            let (entry, text) = match input.byte() % 12 {
                0 => (Entry::Everyone, "*".to_owned()),
                1 => (Entry::Account(account), ACCOUNTS[account].to_owned()),
                2 => {
                    let root = format!("arn:aws:iam::{}:root", ACCOUNTS[account]);
                    (Entry::Account(account), root)
                }
                3 | 4 => {
                    let role = input.below(3);
                    (Entry::Role(account, role), role_arn(account, role))
                }
                5 | 6 => {
                    let (role, session) = (input.below(3), input.below(2));
                    let arn = session_arn(account, role, session);
                    (Entry::Session(account, role, session), arn)
                }
                7 => {
                    let user = input.below(2);
                    (Entry::User(account, user), user_arn(account, user))
                }
                8 => {
                    let text = *input.pick(&["sns.amazonaws.com", "*"]);
                    let entry = match text {
                        "*" => Entry::Somebody,
                        _ => Entry::Service,
                    };
                    if others.insert("Service".to_owned(), json!(text)).is_some() {
                        principals
                            .entries
                            .retain(|e| !matches!(e, Entry::Service | Entry::Somebody));
                    }
                    principals.entries.push(entry);
                    continue;
                }
                9 => {
                    others.insert(
                        "Federated".to_owned(),
                        json!(input.pick(&["graph.facebook.com", "*"])),
                    );
                    principals.entries.push(Entry::Federated);
                    continue;
                }
                10 => {
                    principals.malformed = true;
                    aws.push(json!(input.pick(&[
                        "arn:aws:iam:123456789012:role/app",
                        "arn:aws:iam::123456789012:role/*",
                        "12345678901",
                        "AROAEXAMPLEID",
                    ])));
                    continue;
                }
                _ => {
                    principals.malformed = true;
                    others.insert("Robot".to_owned(), json!("*"));
                    continue;
                }
            };
            principals.entries.push(entry);
            aws.push(json!(text));
        }
        if !aws.is_empty() {
            others.insert("AWS".to_owned(), one_or_many(input, aws));
        }
        (principals, Value::Object(others))
    }

    /// `NotPrincipal` spares a session only where it, its role and its account are listed, and a user only with the
    /// account (IAM User Guide, "NotPrincipal with Deny"); with less the guide does not say what happens, nor what
    /// `NotPrincipal` does to those it lists beside `Allow`.
    pub(super) fn mean(&self, allows: bool, who: Who, oracle: &Oracle) -> bool {
        let means = |entry: &Entry| match *entry {
            Entry::Everyone => true,
            Entry::Service => false,
            // A user's credentials are the user's own.
            Entry::Federated => matches!(who, Who::Session { .. }) && oracle.ask(),
            Entry::Somebody => oracle.ask(),
            entry => entry.is(who),
        };
        if !self.negated {
            return self.entries.iter().any(means) || self.malformed && oracle.ask();
        }
        if self.entries.contains(&Entry::Everyone) {
            return allows && oracle.ask();
        }
        let account = self
            .entries
            .iter()
            .any(|e| matches!(e, Entry::Account(_)) && e.is(who));
        let role = self
            .entries
            .iter()
            .any(|e| matches!(e, Entry::Role(..)) && e.is(who));
        let session = self
            .entries
            .iter()
            .any(|e| matches!(e, Entry::Session(..)) && e.is(who));
        let user = self
            .entries
            .iter()
            .any(|e| matches!(e, Entry::User(..)) && e.is(who));
        let spared = match who {
            Who::Session { .. } => account && role && session,
            Who::User { .. } => account && user,
        };
        let of_provider =
            matches!(who, Who::Session { .. }) && self.entries.contains(&Entry::Federated);
        let listed = account || role || session || user || of_provider;
        let doubtful = listed || self.malformed || self.entries.contains(&Entry::Somebody);
        match (spared, doubtful) {
            (true, _) => allows && oracle.ask(),
            (false, true) => oracle.ask(),
            (false, false) => true,
        }
    }
}

impl Entry {
    fn is(self, who: Who) -> bool {
        match (self, who) {
            (Entry::Account(a), Who::Session { account, .. } | Who::User { account, .. }) => {
                a == account
            }
            (Entry::Role(a, r), Who::Session { account, role, .. }) => (a, r) == (account, role),
            (
                Entry::Session(a, r, s),
                Who::Session {
                    account,
                    role,
                    session,
                },
            ) => (a, r, s) == (account, role, session),
            (Entry::User(a, u), Who::User { account, user }) => (a, u) == (account, user),
            _ => false,
        }
    }
}

//! A world in which everything about a call is known.

use std::collections::BTreeMap;

use crate::configuration::policy::{Caller, Held, Known, Request};
use crate::fuzzing::input::Input;

pub(super) const ACCOUNTS: [&str; 2] = ["123456789012", "999999999999"];
/// Roles by path and name; names are unique in an account.
pub(super) const ROLES: [(&str, &str); 3] = [("svc/", "app"), ("", "admin"), ("a/b/", "x")];
/// Users by path and name.
pub(super) const USERS: [(&str, &str); 2] = [("team/", "ann"), ("", "bob")];
pub(super) const SESSIONS: [&str; 2] = ["i-1", "i-2"];

/// What requests may hold, key by key.
pub(super) const KEYS: [(&str, &[&[&str]]); 8] = [
    ("aws:SourceVpce", &[&["vpce-a"], &["vpce-b"], &["VPCE-A"]]),
    (
        "aws:SourceIp",
        &[&["10.0.0.7"], &["192.0.2.1"], &["fd00::7"], &["nowhere"]],
    ),
    (
        "aws:CurrentTime",
        &[
            &["2026-11-21T09:00:00Z"],
            &["2025-01-01T00:00:00Z"],
            &["noon"],
        ],
    ),
    (
        "aws:SecureTransport",
        &[&["true"], &["false"], &["perhaps"]],
    ),
    (
        "aws:TagKeys",
        &[&["a"], &["a", "b"], &["a", "b", "c"], &["A", "*"]],
    ),
    (
        "s3:max-keys",
        &[&["7"], &["-1"], &["1e3"], &["7.0"], &["many"]],
    ),
    (
        "aws:SourceArn",
        &[
            &["arn:aws:sns:us-east-1:123456789012:topic"],
            &["arn:aws:s3:::bucket"],
            &["arn:aws"],
            &["arn:aws:sns:us-east-1:123456789012:a:b"],
        ],
    ),
    ("aws:PrincipalOrgID", &[&["o-1"], &["*"], &["${x}"]]),
];

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Session {
        account: usize,
        role: usize,
        session: usize,
    },
    User {
        account: usize,
        user: usize,
    },
}

/// A call of which everything is known.
#[derive(Debug)]
pub(super) struct World {
    pub(super) who: Who,
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    /// Every key that is asked about; none where the request does not have it.
    pub(super) keys: BTreeMap<String, Option<Vec<String>>>,
}

impl World {
    pub(super) fn new(input: &mut Input<'_>) -> World {
        let account = input.below(2);
        let who = match input.byte() % 4 {
            0 => Who::User {
                account,
                user: input.below(2),
            },
            _ => Who::Session {
                account,
                role: input.below(3),
                session: input.below(2),
            },
        };
        let mut keys: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
        for (key, values) in KEYS {
            let chosen = input.below(values.len() + 1);
            let values = values
                .get(chosen)
                .map(|values| values.iter().map(|v| (*v).to_owned()).collect());
            keys.insert(key.to_ascii_lowercase(), values);
        }
        let mut tell = |key: &str, value: Option<String>| {
            keys.insert(key.to_ascii_lowercase(), value.map(|value| vec![value]));
        };
        tell("aws:PrincipalAccount", Some(ACCOUNTS[account].to_owned()));
        tell("aws:PrincipalIsAWSService", Some("false".to_owned()));
        tell("aws:PrincipalArn", Some(who.principal_arn()));
        match who {
            Who::Session { .. } => {
                tell("aws:PrincipalType", Some("AssumedRole".to_owned()));
                tell("aws:username", None);
            }
            Who::User { user, .. } => {
                tell("aws:PrincipalType", Some("User".to_owned()));
                tell("aws:username", Some(USERS[user].1.to_owned()));
            }
        }
        World {
            who,
            action: *input.pick(&["sqs:SendMessage", "SQS:sendmessage"]),
            resource: *input.pick(&[
                "arn:aws:sqs:us-east-1:123456789012:canary",
                "arn:aws:s3:::bucket/a:b/c",
            ]),
            keys,
        }
    }

    /// The call as somebody tells it who leaves out the hidden keys, and perhaps the caller.
    pub(super) fn request(&self, hidden: u16, nobody: bool) -> Request {
        let caller = match nobody {
            true => Caller::Unknown,
            false => self.who.caller(),
        };
        let mut request = Request::new(caller, self.action, self.resource);
        for (at, (key, _)) in KEYS.iter().enumerate() {
            if hidden >> at & 1 == 1 {
                continue;
            }
            let held = match self.keys.get(&key.to_ascii_lowercase()) {
                Some(Some(values)) => {
                    Held::Known(values.iter().cloned().map(Known::Exactly).collect())
                }
                _ => Held::Absent,
            };
            request = request.with(key, held);
        }
        request
    }

    /// What the call holds under a key; none where it is absent.
    pub(super) fn held(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase())?.as_deref()
    }
}

impl Who {
    /// As `GetCallerIdentity` says it.
    fn caller(self) -> Caller {
        let arn = match self {
            Who::Session {
                account,
                role,
                session,
            } => session_arn(account, role, session),
            Who::User { .. } => self.principal_arn(),
        };
        Caller::read(&arn).unwrap_or_default()
    }

    /// As `aws:PrincipalArn` has it.
    fn principal_arn(self) -> String {
        match self {
            Who::Session { account, role, .. } => role_arn(account, role),
            Who::User { account, user } => user_arn(account, user),
        }
    }
}

pub(super) fn session_arn(account: usize, role: usize, session: usize) -> String {
    let (account, (_, role), session) = (ACCOUNTS[account], ROLES[role], SESSIONS[session]);
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

pub(super) fn role_arn(account: usize, role: usize) -> String {
    let (account, (path, name)) = (ACCOUNTS[account], ROLES[role]);
    format!("arn:aws:iam::{account}:role/{path}{name}")
}

pub(super) fn user_arn(account: usize, user: usize) -> String {
    let (account, (path, name)) = (ACCOUNTS[account], USERS[user]);
    format!("arn:aws:iam::{account}:user/{path}{name}")
}

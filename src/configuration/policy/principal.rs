//! Who calls, and whom a statement means.

use super::request::{Held, Known};
use super::truth::Truth;

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Caller {
    /// Nobody said.
    #[default]
    Unknown,
    /// A session of a role, whose ARN leaves out the role's path.
    Session {
        /// The partition, as in `aws-cn`.
        partition: String,
        /// The account.
        account: String,
        /// The role's name.
        role: String,
        /// The session's name.
        session: String,
    },
    /// A role, as such; which of its sessions is not known.
    Role {
        /// The partition.
        partition: String,
        /// The account.
        account: String,
        /// The role's path and name.
        role: String,
    },
    /// A user.
    User {
        /// The partition.
        partition: String,
        /// The account.
        account: String,
        /// The user's path and name.
        user: String,
    },
    /// Another principal of an account: its root user, a federated user.
    Other {
        /// The account.
        account: String,
        /// Its ARN.
        arn: String,
    },
}

/// An entry of `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// `*`, under `AWS` or alone.
    Everyone,
    /// An account's id or its root's ARN: everybody in it.
    Account(String),
    /// One principal.
    One(Caller),
    /// A service: never a caller with a credential of its own.
    Service,
    /// An identity provider, whose sessions are sessions of roles as well.
    Federated,
    /// It cannot be told whom it means.
    Unclear,
}

/// What is written where a principal of an account is expected.
pub(super) const EXPECTED: &str =
    "*, an account's id, or an ARN such as arn:aws:iam::123456789012:role/name";

impl Caller {
    /// Reads the ARN of a caller, as refusals and `GetCallerIdentity` give it.
    pub fn read(arn: &str) -> Option<Caller> {
        let clean = arn.len() <= 2048 && arn.chars().all(|c| !c.is_control() && c != ' ');
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = parts[..] else {
            return None;
        };
        let partition_fits = partition == "aws" || partition.starts_with("aws-");
        if !clean || !partition_fits || !is_account(account) {
            return None;
        }
        let (partition, account) = (partition.to_owned(), account.to_owned());
        let named = |kind: &str| {
            let name = resource.strip_prefix(kind)?.strip_prefix('/')?;
            (!name.is_empty() && !name.ends_with('/')).then(|| name.to_owned())
        };
        if service == "sts" {
            if let Some((role, session)) = named("assumed-role")
                .as_deref()
                .and_then(|name| name.split_once('/'))
            {
                return Some(Caller::Session {
                    partition,
                    account,
                    role: role.to_owned(),
                    session: session.to_owned(),
                });
            }
            let federated = named("federated-user")?;
            return (!federated.is_empty()).then(|| Caller::Other {
                account,
                arn: arn.to_owned(),
            });
        }
        if service != "iam" {
            return None;
        }
        if let Some(role) = named("role") {
            return Some(Caller::Role {
                partition,
                account,
                role,
            });
        }
        if let Some(user) = named("user") {
            return Some(Caller::User {
                partition,
                account,
                user,
            });
        }
        (resource == "root").then(|| Caller::Other {
            account,
            arn: arn.to_owned(),
        })
    }

    /// The account the caller belongs to.
    pub fn account(&self) -> Option<&str> {
        match self {
            Caller::Unknown => None,
            Caller::Session { account, .. }
            | Caller::Role { account, .. }
            | Caller::User { account, .. }
            | Caller::Other { account, .. } => Some(account),
        }
    }

    /// What to write as `Principal` to mean this caller: for a session its role, as far as it is known.
    pub fn principal(&self) -> Option<String> {
        match self {
            Caller::Unknown => None,
            Caller::Session {
                partition,
                account,
                role,
                session,
            } => Some(format!(
                "arn:{partition}:sts::{account}:assumed-role/{role}/{session}"
            )),
            Caller::Role {
                partition,
                account,
                role,
            } => Some(format!("arn:{partition}:iam::{account}:role/{role}")),
            Caller::User {
                partition,
                account,
                user,
            } => Some(format!("arn:{partition}:iam::{account}:user/{user}")),
            Caller::Other { arn, .. } => Some(arn.clone()),
        }
    }

    /// What the condition keys about the caller hold (IAM User Guide, "AWS global condition context keys"). For a session
    /// `aws:PrincipalArn` is its role's ARN, path and all.
    pub(super) fn context(&self) -> Vec<(&'static str, Held)> {
        let Some(account) = self.account() else {
            return Vec::new();
        };
        let mut keys = vec![
            ("aws:PrincipalAccount", Held::one(account)),
            ("aws:PrincipalIsAWSService", Held::one("false")),
        ];
        match self {
            Caller::Session {
                partition,
                account,
                role,
                ..
            } => {
                let role = Known::Role {
                    before: format!("arn:{partition}:iam::{account}:role/"),
                    name: role.clone(),
                };
                keys.push(("aws:PrincipalArn", Held::Known(vec![role])));
                keys.push(("aws:PrincipalType", Held::one("AssumedRole")));
                keys.push(("aws:username", Held::Absent));
            }
            Caller::User { user, .. } => {
                let name = user.rsplit('/').next().unwrap_or(user);
                keys.push(("aws:PrincipalType", Held::one("User")));
                keys.push(("aws:username", Held::one(name)));
                keys.extend(
                    self.principal()
                        .map(|arn| ("aws:PrincipalArn", Held::one(arn))),
                );
            }
            Caller::Role { .. } => {
                keys.extend(
                    self.principal()
                        .map(|arn| ("aws:PrincipalArn", Held::one(arn))),
                );
            }
            Caller::Other { .. } | Caller::Unknown => {}
        }
        keys
    }
}

impl Entry {
    /// Reads an entry under `AWS`; none where it is not one that AWS takes.
    pub(super) fn read(text: &str) -> Option<Entry> {
        if text == "*" {
            return Some(Entry::Everyone);
        }
        if is_account(text) {
            return Some(Entry::Account(text.to_owned()));
        }
        match Caller::read(text)? {
            _ if text.contains(['*', '?']) => None,
            Caller::Other { account, arn } if arn.ends_with(":root") => {
                Some(Entry::Account(account))
            }
            caller => Some(Entry::One(caller)),
        }
    }

    /// Whether it means the caller.
    pub(super) fn means(&self, caller: &Caller) -> Truth {
        match self {
            Entry::Everyone => Truth::True,
            Entry::Account(account) => match caller.account() {
                Some(theirs) => (theirs == account).into(),
                None => Truth::Unknown,
            },
            Entry::One(meant) => is(meant, caller),
            Entry::Service => Truth::False,
            Entry::Federated => match caller {
                Caller::User { .. } => Truth::False,
                _ => Truth::Unknown,
            },
            Entry::Unclear => Truth::Unknown,
        }
    }
}

/// Whether `NotPrincipal` spares the caller. A session is spared only where its role, itself and its account are all
/// listed (IAM User Guide, "NotPrincipal with Deny"); where just some are, nothing is claimed.
pub(super) fn spared(entries: &[Entry], caller: &Caller) -> Truth {
    if entries.contains(&Entry::Everyone) {
        return Truth::True;
    }
    let meant = entries.iter().map(|entry| entry.means(caller));
    if Truth::any(meant) == Truth::False {
        return Truth::False;
    }
    let lists = |kind: fn(&Entry) -> bool| {
        let mut of_kind = entries.iter().filter(|entry| kind(entry));
        of_kind.any(|entry| entry.means(caller) == Truth::True)
    };
    let account = lists(|entry| matches!(entry, Entry::Account(_)));
    let complete = match caller {
        Caller::Session { .. } => {
            lists(|entry| matches!(entry, Entry::One(Caller::Session { .. })))
                && lists(|entry| matches!(entry, Entry::One(Caller::Role { .. })))
        }
        Caller::User { .. } => lists(|entry| matches!(entry, Entry::One(Caller::User { .. }))),
        _ => false,
    };
    match account && complete {
        true => Truth::True,
        false => Truth::Unknown,
    }
}

/// Whether the principal of an entry is the caller. A role's name is unique in its account whatever its path, and AWS
/// takes no principal that does not exist, so the name decides where the caller's path is not known.
fn is(meant: &Caller, caller: &Caller) -> Truth {
    let same_account = meant.account() == caller.account();
    let name = |role: &str| role.rsplit('/').next().unwrap_or(role).to_owned();
    match (meant, caller) {
        (_, Caller::Unknown) => Truth::Unknown,
        (_, _) if !same_account => Truth::False,
        (Caller::Role { role: meant, .. }, Caller::Session { role, .. }) => {
            let meant = name(meant);
            match (meant == *role, meant.eq_ignore_ascii_case(role)) {
                (true, _) => Truth::True,
                (false, true) => Truth::Unknown,
                (false, false) => Truth::False,
            }
        }
        (Caller::Session { role: meant, .. }, Caller::Role { role, .. }) => {
            match meant.eq_ignore_ascii_case(&name(role)) {
                true => Truth::Unknown,
                false => Truth::False,
            }
        }
        // The user behind a federated user is not known.
        (Caller::User { .. }, Caller::Other { .. }) => Truth::Unknown,
        (meant, caller) => (meant == caller).into(),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

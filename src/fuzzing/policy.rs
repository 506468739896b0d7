//! Policies: against a model that knows everything, and by laws that hold for every document.

mod model;
mod world;

use serde_json::{Value, json};

use self::model::{Oracle, decides};
use self::world::World;
use super::input::Input;
use crate::configuration::policy::{
    Caller, Decision, Held, Policy, Request, Truth, with_statement, with_value,
};

/// What a decision comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Allowed,
    Denied,
    NotAllowed,
    Unknown,
}

/// A random policy and a random call; or any text as a policy.
///
/// - In a world in which everything is known the decision is the model's. Of what cannot be known the model asks an
///   oracle; whatever that says, the decision is the model's or unknown. A request that tells less is decided the
///   same way or not at all.
/// - The order of statements does not matter. One more `Allow` never takes an allowance away, one more `Deny` never
///   gives one, and one that matches always denies.
/// - Knowing less never tells more. A condition nobody knows never makes a verdict.
/// - Written again and read again, a document has the same statements.
pub(super) fn policy(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    if input.flag() {
        let request = World::new(&mut input).request(0, false);
        laws(&input.rest_text(), &request);
        return;
    }
    let world = World::new(&mut input);
    let variables = input.flag();
    let statements: Vec<model::Statement> = (0..input.below(4))
        .map(|_| model::Statement::new(&mut input, variables))
        .collect();
    let mut document =
        json!({"Statement": statements.iter().map(|s| s.json.clone()).collect::<Vec<_>>()});
    if variables {
        document["Version"] = json!("2012-10-17");
    } else if input.flag() {
        document["Version"] = json!("2008-10-17");
    }
    let document = document.to_string();
    let policy = Policy::read(&document);
    let (hidden, nobody) = (input.u16(), input.flag());
    let full = policy.decide(&world.request(0, false));
    let part = policy.decide(&world.request(hidden, nobody));
    for answers in [0, u32::MAX, 0xaaaa_aaaa, input.u32()] {
        let oracle = Oracle::new(answers);
        let real = decides(&statements, &world, &oracle);
        for decision in [&full, &part] {
            let claimed = kind(decision);
            assert!(
                claimed == Kind::Unknown || claimed == real,
                "{decision:?}, where {real:?} is possible: {document} {world:?}"
            );
            assert!(
                !decision.refuses() || real != Kind::Allowed,
                "{decision:?}, where it may be allowed: {document} {world:?}"
            );
        }
        assert!(
            oracle.was_asked() || kind(&full) == real,
            "{full:?}, where all is known and {real:?}: {document} {world:?}"
        );
    }
    laws(&document, &world.request(hidden, nobody));
}

fn kind(decision: &Decision) -> Kind {
    match decision {
        Decision::Allowed(_) => Kind::Allowed,
        Decision::ExplicitlyDenied(_) => Kind::Denied,
        Decision::NotAllowed => Kind::NotAllowed,
        Decision::Unknown(_) => Kind::Unknown,
    }
}

/// The largest document that is read.
const LARGEST: usize = 32 * 1024;

fn laws(document: &str, request: &Request) {
    let policy = Policy::read(document);
    let found = policy.decide(request);
    names_what_is_there(&policy, &found, request);
    assert!(policy.problems.len() <= 16);
    if policy.is_open() {
        assert_eq!(kind(&found), Kind::Allowed, "an open policy: {document}");
    }
    let less = policy.decide(&knowing_less(request));
    assert!(
        [Kind::Unknown, kind(&found)].contains(&kind(&less)),
        "{found:?} {less:?} {document}"
    );
    assert!(
        !less.refuses() || found.refuses(),
        "{found:?} {less:?} {document}"
    );

    let Ok(value) = serde_json::from_str::<Value>(document) else {
        return;
    };
    let again = value.to_string();
    if document.len().max(again.len()) > LARGEST / 3 {
        return;
    }
    let again = Policy::read(&again);
    assert_eq!(
        again.statements, policy.statements,
        "read again: {document}"
    );
    assert_eq!(again.problems, policy.problems, "read again: {document}");
    // Whether it can be judged at all shows in what one more statement that denies everything does.
    let all =
        |effect: &str| json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"});
    let Some(denied) = with_statement(document, all("Deny")) else {
        return;
    };
    let denied = Policy::read(&denied).decide(request);
    let usable = kind(&denied) == Kind::Denied;
    assert!(
        usable || kind(&found) == Kind::Unknown && kind(&denied) == Kind::Unknown,
        "{document}"
    );
    let allowed = with_statement(document, all("Allow")).unwrap_or_default();
    let allowed = Policy::read(&allowed).decide(request);
    match found {
        _ if !usable => assert_eq!(kind(&allowed), Kind::Unknown, "{document}"),
        Decision::Allowed(_) | Decision::NotAllowed => assert_eq!(kind(&allowed), Kind::Allowed),
        Decision::ExplicitlyDenied(_) => assert_eq!(kind(&allowed), Kind::Denied),
        Decision::Unknown(_) => assert!(!allowed.refuses(), "{document}"),
    }
    if let Some(list) = value.get("Statement").and_then(Value::as_array) {
        for (more, decision) in list.iter().map(|more| {
            let more_text = with_statement(document, more.clone()).unwrap_or_default();
            (more, Policy::read(&more_text).decide(request))
        }) {
            assert_eq!(kind(&decision), kind(&found), "{more} twice: {document}");
        }
        let mut turned = value.clone();
        turned["Statement"] = list.iter().rev().cloned().collect();
        let turned = Policy::read(&turned.to_string()).decide(request);
        assert_eq!(kind(&turned), kind(&found), "turned: {document}");
        assert_eq!(turned.refuses(), found.refuses(), "turned: {document}");
    }
    let amended = with_value(document, 0, "StringEquals", "aws:SourceVpce", "vpce-z");
    assert!(amended.is_none_or(|text| serde_json::from_str::<Value>(&text).is_ok()));
}

fn names_what_is_there(policy: &Policy, found: &Decision, request: &Request) {
    match found {
        Decision::Allowed(at) | Decision::ExplicitlyDenied(at) => {
            assert_eq!(policy.statements[*at].applies(request), Truth::True);
        }
        Decision::Unknown(doubt) => {
            assert!(!doubt.reason.is_empty() && doubt.reason.len() < 64 * 1024);
            assert!(
                doubt
                    .statement
                    .is_none_or(|at| at < policy.statements.len())
            );
        }
        Decision::NotAllowed => {}
    }
    for (at, statement) in policy.statements.iter().enumerate() {
        let mismatches = statement.mismatches(request);
        let apart = statement.applies(request) == Truth::False;
        assert_eq!(
            !mismatches.is_empty(),
            apart,
            "{mismatches:?} {statement:?}"
        );
        let words: usize = mismatches.iter().map(|m| m.to_string().len()).sum();
        assert!(words < 1024 * (1 + mismatches.len()) * 4, "{words}");
        assert!(policy.name(at).len() < 1024);
    }
}

/// The same call, told by somebody who does not know who calls and what two of its keys hold.
fn knowing_less(request: &Request) -> Request {
    let mut less = request
        .clone()
        .with("aws:SourceVpce", Held::Unknown)
        .with("aws:CurrentTime", Held::Unknown);
    less.caller = Caller::Unknown;
    less
}

/// Who calls, read from the ARN of a caller: what is written out is read in again.
pub(super) fn caller(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(caller) = Caller::read(&text) else {
        return;
    };
    assert_eq!(caller.account().map(str::len), Some(12));
    let written = caller.principal();
    assert_eq!(written.as_deref(), Some(&*text));
    assert_eq!(
        written.as_deref().and_then(Caller::read),
        Some(caller.clone())
    );
    let document = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": written}, "Action": "*", "Resource": "*"}});
    let request = Request::new(
        caller,
        "sqs:SendMessage",
        "arn:aws:sqs:us-east-1:123456789012:q",
    );
    let found = Policy::read(&document.to_string()).decide(&request);
    assert!(
        !found.refuses(),
        "{found:?} for the caller itself: {document}"
    );
}

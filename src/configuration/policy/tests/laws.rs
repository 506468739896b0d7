//! What holds for every policy and every request.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::configuration::policy::{
    Caller, Decision, Held, Policy, Request, with_statement, with_value,
};

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:canary";

const KEYS: [&str; 5] = [
    "aws:SourceVpce",
    "aws:SourceIp",
    "aws:PrincipalArn",
    "aws:CurrentTime",
    "aws:PrincipalOrgID",
];

fn statement() -> impl Strategy<Value = Value> {
    let principals = vec![
        json!("*"),
        json!({"AWS": "123456789012"}),
        json!({"AWS": ["arn:aws:iam::123456789012:role/app", "999999999999"]}),
        json!({"AWS": "arn:aws:iam:123456789012:role/app"}),
        json!({"Service": "sns.amazonaws.com"}),
    ];
    let actions = vec![
        json!("*"),
        json!("sqs:*"),
        json!(["s3:Get*", "sqs:send*"]),
        json!("no"),
    ];
    let resources = vec![
        json!("*"),
        json!(QUEUE),
        json!("arn:aws:sqs:*"),
        json!("arn:aws:sqs:*:*:x"),
    ];
    let operators = vec![
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotLike",
        "ArnLike",
        "ArnNotEquals",
        "IpAddress",
        "NotIpAddress",
        "Bool",
        "Null",
        "NumericLessThan",
        "DateGreaterThan",
        "Peculiar",
    ];
    let values = vec![
        json!("vpce-a"),
        json!(["vpce-b", "*"]),
        json!("10.0.0.0/8"),
        json!("arn:aws:iam::123456789012:role/app"),
        json!("true"),
        json!("2026-01-01"),
        json!("${aws:SourceVpce}"),
        json!(7),
    ];
    let condition = (select(operators), select(KEYS.to_vec()), select(values));
    (
        select(vec!["Allow", "Allow", "Deny", "Maybe"]),
        any::<(bool, bool, bool)>(),
        (select(principals), select(actions), select(resources)),
        proptest::collection::vec(condition, 0..3),
    )
        .prop_map(|(effect, not, (principal, action, resource), conditions)| {
            let named = |negated: bool, name: &str| match negated {
                true => format!("Not{name}"),
                false => name.to_owned(),
            };
            let mut statement = json!({"Effect": effect});
            statement[named(not.0, "Principal")] = principal;
            statement[named(not.1, "Action")] = action;
            statement[named(not.2, "Resource")] = resource;
            for (operator, key, value) in conditions {
                statement["Condition"][operator][key] = value;
            }
            statement
        })
}

fn request() -> impl Strategy<Value = Request> {
    let callers = vec![
        "",
        "arn:aws:sts::123456789012:assumed-role/app/i-1",
        "arn:aws:iam::123456789012:role/app",
        "arn:aws:iam::999999999999:user/ann",
    ];
    let held = select(vec![
        Held::Unknown,
        Held::Absent,
        Held::one("vpce-a"),
        Held::one("10.0.0.7"),
        Held::one("2026-11-21T09:00:00Z"),
        Held::one("true"),
    ]);
    (select(callers), proptest::collection::vec(held, 5)).prop_map(|(caller, held)| {
        let caller = Caller::read(caller).unwrap_or_default();
        let request = Request::new(caller, "sqs:SendMessage", QUEUE);
        let keys = KEYS
            .iter()
            .zip(held)
            .filter(|(key, _)| **key != "aws:PrincipalArn");
        keys.fold(request, |request, (key, held)| request.with(key, held))
    })
}

fn decide(statements: &[Value], request: &Request) -> Decision {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::read(&document.to_string()).decide(request)
}

fn kind(decision: &Decision) -> u8 {
    match decision {
        Decision::Allowed(_) => 0,
        Decision::ExplicitlyDenied(_) => 1,
        Decision::NotAllowed => 2,
        Decision::Unknown(_) => 3,
    }
}

const UNKNOWN: u8 = 3;

proptest! {
    #[test]
    fn no_document_panics(text in "\\PC{0,200}", request in request()) {
        let policy = Policy::read(&text);
        let _ = (policy.decide(&request), policy.name(7), Caller::read(&text));
        let _ = (with_value(&text, 0, "a", "b", "c"), with_statement(&text, json!({})));
    }

    #[test]
    fn no_text_in_any_place_panics(text in "\\PC{0,60}", request in request()) {
        for place in ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"] {
            let mut statement = json!({"Effect": "Deny", "Principal": {"AWS": &text}, "Action": &text, "Resource": &text});
            statement["Condition"][&text][&text] = json!([&text, 1, null]);
            decide(&[statement.clone()], &request);
            statement[place] = json!(text);
            decide(&[statement], &request);
        }
    }

    #[test]
    fn one_more_deny_never_allows(
        statements in proptest::collection::vec(statement(), 0..4),
        mut deny in statement(),
        request in request(),
    ) {
        deny["Effect"] = json!("Deny");
        let before = decide(&statements, &request);
        let mut more = statements.clone();
        more.push(deny);
        let after = decide(&more, &request);
        prop_assert!(!matches!(after, Decision::Allowed(_)) || matches!(before, Decision::Allowed(_)));
        prop_assert!(!before.refuses() || after.refuses());
    }

    #[test]
    fn the_order_of_statements_is_of_no_matter(
        mut statements in proptest::collection::vec(statement(), 0..5),
        request in request(),
    ) {
        let forward = decide(&statements, &request);
        statements.reverse();
        let backward = decide(&statements, &request);
        prop_assert_eq!(kind(&forward), kind(&backward));
        prop_assert_eq!(forward.refuses(), backward.refuses());
    }

    #[test]
    fn knowing_less_never_tells_more(
        statements in proptest::collection::vec(statement(), 0..4),
        request in request(),
        key in select(KEYS.to_vec()),
    ) {
        let full = decide(&statements, &request);
        let less = decide(&statements, &request.clone().with(key, Held::Unknown));
        prop_assert!(kind(&less) == UNKNOWN || kind(&less) == kind(&full));
        prop_assert!(!less.refuses() || full.refuses());
        let mut nobody = request;
        nobody.caller = Caller::Unknown;
        let nobody = decide(&statements, &nobody);
        prop_assert!(kind(&nobody) == UNKNOWN || kind(&nobody) == kind(&full));
    }

    #[test]
    fn a_decision_names_a_statement_that_is_there(
        statements in proptest::collection::vec(statement(), 0..4),
        request in request(),
    ) {
        match decide(&statements, &request) {
            Decision::Allowed(at) => prop_assert!(statements[at]["Effect"] == "Allow"),
            Decision::ExplicitlyDenied(at) => prop_assert!(statements[at]["Effect"] == "Deny"),
            Decision::Unknown(doubt) => {
                prop_assert!(doubt.statement.is_some_and(|at| at < statements.len()));
                prop_assert!(!doubt.reason.is_empty());
            }
            Decision::NotAllowed => {}
        }
    }
}

#[test]
fn an_amended_document_lets_the_endpoint_through() {
    let document = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
        {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-a"}}}]}"#;
    let request = Request::new(Caller::Unknown, "sqs:SendMessage", QUEUE)
        .with("aws:SourceVpce", Held::one("vpce-b"));
    assert_eq!(
        Policy::read(document).decide(&request),
        Decision::ExplicitlyDenied(1)
    );
    let amended = with_value(document, 1, "StringNotEquals", "aws:sourceVpce", "vpce-b").unwrap();
    assert_eq!(
        Policy::read(&amended).decide(&request),
        Decision::Allowed(0)
    );
    let none = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE});
    let amended = with_statement(none, statement).unwrap();
    assert_eq!(
        Policy::read(&amended).decide(&request),
        Decision::Allowed(1)
    );
}

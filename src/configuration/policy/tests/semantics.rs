//! IAM's documented semantics, case by case.

use crate::configuration::policy::{Caller, Decision, Held, Known, Mismatch, Policy, Request};

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:canary";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/i-1";

fn request() -> Request {
    Request::new(Caller::read(SESSION).unwrap(), "sqs:sendmessage", QUEUE)
        .with("aws:SourceVpce", Held::one("vpce-a"))
        .with("aws:SourceVpc", Held::one("vpc-1"))
        .with("aws:VpcSourceIp", Held::one("10.0.1.10"))
        .with("aws:SourceIp", Held::Absent)
        .with("aws:SecureTransport", Held::one("true"))
        .with("aws:CurrentTime", Held::one("2026-11-21T09:00:00Z"))
        .with("aws:EpochTime", Held::one("1795251600"))
        .with("aws:RequestedRegion", Held::one("us-east-1"))
        .with(
            "aws:TagKeys",
            Held::Known(vec![
                Known::Exactly("a".to_owned()),
                Known::Exactly("b".to_owned()),
            ]),
        )
}

/// What a document of these statements comes to: `+` allowed, `-` denied, `0` not allowed, `?` unknown.
fn decided(statements: &str, request: &Request) -> char {
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    letter(&Policy::read(&document).decide(request))
}

fn letter(decision: &Decision) -> char {
    match decision {
        Decision::Allowed(_) => '+',
        Decision::ExplicitlyDenied(_) => '-',
        Decision::NotAllowed => '0',
        Decision::Unknown(_) => '?',
    }
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow",{rest}}}"#)
}

fn with_condition(condition: &str) -> String {
    allow(&format!(
        r#""Principal":"*","Action":"*","Resource":"*","Condition":{condition}"#
    ))
}

const ALL: &str = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;

#[test]
fn an_explicit_deny_wins_and_nothing_is_allowed_by_default() {
    let deny = ALL.replace("Allow", "Deny");
    let unknown = ALL.replace(
        r#""Resource":"*""#,
        r#""Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
    );
    let may_deny = unknown.replace("Allow", "Deny");
    let other = ALL.replace(r#""Action":"*""#, r#""Action":"s3:*""#);
    for (statements, expected) in [
        (String::new(), '0'),
        (ALL.to_owned(), '+'),
        (other.clone(), '0'),
        (format!("{ALL},{deny}"), '-'),
        (deny.clone(), '-'),
        (unknown.clone(), '?'),
        (format!("{ALL},{unknown}"), '+'),
        (format!("{ALL},{may_deny}"), '?'),
        (format!("{deny},{may_deny}"), '-'),
        (may_deny.clone(), '?'),
    ] {
        assert_eq!(decided(&statements, &request()), expected, "{statements}");
    }
    let document = format!(r#"{{"Statement":[{other},{may_deny}]}}"#);
    let decision = Policy::read(&document).decide(&request());
    assert!(decision.refuses(), "refused either way: {decision:?}");
    let document = format!(r#"{{"Statement":[{ALL},{may_deny}]}}"#);
    assert!(!Policy::read(&document).decide(&request()).refuses());
}

#[test]
fn principals_are_everybody_accounts_roles_and_sessions() {
    for (principal, expected) in [
        (r#""*""#, '+'),
        (r#"{"AWS":"*"}"#, '+'),
        (r#"{"AWS":"123456789012"}"#, '+'),
        (r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, '+'),
        (r#"{"AWS":"999999999999"}"#, '0'),
        (r#"{"AWS":"arn:aws:iam::999999999999:root"}"#, '0'),
        (r#"{"AWS":["999999999999","123456789012"]}"#, '+'),
        (r#"{"AWS":"arn:aws:iam::123456789012:role/app"}"#, '+'),
        (
            r#"{"AWS":"arn:aws:iam::123456789012:role/service-role/app"}"#,
            '+',
        ),
        (r#"{"AWS":"arn:aws:iam::123456789012:role/APP"}"#, '?'),
        (r#"{"AWS":"arn:aws:iam::123456789012:role/other"}"#, '0'),
        (r#"{"AWS":"arn:aws:iam::999999999999:role/app"}"#, '0'),
        (r#"{"AWS":"arn:aws:iam::123456789012:user/app"}"#, '0'),
        (
            r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/app/i-1"}"#,
            '+',
        ),
        (
            r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/app/i-2"}"#,
            '0',
        ),
        (r#"{"Service":"sns.amazonaws.com"}"#, '0'),
        (
            r#"{"Service":"sns.amazonaws.com","AWS":"123456789012"}"#,
            '+',
        ),
        // `*` is everybody under AWS alone (IAM User Guide, "All principals").
        (r#"{"Service":"*"}"#, '?'),
        (r#"{"Federated":"*"}"#, '?'),
        (r#"{"CanonicalUser":"*"}"#, '?'),
        (r#"{"AWS":["*","123456789012"]}"#, '+'),
        // As published examples have it: a colon is missing.
        (r#"{"AWS":"arn:aws:iam:123456789012:role/app"}"#, '?'),
        (
            r#"{"AWS":["arn:aws:iam:123456789012:role/app","123456789012"]}"#,
            '+',
        ),
        (r#"{"Federated":"cognito-identity.amazonaws.com"}"#, '?'),
        (r#"{"CanonicalUser":"abc"}"#, '?'),
        (r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#, '?'),
        (r#"{"AWS":"AROAEXAMPLEID"}"#, '?'),
        (r#"{"AWS":[]}"#, '?'),
    ] {
        let statement = allow(&format!(
            r#""Principal":{principal},"Action":"*","Resource":"*""#
        ));
        assert_eq!(decided(&statement, &request()), expected, "{principal}");
    }
}

#[test]
fn other_callers_are_told_apart() {
    let asked = |caller: &str, principal: &str| {
        let caller = Caller::read(caller).unwrap_or_default();
        let statement = allow(&format!(
            r#""Principal":{{"AWS":"{principal}"}},"Action":"*","Resource":"*""#
        ));
        decided(&statement, &Request::new(caller, "sqs:SendMessage", QUEUE))
    };
    let user = "arn:aws:iam::123456789012:user/team/ann";
    let role = "arn:aws:iam::123456789012:role/svc/app";
    let session = "arn:aws:sts::123456789012:assumed-role/app/i-1";
    assert_eq!(asked(user, user), '+');
    assert_eq!(asked(user, "arn:aws:iam::123456789012:user/ann"), '0');
    assert_eq!(asked(user, "123456789012"), '+');
    assert_eq!(asked(role, role), '+');
    assert_eq!(
        asked(role, session),
        '?',
        "one of its sessions, perhaps this"
    );
    assert_eq!(asked("nobody said", "*"), '+');
    assert_eq!(asked("nobody said", "123456789012"), '?');
    assert_eq!(asked("nobody said", role), '?');
    let federated = "arn:aws:sts::123456789012:federated-user/ann";
    assert_eq!(asked(federated, federated), '+');
    assert_eq!(
        asked(federated, user),
        '?',
        "whose token it is is not known"
    );
    assert_eq!(asked(federated, role), '0');
}

#[test]
fn not_principal_spares_only_whom_it_lists_in_full() {
    for (listed, expected) in [
        (r#""999999999999""#, '-'),
        (r#""arn:aws:iam::123456789012:role/app""#, '?'),
        (
            r#"["arn:aws:iam::123456789012:role/app","arn:aws:sts::123456789012:assumed-role/app/i-1","arn:aws:iam::123456789012:root"]"#,
            '+',
        ),
        (r#""*""#, '+'),
        // One that cannot be read may be any of those that lack.
        (
            r#"["arn:aws:iam::123456789012:role/app","arn:aws:iam:123456789012:root"]"#,
            '?',
        ),
        (r#"["999999999999","arn:aws:iam:123456789012:root"]"#, '?'),
        (
            r#"["arn:aws:iam::123456789012:role/app","arn:aws:sts::123456789012:assumed-role/app/i-1","123456789012","12345"]"#,
            '+',
        ),
    ] {
        let deny = format!(
            r#"{ALL},{{"Effect":"Deny","NotPrincipal":{{"AWS":{listed}}},"Action":"*","Resource":"*"}}"#
        );
        assert_eq!(decided(&deny, &request()), expected, "{listed}");
    }
    let maybe = r#"{"Effect":"allow","NotPrincipal":"*","Action":"*","Resource":"*"}"#;
    assert_eq!(decided(maybe, &request()), '?', "which effect is not said");
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    for (rest, expected) in [
        (r#""Action":"SQS:SendMessage","Resource":"*""#, '+'),
        (r#""Action":"sqs:Send*","Resource":"*""#, '+'),
        (r#""Action":"sqs:?endMessage","Resource":"*""#, '+'),
        (
            r#""Action":["sqs:ReceiveMessage","sqs:*"],"Resource":"*""#,
            '+',
        ),
        (r#""Action":"sqs:SendMessageBatch","Resource":"*""#, '0'),
        (r#""NotAction":"sqs:SendMessage","Resource":"*""#, '0'),
        (r#""NotAction":"s3:*","Resource":"*""#, '+'),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:us-east-1:123456789012:canary""#,
            '+',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:us-east-1:123456789012:Canary""#,
            '0',
        ),
        (r#""Action":"*","Resource":"arn:aws:sqs:*:*:can*""#, '+'),
        (r#""Action":"*","Resource":"arn:aws:sqs:us-east-1:*""#, '?'),
        (r#""Action":"*","Resource":"arn:aws:sns:*""#, '0'),
        (r#""Action":"sqs:Send*Message","Resource":"*""#, '+'),
        (r#""Action":"sqs:Send?Message","Resource":"*""#, '0'),
        (r#""Action":"sqs:*Message?","Resource":"*""#, '0'),
        (r#""NotAction":["s3:*","sqs:Receive*"],"Resource":"*""#, '+'),
        (r#""NotAction":["s3:*","SQS:SEND*"],"Resource":"*""#, '0'),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:us-east-?:123456789012:canar?""#,
            '+',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:us-east-1:123456789012:canary?""#,
            '0',
        ),
        (
            r#""Action":"*","Resource":"ARN:aws:sqs:us-east-1:123456789012:canary""#,
            '?',
        ),
        (
            r#""Action":"*","Resource":["arn:aws:sns:*:*:*","arn:aws:sqs:*:*:canary"]"#,
            '+',
        ),
        (
            r#""Action":"*","NotResource":["arn:aws:sqs:*:*:other","arn:aws:sqs:*:*:canary"]"#,
            '0',
        ),
        (
            r#""Action":"*","NotResource":"arn:aws:sqs:*:*:canary""#,
            '0',
        ),
        (r#""Action":"*","NotResource":"arn:aws:sqs:*:*:other""#, '+'),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:*:${aws:PrincipalAccount}:canary""#,
            '+',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:sqs:*:*:${aws:userid}""#,
            '?',
        ),
    ] {
        let statement = allow(&format!(r#""Principal":"*",{rest}"#));
        assert_eq!(decided(&statement, &request()), expected, "{rest}");
    }
    let old = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:sqs:*:${aws:PrincipalAccount}:canary"}}"#;
    let decision = Policy::read(old).decide(&request());
    assert_eq!(letter(&decision), '0', "no variables before 2012-10-17");
}

#[test]
fn condition_operators_follow_the_guide() {
    for (condition, expected) in [
        (r#"{}"#, '+'),
        (r#"{"StringEquals":{"aws:sourceVPCE":"vpce-a"}}"#, '+'),
        (
            r#"{"StringEquals":{"aws:SourceVpce":["vpce-b","vpce-a"]}}"#,
            '+',
        ),
        (r#"{"StringEquals":{"aws:SourceVpce":"VPCE-A"}}"#, '0'),
        (r#"{"StringEquals":{"aws:SourceVpce":"vpce-*"}}"#, '0'),
        (
            r#"{"StringEqualsIgnoreCase":{"aws:SourceVpce":"VPCE-A"}}"#,
            '+',
        ),
        (
            r#"{"StringNotEqualsIgnoreCase":{"aws:SourceVpce":"VPCE-A"}}"#,
            '0',
        ),
        (
            r#"{"StringNotEquals":{"aws:SourceVpce":["vpce-b","vpce-a"]}}"#,
            '0',
        ),
        (
            r#"{"StringNotEquals":{"aws:SourceVpce":["vpce-b","vpce-c"]}}"#,
            '+',
        ),
        (r#"{"StringLike":{"aws:SourceVpce":"vpce-?"}}"#, '+'),
        (r#"{"StringNotLike":{"aws:SourceVpce":"vpce-*"}}"#, '0'),
        // Several keys and several operators must all hold.
        (
            r#"{"StringEquals":{"aws:SourceVpce":"vpce-a","aws:SourceVpc":"vpc-1"}}"#,
            '+',
        ),
        (
            r#"{"StringEquals":{"aws:SourceVpce":"vpce-a","aws:SourceVpc":"vpc-2"}}"#,
            '0',
        ),
        (
            r#"{"StringEquals":{"aws:SourceVpce":"vpce-a"},"Bool":{"aws:SecureTransport":"false"}}"#,
            '0',
        ),
        // An unknown key decides nothing where another does.
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, '?'),
        (
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1","aws:SourceVpc":"vpc-2"}}"#,
            '0',
        ),
        (r#"{"StringSmells":{"aws:SourceVpc":"vpc-1"}}"#, '?'),
        // An absent key.
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, '0'),
        (r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, '+'),
        (
            r#"{"IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#,
            '+',
        ),
        (r#"{"StringEquals":{"aws:SourceIp":"x"}}"#, '0'),
        (r#"{"StringNotEquals":{"aws:SourceIp":"x"}}"#, '+'),
        (r#"{"StringNotLikeIfExists":{"aws:SourceIp":"x"}}"#, '+'),
        (r#"{"StringEqualsIfExists":{"aws:SourceIp":"x"}}"#, '+'),
        (
            r#"{"StringEqualsIfExists":{"aws:SourceVpce":"vpce-b"}}"#,
            '0',
        ),
        (
            r#"{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-a"}}"#,
            '0',
        ),
        (
            r#"{"stringequalsifexists":{"AWS:SOURCEVPCE":"vpce-a"}}"#,
            '+',
        ),
        (r#"{"StringNotEqualsIgnoreCase":{"aws:SourceIp":"x"}}"#, '+'),
        (
            r#"{"ArnNotEquals":{"aws:SourceIp":"arn:aws:iam::1:role/x"}}"#,
            '+',
        ),
        (
            r#"{"ArnLike":{"aws:SourceIp":"arn:aws:iam::1:role/x"}}"#,
            '0',
        ),
        (
            r#"{"DateNotEquals":{"aws:SourceIp":"2026-01-01T00:00:00Z"}}"#,
            '+',
        ),
        (r#"{"NumericLessThan":{"aws:SourceIp":"1"}}"#, '0'),
        // Where traffic came through an endpoint, aws:SourceIp is not there: this denies nothing by it alone.
        (
            r#"{"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"},"Null":{"aws:SourceVpce":"true"}}"#,
            '0',
        ),
        (
            r#"{"NotIpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8","aws:VpcSourceIp":"10.0.0.0/8"}}"#,
            '0',
        ),
        (
            r#"{"NotIpAddress":{"aws:VpcSourceIp":["10.0.0.0/16","192.168.0.0/16"]}}"#,
            '0',
        ),
        (r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.1.10/32"}}"#, '+'),
        (r#"{"IpAddress":{"aws:SourceVpce":"10.0.0.0/16"}}"#, '?'),
        (
            r#"{"Null":{"aws:SourceVpce":"true","aws:SourceIp":"true"}}"#,
            '0',
        ),
        (r#"{"Null":{"aws:SourceIp":["true","false"]}}"#, '+'),
        (r#"{"Null":{"aws:SourceIp":"perhaps"}}"#, '?'),
        (r#"{"Bool":{"aws:SecureTransport":"perhaps"}}"#, '?'),
        (r#"{"BoolIfExists":{"aws:SecureTransport":"false"}}"#, '0'),
        (r#"{"NumericNotEquals":{"aws:SourceIp":"1"}}"#, '+'),
        (r#"{"Bool":{"aws:SourceIp":"false"}}"#, '0'),
        (r#"{"BoolIfExists":{"aws:SourceIp":"false"}}"#, '+'),
        (r#"{"Null":{"aws:SourceIp":"true"}}"#, '+'),
        (r#"{"Null":{"aws:SourceIp":true}}"#, '+'),
        (r#"{"Null":{"aws:SourceIp":"false"}}"#, '0'),
        (r#"{"Null":{"aws:SourceVpce":"false"}}"#, '+'),
        (r#"{"Null":{"aws:PrincipalOrgID":"true"}}"#, '?'),
        // Addresses.
        (r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}"#, '+'),
        (
            r#"{"IpAddress":{"aws:VpcSourceIp":["192.168.0.0/16","10.0.1.10"]}}"#,
            '+',
        ),
        (r#"{"IpAddress":{"aws:VpcSourceIp":"fd00::/8"}}"#, '0'),
        (r#"{"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}"#, '0'),
        (r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0/16"}}"#, '?'),
        // ARNs: part by part.
        (
            r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}"#,
            '+',
        ),
        (
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#,
            '+',
        ),
        (
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/app"}}"#,
            '?',
        ),
        (
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/admin"}}"#,
            '0',
        ),
        (
            r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/admin"}}"#,
            '+',
        ),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:*role/*"}}"#, '?'),
        (r#"{"StringLike":{"aws:PrincipalArn":"*:role/*"}}"#, '+'),
        (
            r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#,
            '+',
        ),
        (
            r#"{"StringEquals":{"aws:PrincipalAccount":["1",123456789012]}}"#,
            '+',
        ),
        // Numbers and times.
        (r#"{"NumericLessThan":{"aws:EpochTime":"1795251601"}}"#, '+'),
        (
            r#"{"NumericLessThanEquals":{"aws:EpochTime":1795251600}}"#,
            '+',
        ),
        (
            r#"{"NumericGreaterThan":{"aws:EpochTime":"1795251600"}}"#,
            '0',
        ),
        (r#"{"NumericEquals":{"aws:EpochTime":"one"}}"#, '?'),
        (r#"{"NumericEquals":{"aws:SourceVpc":"1"}}"#, '?'),
        (
            r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#,
            '+',
        ),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01"}}"#, '0'),
        (r#"{"DateLessThan":{"aws:CurrentTime":"1795251601"}}"#, '+'),
        (
            r#"{"DateEquals":{"aws:CurrentTime":"2026-11-21T09:00Z"}}"#,
            '+',
        ),
        (
            r#"{"DateNotEquals":{"aws:CurrentTime":"2026-11-21T09:00Z"}}"#,
            '0',
        ),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026"}}"#, '?'),
        (r#"{"Bool":{"aws:SecureTransport":"TRUE"}}"#, '+'),
        (r#"{"Bool":{"aws:SecureTransport":true}}"#, '+'),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, '0'),
        // Sets.
        (
            r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c"]}}"#,
            '+',
        ),
        (
            r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","c"]}}"#,
            '0',
        ),
        (
            r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","c"]}}"#,
            '+',
        ),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"c"}}"#, '0'),
        (
            r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":"c"}}"#,
            '+',
        ),
        (
            r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":"a"}}"#,
            '0',
        ),
        (
            r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}}"#,
            '+',
        ),
        (r#"{"ForAllValues:StringEquals":{"aws:SourceIp":"x"}}"#, '+'),
        (r#"{"ForAnyValue:StringEquals":{"aws:SourceIp":"x"}}"#, '0'),
        (
            r#"{"ForAnyValue:StringNotEquals":{"aws:SourceIp":"x"}}"#,
            '0',
        ),
        (
            r#"{"ForAnyValue:StringEqualsIfExists":{"aws:SourceIp":"x"}}"#,
            '+',
        ),
        (r#"{"StringEquals":{"aws:TagKeys":"a"}}"#, '?'),
        (
            r#"{"ForAllValues:StringLike":{"aws:TagKeys":["?","c*"]}}"#,
            '+',
        ),
        (r#"{"ForAnyValue:StringNotLike":{"aws:TagKeys":"*"}}"#, '0'),
        (
            r#"{"ForAllValues:StringNotEquals":{"aws:SourceIp":"x"}}"#,
            '+',
        ),
        (
            r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"${aws:TagKeys}"}}"#,
            '?',
        ),
        (
            r#"{"forallvalues:stringequals":{"aws:TagKeys":["a","b"]}}"#,
            '+',
        ),
        (r#"{"ForSomeValues:StringEquals":{"aws:TagKeys":"a"}}"#, '?'),
        (r#"{"ForAllValues:Null":{"aws:TagKeys":"true"}}"#, '?'),
        (r#"{"StringEquals":{"aws:SourceVpce":[]}}"#, '?'),
        // Variables.
        (
            r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:PrincipalAccount}"}}"#,
            '+',
        ),
        (
            r#"{"StringEquals":{"aws:SourceVpce":"${aws:SourceIp, 'vpce-a'}"}}"#,
            '+',
        ),
    ] {
        let statement = with_condition(condition);
        assert_eq!(decided(&statement, &request()), expected, "{condition}");
    }
}

#[test]
fn the_documented_endpoint_guard_denies_what_comes_another_way() {
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"1","Effect":"Allow","Principal":{"AWS":["123456789012"]},"Action":["sqs:SendMessage"],"Resource":"arn:aws:sqs:us-east-1:123456789012:canary"},
        {"Sid":"2","Effect":"Deny","Principal":"*","Action":["sqs:SendMessage"],"Resource":"arn:aws:sqs:us-east-1:123456789012:canary",
         "Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-a"}}}]}"#;
    let policy = Policy::read(document);
    assert_eq!(policy.problems, []);
    let through = |held: Held| letter(&policy.decide(&request().with("aws:SourceVpce", held)));
    assert_eq!(through(Held::one("vpce-a")), '+');
    assert_eq!(through(Held::one("vpce-b")), '-');
    assert_eq!(through(Held::Absent), '-', "no endpoint at all");
    assert_eq!(through(Held::Unknown), '?');
    assert_eq!(policy.name(1), "statement 2 (2)");
}

#[test]
fn problems_say_where_and_what_is_expected() {
    let fine = r#""Principal":"*","Action":"*","Resource":"*""#;
    for (document, place, found) in [
        ("{".to_owned(), "The document", "error"),
        ("[]".to_owned(), "The document", "[]"),
        ("{}".to_owned(), "Statement", "nothing"),
        (r#"{"Version":"2012-10-18","Statement":[]}"#.to_owned(), "Version", "2012-10-18"),
        (r#"{"Statements":[],"Statement":[]}"#.to_owned(), "The document", "Statements"),
        (format!(r#"{{"Statement":[{{"Effect":"allow",{fine}}}]}}"#), "statement 1, Effect", "allow"),
        (format!(r#"{{"Statement":[{{{fine}}}]}}"#), "statement 1, Effect", "nothing"),
        (
            r#"{"Statement":[{"Sid":"S","Effect":"Allow","Principal":"*","Resource":"*"}]}"#.to_owned(),
            "statement 1 (S)",
            "neither",
        ),
        (
            format!(r#"{{"Statement":[{{"Effect":"Allow","NotAction":"*",{fine}}}]}}"#),
            "statement 1, Action",
            "both",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:123456789012:role/app"},"Action":"*","Resource":"*"}}"#.to_owned(),
            "statement 1, Principal.AWS",
            "arn:aws:iam:123456789012:role/app",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Principal":"me","Action":"*","Resource":"*"}}"#.to_owned(),
            "statement 1, Principal",
            "me",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"SendMessage","Resource":"*"}}"#.to_owned(),
            "statement 1, Action",
            "SendMessage",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:sqs:us-east-1:123456789012canary"}}"#.to_owned(),
            "statement 1, Resource",
            "123456789012canary",
        ),
        (
            format!(r#"{{"Statement":{{"Effect":"Allow",{fine},"Condtion":{{}}}}}}"#),
            "statement 1",
            "Condtion",
        ),
        (
            format!(r#"{{"Statement":{{"Effect":"Allow",{fine},"Condition":{{"IpAddress":{{"aws:VpcSourceIp":"10.0.0/16"}}}}}}}}"#),
            "statement 1, Condition.IpAddress.aws:VpcSourceIp",
            "10.0.0/16",
        ),
        (
            format!(r#"{{"Statement":{{"Effect":"Allow",{fine},"Condition":{{"StringEqual":{{"a:b":"c"}}}}}}}}"#),
            "statement 1, Condition.StringEqual",
            "StringEqual",
        ),
        (r#"{"Statement":["x"]}"#.to_owned(), "statement 1", "x"),
        ("x".repeat(40_000), "The document", "more"),
    ] {
        let policy = Policy::read(&document);
        let problem = policy.problems.first().expect(&document);
        assert_eq!(problem.place, place, "{document}");
        assert!(problem.found.contains(found), "{problem}");
        assert_eq!(letter(&policy.decide(&request())), '?', "{document}");
    }
}

#[test]
fn what_keeps_a_statement_from_applying_is_named() {
    let document = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"sqs:ReceiveMessage",
        "Resource":"arn:aws:sqs:*:*:other","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-z"}}}]}"#;
    let policy = Policy::read(document);
    let found = policy.statements[0].mismatches(&request());
    assert_eq!(
        found,
        [
            Mismatch::Action("sqs:ReceiveMessage".to_owned()),
            Mismatch::Resource("arn:aws:sqs:*:*:other".to_owned()),
            Mismatch::Principal,
            Mismatch::Condition(
                "StringEquals on aws:SourceVpce names vpce-z, and the request has vpce-a"
                    .to_owned()
            ),
        ]
    );
}

//! The EC2 API of the lab, as far as it concerns a VPC's network: the `ec2` query protocol, API version 2016-11-15.
//!
//! [`answer`] is the whole of it: a world and a request in, a response out; [`Ec2`] keeps a world for a server and adds the
//! temper `hang`. It plays `world.ec2_api`: denied actions, the tempers (to signed calls only) and the page size.
//! A signed call needs a whole Signature Version 4 header for service `ec2` and the world's region (the signature itself is
//! not recomputed), a date within five minutes of the services' clock, and the lab's access key with its session token.
//! The endpoint's policy is enforced on a call that came through an endpoint.

pub mod policy;
pub mod query;
pub mod signature;
pub mod xml;

mod endpoints;
mod interfaces;
mod listed;
mod network;
mod prefix_lists;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::hostile;
use super::http::{Answer, HttpRequest, HttpResponse};
use super::sqs::Arrival;
use super::world::World;
use listed::Listed;
use query::{Limits, Query};
use signature::{Caller, Rejection};
use xml::Xml;

/// The API of one world.
#[derive(Debug)]
pub struct Ec2 {
    world: Arc<World>,
    /// The signed requests that came already.
    known: Mutex<BTreeSet<Vec<u8>>>,
    listed: Listed,
}

impl Ec2 {
    /// The API of this world.
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            known: Mutex::default(),
            listed: Listed::default(),
        }
    }

    /// What to do with one request. Answers are compressed where the request says that they may be, as AWS's are.
    pub fn answer(&self, request: &HttpRequest) -> Answer {
        match self.plain(request) {
            Answer::Respond(response) if accepts_gzip(request) => compressed(response).into(),
            answer => answer,
        }
    }

    fn plain(&self, request: &HttpRequest) -> Answer {
        let world = super::turn::now(&self.world);
        let answer = |request| {
            answer_by(&world, request, |list| {
                self.listed.or(&world, request, list)
            })
        };
        if world.ec2_api.temper.is_empty() {
            return answer(request).into();
        }
        let hangs = world.ec2_api.temper == "hang"
            && request.header("authorization").is_some()
            && concerns(
                &world,
                parameters(request).get("Action").unwrap_or_default(),
            );
        if hangs {
            return Answer::Hang;
        }
        let temper = world.ec2_api.temper.as_str();
        // Whoever gives out tokens that mean nothing takes them as well.
        let asked = match temper {
            "endless-pages" | "same-token" => without_token(request),
            _ => request.clone(),
        };
        let response = answer(&asked);
        let parameters = parameters(request);
        let action = parameters.get("Action").unwrap_or_default();
        if request.header("authorization").is_none() || !concerns(&world, action) {
            return response.into();
        }
        let token = match temper {
            "500-once" => {
                let mut known = self.known.lock().expect("nobody panics with it");
                return match known.insert(request.body.clone()) {
                    true => Refusal::new(500, "InternalError", "An internal error has occurred")
                        .response("once")
                        .into(),
                    false => response.into(),
                };
            }
            "endless-pages" => super::https::request_id(),
            "same-token" => "the-same-again".to_owned(),
            manner if hostile::HTTP.contains(&manner) => {
                return Answer::Badly(manner.to_owned(), response);
            }
            _ => return response.into(),
        };
        with_token(response, action, &token).into()
    }
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let accepted = request.header("accept-encoding").unwrap_or_default();
    accepted.split(',').any(|coding| coding.trim() == "gzip")
}

fn compressed(response: HttpResponse) -> HttpResponse {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(&response.body);
    let body = written.and_then(|()| encoder.finish());
    HttpResponse {
        body: body.expect("a Vec takes whatever is written"),
        ..response
    }
    .with("Content-Encoding", "gzip")
}

fn without_token(request: &HttpRequest) -> HttpRequest {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let kept: Vec<&str> = body
        .split('&')
        .filter(|pair| !pair.starts_with("NextToken="))
        .collect();
    HttpRequest {
        body: kept.join("&").into_bytes(),
        ..request.clone()
    }
}

/// The same page with a token for a further one.
fn with_token(response: HttpResponse, action: &str, token: &str) -> HttpResponse {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    let end = format!("</{action}Response>");
    let body = text.replace(&end, &format!("<nextToken>{token}</nextToken>{end}"));
    HttpResponse {
        body: body.into_bytes(),
        ..response
    }
}

/// Answers one request to `ec2.REGION.amazonaws.com`.
pub fn answer(world: &World, request: &HttpRequest) -> HttpResponse {
    answer_by(world, request, |list| list())
}

fn answer_by(
    world: &World,
    request: &HttpRequest,
    told: impl FnOnce(Body) -> Text,
) -> HttpResponse {
    let id = signature::request_id(request);
    let response = match respond(world, request, &id, told) {
        Ok(response) => response,
        Err(refusal) => refusal.response(&id),
    };
    edited(world, response)
        .with("x-amzn-requestid", id)
        .with("Cache-Control", "no-cache, no-store")
        .with("Server", "AmazonEC2")
}

/// The answer as another implementation would give it: without some elements, with other texts.
fn edited(world: &World, response: HttpResponse) -> HttpResponse {
    let (omit, replace) = (&world.ec2_api.omit, &world.ec2_api.replace);
    if omit.is_empty() && replace.is_empty() {
        return response;
    }
    let mut text = String::from_utf8_lossy(&response.body).into_owned();
    for name in omit {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        while let Some(start) = text.find(&open)
            && let Some(length) = text[start..].find(&close)
        {
            text.replace_range(start..start + length + close.len(), "");
        }
    }
    for (old, new) in replace {
        text = text.replace(old, new);
    }
    HttpResponse {
        body: text.into_bytes(),
        ..response
    }
}

/// An error of the API.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code, as in `InvalidVpcID.NotFound`.
    pub code: String,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// An error.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    fn response(&self, request_id: &str) -> HttpResponse {
        let mut xml = Xml::default();
        xml.nested("Response", |xml| {
            xml.nested("Errors", |xml| {
                xml.nested("Error", |xml| {
                    xml.text("Code", &self.code);
                    xml.text("Message", &self.message);
                });
            });
            xml.text("RequestID", request_id);
        });
        document(self.status, &xml.finish())
    }
}

/// One thing an action lists: its XML and the values its filters look at.
struct Resource {
    id: String,
    fields: Vec<(&'static str, Vec<String>)>,
    xml: String,
}

impl Resource {
    fn new(
        id: &str,
        fields: Vec<(&'static str, Vec<String>)>,
        write: impl FnOnce(&mut Xml),
    ) -> Self {
        let mut xml = Xml::default();
        write(&mut xml);
        Self {
            id: id.to_owned(),
            fields,
            xml: xml.finish(),
        }
    }

    fn values(&self, filter: &str) -> &[String] {
        self.fields
            .iter()
            .find(|(name, _)| *name == filter)
            .map_or(&[], |(_, values)| values)
    }
}

/// A listing action.
struct Listing {
    /// The element its items are in.
    set: &'static str,
    /// The parameter with explicit ids.
    ids: &'static str,
    /// The error for an id that is not there.
    missing: &'static str,
    /// The filters it knows.
    filters: &'static [&'static str],
    /// What `MaxResults` may be.
    limits: Limits,
    /// What there is.
    items: Vec<Resource>,
}

const UP_TO_1000: Limits = Limits {
    least: 5,
    most: 1000,
    clamps: false,
};
const UP_TO_100: Limits = Limits {
    least: 1,
    most: 100,
    clamps: false,
};
const CLAMPED: Limits = Limits {
    least: 1,
    most: 1000,
    clamps: true,
};

fn respond(
    world: &World,
    request: &HttpRequest,
    id: &str,
    told: impl FnOnce(Body) -> Text,
) -> Result<HttpResponse, Refusal> {
    let query = parameters(request);
    let action = query.get("Action");
    let caller = match signature::authenticate(world, request, "ec2") {
        Ok(caller) => caller,
        Err(Rejection::Unsigned) => return unsigned(request, action),
        Err(rejection) => return Err(rejected(rejection)),
    };
    let action = action.ok_or_else(|| {
        Refusal::new(
            400,
            "MissingAction",
            "The request is missing an action or a required parameter.",
        )
    })?;
    if concerns(world, action) {
        match world.ec2_api.temper.as_str() {
            "throttled" => {
                return Err(Refusal::new(
                    503,
                    "RequestLimitExceeded",
                    "Request limit exceeded.",
                ));
            }
            "500" => {
                return Err(Refusal::new(
                    500,
                    "InternalError",
                    "An internal error has occurred",
                ));
            }
            "garbage" => return Ok(document(200, "<\u{1}not<<xml & nothing like it")),
            _ => {}
        }
    }
    if query.get("Version") != Some("2016-11-15") {
        return Err(Refusal::new(
            400,
            "NoSuchVersion",
            "The requested version is not supported.",
        ));
    }
    let body = perform(world, &query, action)?;
    permitted(world, request, &caller, action)?;
    if query.get("DryRun") == Some("true") {
        return Err(Refusal::new(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ));
    }
    let whole = format!(
        "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{id}</requestId>{}</{action}Response>",
        told(body)?
    );
    Ok(document(200, &whole))
}

/// The parameters may come in the body or behind the `?`.
fn parameters(request: &HttpRequest) -> Query {
    if request.method == "GET" {
        Query::parse(request.query.as_bytes())
    } else {
        Query::parse(&request.body)
    }
}

fn concerns(world: &World, action: &str) -> bool {
    let actions = &world.ec2_api.temper_actions;
    actions.is_empty() || actions.iter().any(|a| a == action)
}

fn unsigned(request: &HttpRequest, action: Option<&str>) -> Result<HttpResponse, Refusal> {
    if action.is_none() && request.method != "POST" {
        return Ok(
            HttpResponse::new(302, "text/html", "").with("Location", "https://aws.amazon.com/ec2")
        );
    }
    Err(Refusal::new(
        400,
        "MissingParameter",
        "The request must contain the parameter AWSAccessKeyId",
    ))
}

fn rejected(rejection: Rejection) -> Refusal {
    match rejection {
        Rejection::Incomplete(message) => Refusal::new(400, "IncompleteSignature", message),
        Rejection::ExpiredToken => Refusal::new(400, "RequestExpired", "Request has expired."),
        // EC2 says this of unknown keys, wrong scopes and wrong clocks alike.
        Rejection::Unsigned | Rejection::UnknownKey | Rejection::Scope(_) | Rejection::Clock(_) => {
            Refusal::new(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            )
        }
    }
}

/// Identity policies by `ec2_api.denied`, and the policy of the endpoint the call came through.
fn permitted(
    world: &World,
    request: &HttpRequest,
    caller: &Caller,
    action: &str,
) -> Result<(), Refusal> {
    let unauthorized = |why: String| {
        Refusal::new(
            403,
            "UnauthorizedOperation",
            format!(
                "You are not authorized to perform this operation. User: {} is not authorized to perform: ec2:{action} {why}",
                caller.arn
            ),
        )
    };
    let arrival = Arrival::of(world, request);
    let called = format!("ec2:{action}");
    let call = policy::Call {
        action: &called,
        resource: "*",
        principal: &caller.arn,
        context: arrival.context(world, caller, request),
    };
    let endpoint = arrival
        .policy(world)
        .map(|document| policy::evaluate(document, &call, true))
        .transpose()
        .map_err(|what| {
            Refusal::new(
                500,
                "LabPolicyNotUnderstood",
                format!("The endpoint's policy is beyond the lab: {what}"),
            )
        })?;
    if endpoint == Some(policy::Effect::Denied) {
        return Err(unauthorized(
            "with an explicit deny in a VPC endpoint policy".to_owned(),
        ));
    }
    let denied = &world.ec2_api.denied;
    if denied.iter().any(|d| d == "*" || d == action) {
        return Err(unauthorized(format!(
            "because no identity-based policy allows the ec2:{action} action"
        )));
    }
    if endpoint == Some(policy::Effect::Silent) {
        return Err(unauthorized(format!(
            "because no VPC endpoint policy allows the ec2:{action} action"
        )));
    }
    Ok(())
}

type Text = Result<String, Refusal>;
type Body<'a> = Box<dyn FnOnce() -> Text + 'a>;

/// Finds the action. The work waits until the caller is known to be allowed: AWS tells nothing before.
fn perform<'a>(world: &'a World, query: &'a Query, action: &str) -> Result<Body<'a>, Refusal> {
    let listing: fn(&World) -> Listing = match action {
        "DescribeVpcEndpoints" => endpoints::endpoints,
        "DescribeNetworkInterfaces" => interfaces::interfaces,
        "DescribeSecurityGroups" => network::security_groups,
        "DescribeSubnets" => network::subnets,
        "DescribeRouteTables" => network::route_tables,
        "DescribeNetworkAcls" => network::network_acls,
        "DescribeVpcs" => network::vpcs,
        "DescribeDhcpOptions" => network::dhcp_options,
        "DescribePrefixLists" => prefix_lists::prefix_lists,
        "DescribeManagedPrefixLists" => prefix_lists::managed_prefix_lists,
        "DescribeVpcAttribute" => return Ok(Box::new(|| network::vpc_attribute(world, query))),
        "GetManagedPrefixListEntries" => {
            return Ok(Box::new(|| prefix_lists::entries(world, query)));
        }
        "DescribeVpcEndpointServices" => {
            return Ok(Box::new(|| endpoints::services(world, query)));
        }
        "DescribeVpcBlockPublicAccessOptions" => {
            return Ok(Box::new(|| Ok(network::block_public_access(world))));
        }
        other => {
            return Err(Refusal::new(
                400,
                "InvalidAction",
                format!("The action {other} is not valid for this web service."),
            ));
        }
    };
    Ok(Box::new(move || list(world, query, listing(world))))
}

/// Explicit ids, then filters, then the page.
fn list(world: &World, query: &Query, listing: Listing) -> Result<String, Refusal> {
    let set = listing.set;
    let page = select(world, query, listing)?;
    let mut xml = Xml::default();
    xml.optional("nextToken", page.next);
    let items: String = page
        .items
        .iter()
        .map(|item| format!("<item>{}</item>", item.xml))
        .collect();
    Ok(format!("<{set}>{items}</{set}>{}", xml.finish()))
}

fn select(
    world: &World,
    query: &Query,
    listing: Listing,
) -> Result<query::Page<Resource>, Refusal> {
    let ids = query.list(listing.ids);
    for id in &ids {
        if !listing.items.iter().any(|item| item.id == *id) {
            return Err(Refusal::new(
                400,
                listing.missing,
                format!("The {} '{id}' does not exist", listing.ids),
            ));
        }
    }
    let filters = query.filters();
    for filter in &filters {
        let of_tags = filter.name.starts_with("tag:") || filter.name == "tag-key";
        if !of_tags && !listing.filters.contains(&filter.name) {
            return Err(filter.unknown());
        }
    }
    let items = listing
        .items
        .into_iter()
        .filter(|item| ids.is_empty() || ids.contains(&item.id.as_str()))
        .filter(|item| {
            filters
                .iter()
                .all(|filter| filter.passes(item.values(filter.name)))
        })
        .collect();
    query.page(
        items,
        listing.limits,
        world.ec2_api.page_size,
        !ids.is_empty(),
    )
}

/// Whether the caller's account owns a VPC.
fn owns(world: &World, vpc: &str) -> bool {
    world.owner_of(vpc) == world.account_id
}

/// Whether the caller sees a VPC, its subnets, tables and ACLs: as their owner, or as a participant in it.
///
/// VPC guide, "Responsibilities and permissions for owners and participants".
fn sees(world: &World, vpc: &str) -> bool {
    owns(world, vpc) || world.own_vpc() == vpc
}

fn document(status: u16, xml: &str) -> HttpResponse {
    HttpResponse::new(
        status,
        "text/xml;charset=UTF-8",
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}"),
    )
}

#[cfg(test)]
pub mod loopback;

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests;

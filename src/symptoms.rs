//! What is wrong, without why: this name answered publicly, this address swallowed the connection attempt,
//! this chain does not reach the service roots.
//!
//! A symptom is named by its kind and by what shows it. Rules explain symptoms; what no rule explains
//! surfaces under the code of its kind.

pub mod acl_passages;
pub mod answers;
pub mod canary;
pub mod denial;
mod endpoint_interfaces;
pub mod gateway;
mod inventory;
pub mod placement;
pub mod reach;
pub mod route;
pub mod scene;

use std::net::IpAddr;

use crate::facts::DnsStatus;
use crate::facts::{Failure, FailureKind};
use crate::verdict::finding::Severity;

pub use denial::PolicyLayer;
pub use scene::Scene;

/// The index of a symptom in its collection.
pub type SymptomId = usize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Symptom {
    /// Its place in [`Symptoms`].
    pub id: SymptomId,
    /// What is wrong.
    pub kind: Kind,
    /// The service it hits; empty for the run as a whole.
    pub service: String,
    /// The name it hits; empty for the run as a whole.
    pub name: String,
    /// The address that shows it.
    pub address: Option<IpAddr>,
    /// How much it matters under what is expected here.
    pub severity: Severity,
    /// True where it leaves a requirement open rather than broken.
    pub unknown: bool,
    /// One sentence for people, as a consequence of a cause would be told.
    pub text: String,
}

/// The kinds of symptoms.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The host's resolvers did not answer, failed or refused.
    DnsFailed(DnsStatus),
    /// The name does not exist, or has no address.
    NotFound(DnsStatus),
    /// The answer was truncated, and TCP failed; no address came.
    Truncated,
    /// Every answer is public.
    Public,
    /// Private and public answers together.
    Mixed,
    /// A private answer that is no endpoint's address.
    NotEndpoint,
    /// A private answer outside the VPC that nobody vouched for.
    Unlisted,
    /// A public answer of S3 or DynamoDB whose route cannot be read.
    GatewayUnconfirmed,
    /// Applications here see other addresses than DNS gives.
    Overridden,
    /// TCP to an address failed.
    Tcp(FailureKind),
    /// TLS with an address failed before a certificate could be judged.
    Tls(FailureKind),
    /// The certificate does not chain to the service roots.
    Untrusted,
    /// The certificate is not valid for the name.
    NameMismatch,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// HTTP over a verified connection failed.
    Http(FailureKind),
    /// What answers HTTP is not the AWS service.
    NotTheService,
    /// Small requests pass and large ones hang.
    LargeRequest,
    /// The probe was cut short, so nothing is known of the address.
    Unprobed,
    /// The canary could not be sent for want of a verified path.
    CanaryNoPath,
    /// The canary got no answer, or the connection failed.
    CanaryFailed(FailureKind),
    /// The canary was refused by a policy.
    CanaryDenied(PolicyLayer),
    /// The canary was answered with another error; its code.
    CanaryError(String),
    /// There is no usable credential for the canary.
    CanaryCredentials,
    /// The returned digest is not the body's.
    CanaryCorrupted,
    /// The EC2 API refused calls.
    InventoryDenied,
    /// The EC2 API could not be reached, or did not answer properly.
    InventoryUnreachable,
    /// There is no usable credential for the EC2 API.
    InventoryCredentials,
    /// The EC2 API throttled.
    InventoryThrottled,
}

/// The stage of a service's path that a symptom belongs to, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Resolution and where the answers lie.
    Name,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// HTTP.
    Http,
    /// The canary.
    Canary,
    /// The EC2 API.
    Inventory,
}

impl Kind {
    /// The stage this kind belongs to.
    pub fn stage(&self) -> Stage {
        match self {
            Kind::DnsFailed(_)
            | Kind::NotFound(_)
            | Kind::Truncated
            | Kind::Public
            | Kind::Mixed
            | Kind::NotEndpoint
            | Kind::Unlisted
            | Kind::GatewayUnconfirmed
            | Kind::Overridden => Stage::Name,
            Kind::Tcp(_) | Kind::Unprobed => Stage::Tcp,
            Kind::Tls(_)
            | Kind::Untrusted
            | Kind::NameMismatch
            | Kind::Expired
            | Kind::NotYetValid => Stage::Tls,
            Kind::Http(_) | Kind::NotTheService | Kind::LargeRequest => Stage::Http,
            Kind::CanaryNoPath
            | Kind::CanaryFailed(_)
            | Kind::CanaryDenied(_)
            | Kind::CanaryError(_)
            | Kind::CanaryCredentials
            | Kind::CanaryCorrupted => Stage::Canary,
            Kind::InventoryDenied
            | Kind::InventoryUnreachable
            | Kind::InventoryCredentials
            | Kind::InventoryThrottled => Stage::Inventory,
        }
    }
}

/// All symptoms of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Symptoms(Vec<Symptom>);

impl Symptoms {
    /// The symptoms of a scene.
    pub fn of(scene: &Scene<'_>) -> Self {
        let mut symptoms = Symptoms::default();
        for target in &scene.facts.targets {
            for hostname in &target.hostnames {
                answers::collect(scene, target, &hostname.name, &mut symptoms);
                reach::collect(scene, target, &hostname.name, &mut symptoms);
            }
        }
        canary::collect(scene, &mut symptoms);
        inventory::collect(scene, &mut symptoms);
        symptoms
    }

    /// All of them, in the order in which a request would meet them, service by service.
    pub fn iter(&self) -> impl Iterator<Item = &Symptom> {
        self.0.iter()
    }

    /// The symptom with this id.
    pub fn get(&self, id: SymptomId) -> Option<&Symptom> {
        self.0.get(id)
    }

    /// Those of a kind.
    pub fn where_kind(&self, matches: impl Fn(&Kind) -> bool) -> impl Iterator<Item = &Symptom> {
        self.0.iter().filter(move |symptom| matches(&symptom.kind))
    }

    /// What follows where a name's path is broken or wrong from its answers on: everything its addresses do,
    /// and what the canary or the inventory then lack.
    pub fn after_name(&self, scene: &Scene<'_>, name: &str) -> Vec<SymptomId> {
        self.following(scene, name, Stage::Name)
    }

    /// What follows for a name from the stage after `stage` on.
    pub fn following(&self, scene: &Scene<'_>, name: &str, stage: Stage) -> Vec<SymptomId> {
        let public = stage == Stage::Name && self.leaves_publicly(name);
        let uses = Uses::of(scene, name);
        self.0
            .iter()
            .filter(|symptom| match symptom.kind.stage() {
                Stage::Canary => {
                    uses.canary
                        && (is_path(&symptom.kind)
                            || public && is_path_policy(scene, &symptom.kind))
                        || uses.credentials && symptom.kind == Kind::CanaryCredentials
                }
                Stage::Inventory => {
                    uses.inventory && symptom.kind == Kind::InventoryUnreachable
                        || uses.credentials && symptom.kind == Kind::InventoryCredentials
                }
                // An answer nobody vouched for that does not even work is told by how it fails.
                Stage::Name => {
                    symptom.name == name
                        && stage > Stage::Name
                        && matches!(symptom.kind, Kind::Unlisted | Kind::GatewayUnconfirmed)
                }
                later => symptom.name == name && later > stage,
            })
            .map(|symptom| symptom.id)
            .collect()
    }

    /// As [`Symptoms::following`], of one address alone as far as the path goes: what another address of the name does
    /// has its own cause.
    pub fn following_at(
        &self,
        scene: &Scene<'_>,
        name: &str,
        stage: Stage,
        address: Option<IpAddr>,
    ) -> Vec<SymptomId> {
        let mut ids = self.following(scene, name, stage);
        ids.retain(|id| {
            self.get(*id).is_some_and(|symptom| {
                symptom.address.is_none()
                    || symptom.address == address
                    || symptom.kind.stage() >= Stage::Canary
            })
        });
        ids
    }

    fn leaves_publicly(&self, name: &str) -> bool {
        self.0.iter().any(|symptom| {
            symptom.name == name && matches!(symptom.kind, Kind::Public | Kind::Mixed)
        })
    }

    fn push(&mut self, mut symptom: Symptom) {
        symptom.id = self.0.len();
        self.0.push(symptom);
    }
}

/// What of the agent's own calls depends on a name.
struct Uses {
    canary: bool,
    inventory: bool,
    credentials: bool,
}

impl Uses {
    fn of(scene: &Scene<'_>, name: &str) -> Self {
        let service = scene.facts.name(name).map(|name| name.service.as_str());
        let canary_host = scene.facts.canary.host.as_deref();
        Uses {
            canary: canary_host.map_or(service == Some("sqs"), |host| host == name),
            inventory: carries_inventory(scene, service),
            // A web identity is exchanged at STS before anything else can be signed.
            credentials: service == Some("sts")
                && scene.facts.host.web_identity
                && scene.facts.host.credentials_error.is_none()
                && !scene
                    .facts
                    .probes_of(name)
                    .any(|probe| probe.http.is_seen()),
        }
    }
}

/// Whether the VPC's configuration is read over this service's path. Who answered with something else was reached on it.
fn carries_inventory(scene: &Scene<'_>, service: Option<&str>) -> bool {
    match &scene.facts.inventory.fetch {
        None => service == Some("ec2"),
        Some(fetch) => {
            let reached = fetch.asked.failure().is_some_and(Failure::says_reached);
            service == Some(fetch.place.service()) && !reached
        }
    }
}

/// Failures of the canary that a broken path explains.
fn is_path(kind: &Kind) -> bool {
    matches!(kind, Kind::CanaryNoPath | Kind::CanaryFailed(_))
}

/// Refusals that a path around the endpoint explains: `aws:SourceVpce` and `aws:SourceVpc` are absent from
/// requests that did not come through an endpoint, so a resource policy that asks for them denies.
fn is_path_policy(scene: &Scene<'_>, kind: &Kind) -> bool {
    match kind {
        Kind::CanaryDenied(PolicyLayer::Resource) => true,
        // A refusal that names no policy, where the queue's asks for an endpoint or a VPC.
        Kind::CanaryDenied(PolicyLayer::Unnamed) => {
            let policy = scene.facts.canary.queue_policy.as_deref();
            policy.is_some_and(|policy| policy.to_ascii_lowercase().contains("\"aws:sourcevpc"))
        }
        _ => false,
    }
}

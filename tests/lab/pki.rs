//! Certificates: a service root that stands for Amazon Trust Services, a corporate root that stands for a middlebox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::world::World;

/// How a certificate is, or what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// As the service serves it.
    Genuine,
    /// Made up by the corporate middlebox for the name asked for.
    Intercepted,
    /// Genuine, and over since yesterday.
    Expired,
    /// Genuine, and valid from tomorrow.
    NotYetValid,
    /// Genuine, for another service.
    WrongName,
    /// Genuine, with as many names besides as a handshake message can hold.
    ManyNames,
    /// Genuine, with 10,000 names besides, which no handshake message should hold.
    TooManyNames,
    /// Fifty authorities stand between it and the root.
    LongChain,
    /// Fifty authorities of one name and no root: each might have signed any other.
    Circle,
    /// Its bytes are no certificate.
    Malformed,
    /// There is no certificate at all.
    Nothing,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// The lab's authorities and the certificates made so far.
pub struct Pki {
    root: Issuer,
    intermediate: Issuer,
    corporate: Issuer,
    configs: Mutex<HashMap<(Leaf, String), Arc<ServerConfig>>>,
}

impl Pki {
    /// Makes the authorities anew.
    pub fn new(world: &World) -> Result<Self, String> {
        let organisation = &world.certificates.corporate_organisation;
        let root = authority(
            &[("C", "US"), ("O", "Amazon"), ("CN", "Amazon Root CA 1")],
            None,
        )?;
        let intermediate = authority(
            &[("C", "US"), ("O", "Amazon"), ("CN", "Amazon RSA 2048 M01")],
            Some(&root),
        )?;
        let name = format!("{organisation} TLS Inspection CA");
        let corporate = authority(&[("C", "US"), ("O", organisation), ("CN", &name)], None)?;
        Ok(Self {
            root,
            intermediate,
            corporate,
            configs: Mutex::default(),
        })
    }

    /// The PEM of the roots a service's certificate chains to.
    pub fn service_roots(&self) -> String {
        self.root.pem()
    }

    /// The PEM of what the host trusts.
    pub fn trust_store(&self, world: &World) -> String {
        let mut pem = self.root.pem();
        if world.certificates.corporate_ca_installed {
            pem.push_str(&self.corporate.pem());
        }
        pem
    }

    /// What a server presents for a service (its host label) or, without one, for the name asked for.
    pub fn config(
        &self,
        world: &World,
        leaf: Leaf,
        label: Option<&str>,
        asked: Option<&str>,
    ) -> Result<Arc<ServerConfig>, String> {
        let names = match (leaf, label, asked) {
            (Leaf::Intercepted, _, Some(name)) => vec![name.to_owned()],
            (Leaf::WrongName, label, _) => {
                let other = if label == Some("health") {
                    "events"
                } else {
                    "health"
                };
                service_names(world, other)
            }
            (_, Some(label), _) => service_names(world, label),
            (_, None, Some(name)) => vec![name.to_owned()],
            (_, None, None) => vec!["default.invalid".to_owned()],
        };
        let key = (leaf, names.join(","));
        let mut configs = self
            .configs
            .lock()
            .map_err(|_| "a server thread died".to_owned())?;
        if let Some(config) = configs.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(leaf, names)?);
        configs.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn make(&self, leaf: Leaf, names: Vec<String>) -> Result<ServerConfig, String> {
        let common = names.first().cloned().unwrap_or_default();
        let more = match leaf {
            Leaf::ManyNames => 1800,
            Leaf::TooManyNames => 10_000,
            _ => 0,
        };
        let more = (0..more).map(|number| format!("host-{number}.many.example.com"));
        let names: Vec<String> = names.into_iter().chain(more).collect();
        let mut params = CertificateParams::new(names).map_err(text)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let (from, until) = match leaf {
            Leaf::Expired => (-366, -1),
            Leaf::NotYetValid => (1, 366),
            _ => (-30, 365),
        };
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + days_from_now(from);
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + days_from_now(until);
        let links = match leaf {
            Leaf::LongChain => links(Some(&self.root), 50, false)?,
            Leaf::Circle => links(None, 50, true)?,
            _ => Vec::new(),
        };
        let issuer = match leaf {
            Leaf::Intercepted => &self.corporate,
            _ => links.last().unwrap_or(&self.intermediate),
        };
        let key = KeyPair::generate().map_err(text)?;
        let certificate = params.signed_by(&key, issuer).map_err(text)?;
        let mut chain = vec![certificate.der().clone()];
        match leaf {
            Leaf::Intercepted => {}
            _ if !links.is_empty() => chain.extend(links.iter().rev().map(|l| l.der().clone())),
            _ => chain.push(self.intermediate.der().clone()),
        }
        match leaf {
            // The lengths inside promise more than there is.
            Leaf::Malformed => chain[0] = malformed(&chain[0]),
            Leaf::Nothing => chain.clear(),
            _ => {}
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = provider.key_provider.load_private_key(key).map_err(text)?;
        // As it is, whether or not the key is the certificate's.
        let presented = CertifiedKey::new(chain, key);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(presented)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Nobody here resumes a session.
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

/// The names on a service's certificate, as AWS has them: the regional one, the endpoints' own, what the service has besides.
fn service_names(world: &World, label: &str) -> Vec<String> {
    let (region, suffix, dual) = (&world.region, world.dns_suffix(), world.dual_stack_suffix());
    let mut names = vec![
        format!("{label}.{region}.{suffix}"),
        format!("*.{label}.{region}.vpce.{suffix}"),
        format!("{label}.{region}.{dual}"),
        format!("{label}-fips.{region}.{suffix}"),
        format!("{label}-fips.{region}.{dual}"),
    ];
    match label {
        "sqs" => names.extend([
            format!("{region}.queue.{suffix}"),
            format!("queue.{suffix}"),
            format!("sqs.eu-west-1.{suffix}"),
            format!("eu-west-1.queue.{suffix}"),
        ]),
        "sts" | "iam" => names.push(format!("{label}.{suffix}")),
        "api.ecr" => names.extend([
            format!("ecr.{region}.{dual}"),
            format!("ecr-fips.{region}.{suffix}"),
        ]),
        "dkr.ecr" => names.extend([
            format!("*.dkr.ecr.{region}.{suffix}"),
            format!("dkr-ecr.{region}.on.aws"),
            format!("*.dkr-ecr.{region}.on.aws"),
        ]),
        "elasticfilesystem" => names.push(format!("efs.{region}.{dual}")),
        "execute-api" => names.push(format!("*.execute-api.{region}.{suffix}")),
        "s3" => names.extend([
            format!("*.s3.{region}.{suffix}"),
            format!("s3.dualstack.{region}.{suffix}"),
            format!("*.s3.dualstack.{region}.{suffix}"),
            format!("s3.{suffix}"),
            format!("*.s3.{suffix}"),
            format!("s3-control.{region}.{suffix}"),
            format!("*.s3-control.{region}.{suffix}"),
            format!("s3-accesspoint.{region}.{suffix}"),
            format!("*.s3-accesspoint.{region}.{suffix}"),
        ]),
        _ => {}
    }
    names
}

/// Authorities, each signed by the one before it; all of one name where `same` says so.
fn links(root: Option<&Issuer>, count: usize, same: bool) -> Result<Vec<Issuer>, String> {
    let mut links: Vec<Issuer> = Vec::new();
    for number in 0..count {
        let name = match same {
            true => "Amazon RSA 2048 M01".to_owned(),
            false => format!("Amazon Link {number}"),
        };
        let name = [("C", "US"), ("O", "Amazon"), ("CN", name.as_str())];
        let link = authority(&name, links.last().or(root))?;
        links.push(link);
    }
    Ok(links)
}

fn malformed(certificate: &CertificateDer<'_>) -> CertificateDer<'static> {
    let mut bytes = certificate.to_vec();
    let middle = bytes.len() / 2;
    bytes[8..middle].fill(0x84);
    CertificateDer::from(bytes)
}

fn authority(name: &[(&str, &str)], parent: Option<&Issuer>) -> Result<Issuer, String> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in name {
        let kind = match *kind {
            "C" => DnType::CountryName,
            "O" => DnType::OrganizationName,
            _ => DnType::CommonName,
        };
        params
            .distinguished_name
            .push(kind, DnValue::Utf8String((*value).to_owned()));
    }
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + days_from_now(-3650);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + days_from_now(3650);
    params.is_ca = IsCa::Ca(match parent {
        Some(_) => BasicConstraints::Constrained(0),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().map_err(text)?;
    match parent {
        Some(parent) => CertifiedIssuer::signed_by(params, key, parent).map_err(text),
        None => CertifiedIssuer::self_signed(params, key).map_err(text),
    }
}

/// A moment as the time since 1970.
fn days_from_now(days: i64) -> std::time::Duration {
    let seconds = jiff::Timestamp::now().as_second() + days * 24 * 3600;
    std::time::Duration::from_secs(seconds.unsigned_abs())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

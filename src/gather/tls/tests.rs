use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use super::*;
use crate::facts::tls::Chain;
use crate::gather::probe::peer::{Authority, Leaf, NAME};

const NOW: (i32, i32) = (2020, 2050);

fn judged(leaf: &Leaf, root: &Authority) -> Chain {
    root.trust().judge(&leaf.chain).service
}

fn reason(chain: Chain) -> String {
    match chain {
        Chain::Reaches => panic!("the chain reaches the roots"),
        Chain::Misses(reason) => reason,
    }
}

#[test]
fn an_expired_or_future_leaf_of_the_right_authority_reaches_its_roots() {
    let root = Authority::new("root");
    for years in [(2000, 2001), NOW, (2100, 2200)] {
        assert_eq!(
            judged(&root.leaf(&[NAME], years, &[]), &root),
            Chain::Reaches
        );
    }
}

#[test]
fn a_chain_whose_intermediate_has_expired_reaches_its_roots() {
    let root = Authority::new("root");
    let intermediate = root.intermediate("intermediate", (2010, 2022));
    let leaf = intermediate.leaf(&[NAME], (2021, 2050), &[&intermediate]);
    assert_eq!(judged(&leaf, &root), Chain::Reaches);
}

#[test]
fn an_expired_certificate_that_is_not_on_the_path_does_not_matter() {
    let root = Authority::new("root");
    let intermediate = root.intermediate("intermediate", (2024, 2050));
    let stray = Authority::new("stray").intermediate("old", (2001, 2002));
    let leaf = intermediate.leaf(&[NAME], (2025, 2040), &[&intermediate, &stray]);
    assert_eq!(judged(&leaf, &root), Chain::Reaches);
}

#[test]
fn a_chain_of_another_authority_misses_even_under_the_same_name() {
    let (root, twin) = (Authority::new("root"), Authority::new("root"));
    let leaf = twin.leaf(&[NAME], NOW, &[&twin]);
    assert_eq!(
        reason(judged(&leaf, &root)),
        "a signature in the chain is wrong"
    );
    let stranger = Authority::new("stranger").leaf(&[NAME], NOW, &[]);
    assert_eq!(
        reason(judged(&stranger, &root)),
        "none of the roots has signed it"
    );
}

#[test]
fn a_chain_without_its_intermediate_misses() {
    let root = Authority::new("root");
    let leaf = root
        .intermediate("intermediate", NOW)
        .leaf(&[NAME], NOW, &[]);
    assert_eq!(
        reason(judged(&leaf, &root)),
        "none of the roots has signed it"
    );
}

#[test]
fn an_authority_in_place_of_a_leaf_misses() {
    let root = Authority::new("root");
    let chain = [root.certificate.der().clone()];
    let judged = root.trust().judge(&chain).service;
    assert!(reason(judged).contains("authority"));
}

#[test]
fn no_roots_and_no_certificates_are_reasons_and_no_panics() {
    let root = Authority::new("root");
    let leaf = root.leaf(&[NAME], NOW, &[]);
    assert!(judge::reaches(&leaf.chain, &[]).is_err());
    assert!(!root.trust().judge(&[]).service.reaches());
    let garbage = [CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 1])];
    assert!(!root.trust().judge(&garbage).service.reaches());
    assert!(certificate::facts(&garbage).is_err());
}

#[test]
fn a_name_matches_by_wildcard_and_address_and_never_by_common_name() {
    let root = Authority::new("root");
    let leaf = root.leaf(&["*.us-east-1.amazonaws.com", "10.0.10.55"], NOW, &[]);
    let is_for =
        |name: &'static str| judge::is_for(&leaf.chain, &ServerName::try_from(name).unwrap());
    assert!(is_for(NAME));
    assert!(is_for("10.0.10.55"));
    assert!(!is_for("a.sqs.us-east-1.amazonaws.com"));
    assert!(!is_for("us-east-1.amazonaws.com"));
    assert!(!is_for("leaf"));
    let facts = certificate::facts(&leaf.chain).unwrap();
    assert_eq!(facts[0].names, ["*.us-east-1.amazonaws.com", "10.0.10.55"]);
}

#[test]
fn a_chain_is_kept_up_to_ten_certificates_and_a_hundred_names() {
    let root = Authority::new("root");
    let names: Vec<String> = (0..150).map(|n| format!("a{n}.example.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let leaf = root.leaf(&names, NOW, &[&root; 30]);
    let facts = certificate::facts(&leaf.chain).unwrap();
    assert_eq!(facts.len(), 10);
    assert_eq!(facts[0].names.len(), 100);
}

#[test]
fn the_built_in_service_roots_are_the_five_of_amazon_trust_services() {
    let trust = Trust::with_store(Vec::new(), None, None).unwrap();
    let facts: Vec<String> = trust
        .service_roots()
        .certificates()
        .iter()
        .map(|root| {
            certificate::facts(std::slice::from_ref(root)).unwrap()[0]
                .subject
                .clone()
        })
        .collect();
    assert_eq!(
        facts,
        [
            "CN=Amazon Root CA 1,O=Amazon,C=US",
            "CN=Amazon Root CA 2,O=Amazon,C=US",
            "CN=Amazon Root CA 3,O=Amazon,C=US",
            "CN=Amazon Root CA 4,O=Amazon,C=US",
            "CN=Starfield Services Root Certificate Authority - G2,O=Starfield Technologies\\, Inc.,\
             L=Scottsdale,ST=Arizona,C=US",
        ]
    );
    assert!(trust.connect_roots().is_empty());
}

#[test]
fn roots_survive_the_way_to_pem_and_back() {
    let trust = Trust::with_store(Vec::new(), None, None).unwrap();
    let pem: String = trust.service_roots().to_pem().collect();
    let back: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(Result::unwrap)
        .collect();
    assert_eq!(back, trust.service_roots().certificates());
    assert!(pem.lines().all(|line| line.len() <= 64));
}

#[test]
fn an_extra_ca_file_adds_to_the_roots_to_connect_by_alone() {
    let (root, extra) = (Authority::new("root"), Authority::new("extra"));
    let store = vec![root.certificate.der().clone()];
    let pem = extra.certificate.pem();
    let file = Some((Path::new("extra.pem"), pem.as_bytes()));
    let trust = Trust::with_store(store, None, file).unwrap();
    assert_eq!(trust.connect_roots().certificates().len(), 2);
    assert_eq!(trust.service_roots().certificates().len(), 5);
}

#[test]
fn a_file_without_roots_is_an_error_that_names_it_and_what_was_expected() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "hello", garbage, "-----BEGIN CERTIFICATE-----\nAA"] {
        let file = Some((Path::new("/etc/roots.pem"), pem.as_bytes()));
        let error = Trust::with_store(Vec::new(), file, None).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("/etc/roots.pem") && text.contains("expected"),
            "{text}"
        );
    }
}

#[test]
fn a_classical_hello_has_no_post_quantum_share_and_a_modern_one_does() {
    let groups = |hello| -> Vec<NamedGroup> {
        let verifier = AnyChain::proven(&provider(hello));
        let config = config(hello, Protocols::Both, verifier).unwrap();
        let groups = &config.crypto_provider().kx_groups;
        groups.iter().map(|group| group.name()).collect()
    };
    assert!(groups(Hello::PostQuantum).contains(&NamedGroup::X25519MLKEM768));
    assert!(!groups(Hello::Classical).contains(&NamedGroup::X25519MLKEM768));
    assert!(!groups(Hello::Classical).is_empty());
}

//! Evidence: what was signed is read, and nothing else is believed.

use std::sync::OnceLock;

use super::documents::changed_facts;
use super::input::Input;
use crate::evidence::{
    Draft, Envelope, FileName, Link, LocalKey, Origin, Pointer, PublicKey, Sign, Signature,
    inspect, pae,
};
use crate::facts::Facts;
use crate::verdict::report;

/// The key of the example in RFC 8410, which everybody has.
const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

/// Evidence that was written is proven, and with any change it is not; other bytes never are. Names and public keys
/// are written as they are read.
pub(super) fn evidence(bytes: &[u8]) {
    static SIGNER: OnceLock<Option<LocalKey>> = OnceLock::new();
    let Some(key) = SIGNER.get_or_init(|| LocalKey::from_pem(KEY).ok()) else {
        panic!("the key is right");
    };
    let mut input = Input::new(bytes);
    match input.byte() % 4 {
        0 => written(&mut input, key),
        1 => {
            let inspected = inspect("e.json", input.rest(), &[key.public_key().clone()]);
            assert!(inspected.believed().is_none() && !inspected.problems.is_empty());
        }
        2 => {
            let name = input.rest_text();
            if let Some(parsed) = FileName::parse(&name) {
                assert_eq!(parsed.to_string(), name);
                assert!((1..=FileName::LAST).contains(&parsed.sequence));
                let _ = parsed.started_at();
            }
        }
        _ => {
            if let Ok(public) = PublicKey::from_pem(input.rest()) {
                let again = PublicKey::from_pem(public.to_pem().as_bytes());
                assert_eq!(
                    again.ok().map(|key| key.id().to_owned()).as_deref(),
                    Some(public.id())
                );
                assert!(!public.verifies(b"message", b"signature"));
            }
        }
    }
}

fn written(input: &mut Input<'_>, key: &LocalKey) {
    let (at, change) = (usize::from(input.u16()), input.byte());
    let link = Link {
        id: input.text(),
        sequence: u64::from(input.u16()),
        previous: input.flag().then(|| Pointer {
            file: input.text(),
            sha256: input.text(),
        }),
        break_: None,
    };
    let Ok(facts) = serde_json::from_value::<Facts>(changed_facts(input, "")) else {
        return;
    };
    // Numbers that canonical JSON does not have make no evidence.
    let draft = Draft::new(&facts, &report(&facts), None);
    let Some(payload) = draft.and_then(|draft| draft.payload(link)).ok() else {
        return;
    };
    let Ok(signature) = key.sign(&pae(&payload)) else {
        panic!("the key signs");
    };
    let public = key.public_key();
    let file = Envelope::new(&payload, Some(Signature::new(public.id(), &signature))).to_bytes();
    let Ok(mut file) = file else {
        panic!("texts are always canonical");
    };
    let inspected = inspect("e.json", &file, std::slice::from_ref(public));
    assert_eq!(
        inspected.origin,
        Origin::Proven(public.id().to_owned()),
        "{:?}",
        inspected.problems
    );
    assert!(
        inspected.believed().is_some() && inspected.problems.is_empty(),
        "{:?}",
        inspected.problems
    );
    let length = file.len();
    if let Some(byte) = file.get_mut(at * 7 % length)
        && change != 0
    {
        *byte ^= change;
        let inspected = inspect("e.json", &file, std::slice::from_ref(public));
        assert!(
            inspected.believed().is_none(),
            "a changed byte at {}",
            at * 7 % length
        );
    }
}

//! Anywhere else: a laptop, another cloud, or a host that tells nothing about itself.

use super::Place;
use crate::facts::EnvironmentKind;

/// Whatever no other place claims; metadata is asked all the same, since that is how an instance is known.
pub const PLACE: Place = Place {
    recognise: |_| Some(EnvironmentKind::Other),
    no_instance_metadata: |_| None,
    account_id: |_| None,
    container: false,
};

//! What one unsigned HTTP request showed.

use serde::{Deserialize, Serialize};

/// A response's head and the beginning of its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSeen {
    /// The status code.
    pub code: u16,
    /// Headers by lower-case name, in the order received; bounded in number and length.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, lossily decoded; bounded.
    pub body: String,
    /// When the head arrived by the local clock, to compare with the `Date` header.
    pub received_at: jiff::Timestamp,
}

impl HttpSeen {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

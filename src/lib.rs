//! vpcheck

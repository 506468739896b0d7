//! vpcheck

pub mod catalog;

//! The words several formats share.

//! The unit tests of the lab's EC2 and SQS APIs: `scenarios`, which uses these, runs without the test harness.

#[path = "lab/mod.rs"]
mod lab;

//! What a process knows that looks again and again: when to look, what is new, what to count, and what to answer.
//!
//! Nothing here looks by itself, and every clock is read outside: times come as arguments. `app` wires it up with the
//! rounds, the sockets and the signals.

mod allowance;
mod board;
mod course;
mod http;
mod notify;
mod schedule;
mod tally;

pub use allowance::Allowance;
pub use board::{Board, Now, Round};
pub use course::{Course, News};
pub use http::{Answer, LARGEST_REQUEST, Read, Request, Status, read, refusal};
pub use notify::Notifier;
pub use schedule::{Clocks, Due, Pace, Schedule};
pub use tally::{Event, Tally};

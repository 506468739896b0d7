//! Many machines' reports as one: what each machine's newest report says, and which causes they share.
//!
//! Reports come one at a time, in any order, and none is kept: a machine is its newest verdict, its place and the
//! findings it names, so that memory is bounded by the machines and not by the reports.

mod answer;
mod counts;
mod entry;
mod groups;
mod names;
mod places;
mod summary;
mod tally;

pub use answer::Answer;
pub use counts::Counts;
pub use entry::{Entry, EntryFinding, NotRead};
pub use groups::{CodeGroup, SubjectGroup};
pub use places::{Account, Place, Region, Subnet, Vpc};
pub use summary::{Ahead, Fleet, FleetVerdict, MachineRow, Reports, SilentMachine, Unread};
pub use tally::{Silent, Tally};

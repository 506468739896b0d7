mod laws;
mod semantics;

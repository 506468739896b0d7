//! The command line tool: parse, run, exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    vpcheck::run(std::env::args_os())
}

//! What a run must never do, held to in the lab: write a secret down, or touch what it was not asked to.
//!
//! `cargo test --test boundaries [WORD]...` plays the parts whose name contains one of the words, each in a process of its
//! own, since a lab is entered for good.
//!
//! | part | holds a run to |
//! |---|---|
//! | `secrets` | credentials, tokens and passwords from every place they come in by are in nothing that is written |
//! | `contacts` | nobody is contacted but resolvers, metadata, what is under test and the two APIs; no child, no capability |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod contacts;
#[path = "../lab/mod.rs"]
mod lab;
mod scan;
mod secrets;
mod witness;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::world::World;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// How many labs run at a time.
const PARALLEL: usize = 2;
/// No run here takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// A part: its name, the changes to the healthy world, and what is played there.
struct Part {
    name: String,
    world: toml::Table,
    play: fn(&Lab, &str) -> Result<Vec<String>, String>,
}

fn parts() -> Vec<Part> {
    let of = |prefix: &str, worlds: &[(&str, &str)], play| -> Vec<Part> {
        let part = |(name, world): &(&str, &str)| Part {
            name: format!("{prefix}-{name}"),
            world: toml::from_str(world).expect("the world is TOML"),
            play,
        };
        worlds.iter().map(part).collect()
    };
    let mut parts = of("secrets", secrets::WORLDS, secrets::play);
    parts.extend(of("contacts", contacts::WORLDS, contacts::play));
    parts
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name] = arguments.as_slice()
        && first == "--inside"
    {
        return inside(name);
    }
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let wanted: Vec<Part> = parts()
        .into_iter()
        .filter(|part| words.is_empty() || words.iter().any(|word| part.name.contains(*word)))
        .collect();
    if arguments.iter().any(|a| a == "--list" || a == "--ignored") {
        if !arguments.iter().any(|a| a == "--ignored") {
            wanted
                .iter()
                .for_each(|part| println!("{}: test", part.name));
        }
        return ExitCode::SUCCESS;
    }
    if let Err(problem) = scan::can_find() {
        println!("test the_search_finds ... FAILED {problem}");
        return ExitCode::FAILURE;
    }
    run(&wanted)
}

fn run(wanted: &[Part]) -> ExitCode {
    let queue = Mutex::new(wanted.iter());
    let failed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some(part) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let start = Instant::now();
                    let output = Command::new(std::env::current_exe().unwrap())
                        .args(["--inside", &part.name])
                        .stdin(Stdio::null())
                        .output()
                        .unwrap();
                    let ok = output.status.success();
                    let text = [output.stdout, output.stderr].concat();
                    let text = String::from_utf8_lossy(&text);
                    println!(
                        "test {} ... {} ({:.1} s) {}",
                        part.name,
                        if ok { "ok" } else { "FAILED" },
                        start.elapsed().as_secs_f64(),
                        text.trim_end().replace('\n', "\n    ")
                    );
                    *failed.lock().unwrap() += usize::from(!ok);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("\n{} passed, {failed} failed", wanted.len() - failed);
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn inside(name: &str) -> ExitCode {
    let parts = parts();
    let Some(part) = parts.iter().find(|part| part.name == name) else {
        eprintln!("no such part");
        return ExitCode::FAILURE;
    };
    let played = World::overlay(&part.world)
        .and_then(Lab::enter)
        .and_then(|lab| (part.play)(&lab, name));
    match played {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            println!();
            problems.iter().for_each(|problem| println!("{problem}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("did not run: {error}");
            ExitCode::FAILURE
        }
    }
}

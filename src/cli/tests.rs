use clap::CommandFactory;
use proptest::prelude::*;

use super::*;
use crate::config::OPTIONS;

fn read(words: &[&str]) -> Result<Cli, Stop> {
    let all = ["vpcheck"].iter().chain(words);
    parse(all.map(OsString::from))
}

/// A command with its own options alone, which are defined when it is called.
fn defined(command: &clap::Command) -> clap::Command {
    let mut command = command.clone().disable_help_flag(true);
    command.build();
    command
}

fn said(words: &[&str]) -> (u8, String) {
    let stop = read(words).unwrap_err();
    (stop.code, stop.message.to_string())
}

#[test]
fn the_definitions_are_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_is_there_and_explains_its_options() {
    let program = Cli::command();
    let names: Vec<&str> = program.get_subcommands().map(|c| c.get_name()).collect();
    assert_eq!(
        names,
        [
            "check",
            "health",
            "watch",
            "inventory",
            "discover",
            "replay",
            "diff",
            "fleet",
            "verify",
            "signing-key",
            "explain",
            "services",
            "iam-policy",
            "completions",
            "man"
        ]
    );
    for command in program.get_subcommands() {
        let about = command.get_about().unwrap().to_string();
        assert!(!about.is_empty() && !about.ends_with('.'), "{about}");
        for arg in defined(command).get_arguments() {
            let help = arg.get_help().map(|help| help.to_string());
            assert!(help.is_some_and(|help| !help.ends_with('.')), "{arg}");
        }
        let (code, text) = said(&[command.get_name(), "--help"]);
        assert_eq!(code, 0);
        assert!(text.contains("Terminal:"), "{text}");
    }
}

#[test]
fn every_option_of_the_registry_belongs_to_a_command() {
    let program = Cli::command();
    let [check, inventory, watch, health] = ["check", "inventory", "watch", "health"]
        .map(|name| defined(program.find_subcommand(name).unwrap()));
    for option in OPTIONS {
        let command = match option.key {
            "vpc-id" => &inventory,
            "every" | "listen" | "inventory-every" => &watch,
            "canary-every" | "grace" | "state" => &health,
            "quiet" | "verbose" | "color" => &program,
            _ => &check,
        };
        let found = command.get_arguments().any(|arg| match option.key {
            "target" => arg.is_positional(),
            key => arg.get_long() == Some(key),
        });
        assert!(found, "{}", option.key);
    }
}

#[test]
fn every_option_a_command_has_is_handed_on() {
    let program = Cli::command();
    for command in program.get_subcommands() {
        let mut words = vec![command.get_name()];
        let positional: Vec<&str> = match words[0] {
            "check" | "health" | "watch" => vec!["sqs"],
            "replay" => vec!["facts.json"],
            "diff" => vec!["old.json", "new.json"],
            "completions" => vec!["bash"],
            "verify" => vec!["evidence"],
            "signing-key" => vec!["key"],
            "fleet" => vec!["report", "reports"],
            _ => vec![],
        };
        let longs: Vec<String> = (defined(command).get_arguments())
            .map(|arg| (arg.get_long(), arg.get_action().takes_values()))
            .filter_map(|(long, takes_value)| Some((long?, takes_value)))
            // The snapshot's path is no format: it stays in the command's own options.
            .filter(|(long, _)| !(words[0] == "inventory" && *long == "output"))
            // What is verified, and how it is told, likewise.
            .filter(|(long, _)| !(words[0] == "verify" && ["public-key", "format"].contains(long)))
            // What is to be done with the settings is none.
            .filter(|(long, _)| *long != "print-config")
            // How long sockets are watched, and what that is told by, are the command's own, too.
            .filter(|(long, _)| {
                !(words[0] == "discover" && ["for", "ranges", "output"].contains(long))
            })
            // What is assumed is no setting, and a comparison has none.
            .filter(|(long, _)| !(words[0] == "replay" && *long == "assume") && words[0] != "diff")
            .map(|(long, takes_value)| match takes_value {
                true => format!("--{long}=x"),
                false => format!("--{long}"),
            })
            .collect();
        words.extend(longs.iter().map(String::as_str));
        words.extend(&positional);
        let given = read(&words).unwrap().given();
        for long in &longs {
            let (key, value) = match long[2..].split_once('=') {
                Some((key, value)) => (key, value),
                None => (&long[2..], "true"),
            };
            assert_eq!(given.values(key), Some(&[value.to_owned()][..]), "{key}");
        }
        if ["check", "health"].contains(&words[0]) {
            assert_eq!(given.values("target"), Some(&["sqs".to_owned()][..]));
        }
    }
}

#[test]
fn options_are_read() {
    let cli = read(&[
        "check", "sqs", "ecr.dkr", "-o", "json", "-o", "html=/r", "-vv", "--color", "never",
    ])
    .unwrap();
    let given = cli.given();
    assert_eq!(given.values("target").unwrap(), ["sqs", "ecr.dkr"]);
    assert_eq!(given.values("output").unwrap(), ["json", "html=/r"]);
    assert_eq!(given.values("verbose").unwrap(), ["2"]);
    assert_eq!(given.values("color").unwrap(), ["never"]);
    assert_eq!(given.values("timeout"), None);
    assert!(given.takes("timeout") && !given.takes("vpc-id"));

    let cli = read(&["inventory", "-o", "/snapshot.json", "--ca-file", "/ca"]).unwrap();
    assert!(!cli.given().takes("output"));
    let Command::Inventory(args) = cli.command else {
        panic!()
    };
    assert_eq!(args.output, Some(PathBuf::from("/snapshot.json")));

    let Command::Replay(args) = read(&["replay", "facts.json", "-o", "json"])
        .unwrap()
        .command
    else {
        panic!()
    };
    assert_eq!(args.facts, [PathBuf::from("facts.json")]);
    assert!(matches!(
        read(&["explain"]).unwrap().command,
        Command::Explain { code: None }
    ));
    assert!(read(&["-v", "health"]).is_ok() && read(&["health", "-v"]).is_ok());
}

#[test]
fn mistakes_suggest_what_was_meant() {
    for (words, part) in [
        (&["chek"][..], "similar subcommand exists: 'check'"),
        (
            &["check", "--timout", "2s"],
            "similar argument exists: '--timeout'",
        ),
        (&["check", "-q", "-v"], "cannot be used with"),
        (&["replay"], "<FACTS>..."),
        (&["completions", "bsh"], "similar value exists: 'bash'"),
        (&[], "Usage: vpcheck"),
        (
            &["veryfi", "evidence"],
            "similar subcommand exists: 'verify'",
        ),
        (&["verify"], "<FILE|DIR>"),
        (&["observe", "evidence"], "unrecognized subcommand"),
    ] {
        let (code, text) = said(words);
        assert_eq!(code, 2, "{words:?}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_mistake_in_health_is_unhealthy() {
    assert_eq!(said(&["health", "--nonsense"]).0, 1);
    assert_eq!(said(&["--color", "never", "health", "--nonsense"]).0, 1);
    assert_eq!(said(&["health", "-o", "json"]).0, 1);
    assert_eq!(said(&["check", "health", "--nonsense"]).0, 2);
    assert_eq!(said(&["health", "--help"]).0, 0);
}

#[test]
fn version_and_help_are_no_mistakes() {
    let (code, text) = said(&["--version"]);
    assert_eq!(
        (code, text.trim()),
        (0, concat!("vpcheck ", env!("CARGO_PKG_VERSION")))
    );
    let (code, text) = said(&["check", "--help"]);
    assert_eq!(code, 0);
    for heading in [
        "Arguments:",
        "What is checked:",
        "Canary:",
        "What is expected:",
        "Connections:",
        "Report:",
        "Settings:",
    ] {
        assert!(text.contains(heading), "{heading}");
    }
}

#[test]
fn completions_and_manual_know_every_option() {
    use clap::ValueEnum;
    use clap_complete::Shell;
    for shell in clap_complete::Shell::value_variants() {
        let mut text = Vec::new();
        completions(*shell, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        for word in ["queue-url", "iam-policy"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
        if matches!(shell, Shell::Bash | Shell::Fish | Shell::Zsh) {
            for word in ["round-trip", "ecs-fargate", "prometheus"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
        }
    }
    let mut page = Vec::new();
    man(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let plain = page.replace("\\-", "-");
    assert!(
        plain.starts_with(".ie") && plain.contains(".TH vpcheck 1"),
        "{plain}"
    );
    for option in OPTIONS.iter().filter(|option| option.key != "target") {
        assert!(
            plain.contains(&format!("--{}", option.key)),
            "{}",
            option.key
        );
    }
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let within: Vec<String> = (command.get_subcommands())
            .map(|within| format!("{name} {}", within.get_name()))
            .collect();
        let names = match within.is_empty() {
            true => vec![name.to_owned()],
            false => within,
        };
        for name in names {
            let section = format!(".SH \"VPCHECK {}\"", name.to_uppercase());
            assert!(page.contains(&section), "{section}");
        }
    }
    // A closed pipe is an error to hand on, not a panic.
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(completions(clap_complete::Shell::Bash, &mut Closed).is_err());
    assert!(man(&mut Closed).is_err());
}

proptest! {
    #[test]
    fn no_words_make_it_panic(words in prop::collection::vec("(check|health|-[a-z]|--[a-z-]{2,8}|.{0,12})", 0..6)) {
        if let Ok(cli) = parse(words.into_iter().map(OsString::from)) {
            cli.given();
        }
    }
}

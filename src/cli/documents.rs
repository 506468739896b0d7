//! Completions and the manual page, from the definitions that `--help` shows.

use std::io::{self, Write};

use clap::{Command, CommandFactory};

use super::Cli;

/// Writes the completions for a shell.
pub fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<()> {
    // clap_complete panics where its writer fails, and a reader may close the pipe.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vpcheck", &mut text);
    out.write_all(&text)
}

/// Writes the manual page: the program's, then each command's options in sections of their own.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let root = Cli::command();
    let page = clap_mangen::Man::new(root.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_options_section(out)?;
    // Not built as a whole: then each command has its own options only, without the program's.
    for command in root.get_subcommands() {
        section("", command, out)?;
    }
    writeln!(
        out,
        ".SH FILES\n.TP\n\\fI/etc/vpcheck/vpcheck.toml\\fR\nSettings; every option has a key of its name."
    )?;
    writeln!(
        out,
        ".SH ENVIRONMENT\n.TP\n\\fBVPCHECK_\\fIOPTION\\fR\nEvery option in capitals, as in VPCHECK_QUEUE_URL; lists separated by commas."
    )?;
    writeln!(
        out,
        ".SH \"EXIT STATUS\"\n0 pass, 1 fail, 2 could not run, 3 inconclusive; \\fBhealth\\fR: 0 healthy, 1 otherwise."
    )
}

/// One command: how it is called, what it does and its options.
fn section(before: &str, command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let name = format!("{before}{}", command.get_name());
    if command.has_subcommands() {
        let before = format!("{name} ");
        return (command.get_subcommands()).try_for_each(|command| section(&before, command, out));
    }
    writeln!(out, ".SH \"VPCHECK {}\"", name.to_uppercase())?;
    let page = clap_mangen::Man::new(command.clone().bin_name(format!("vpcheck {name}")));
    for part in [
        clap_mangen::Man::render_synopsis_section,
        clap_mangen::Man::render_description_section,
        clap_mangen::Man::render_options_section,
    ] {
        let mut text = Vec::new();
        part(&page, &mut text)?;
        for line in String::from_utf8_lossy(&text).lines() {
            match line.strip_prefix(".SH ") {
                // A section of the command's own page is a subsection of this one.
                Some(title) => writeln!(out, ".SS {title}")?,
                // Each part begins with the definitions that the page has already.
                None if line.starts_with(".ie ") || line.starts_with(".el ") => {}
                None => writeln!(out, "{line}")?,
            }
        }
    }
    Ok(())
}

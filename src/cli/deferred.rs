//! A command's options, defined only once the command is called.

use std::ops::Deref;

use clap::builder::{Resettable, StyledStr};
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Id};

/// The options of a command. There are some hundred of all commands, and a run needs those of one: to define the others
/// as well took every start as long as anything else it does.
#[derive(Debug)]
pub struct Deferred<T>(Box<T>);

impl<T> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(define::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|options| Deferred(Box::new(options)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// What the command is about has been said by then, and the options would say it again for themselves. The program's own
/// options are there as well, and belong after the command's: to change one moves it to the end.
fn define<T: Args>(command: Command) -> Command {
    let about: Resettable<StyledStr> = command.get_about().cloned().into();
    let long_about: Resettable<StyledStr> = command.get_long_about().cloned().into();
    let programs: Vec<Id> = (command.get_arguments())
        .map(|arg| arg.get_id().clone())
        .collect();
    let defined = T::augment_args(command).about(about).long_about(long_about);
    programs
        .into_iter()
        .fold(defined, |command, id| command.mut_arg(id, |arg| arg))
}

//! Words that completions and the manual offer, and that [`crate::config`] judges.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

/// A parser that offers these words and accepts any: the settings refuse wrong ones, in the same
/// sentence whether they come from an option, a variable or the file.
#[derive(Debug, Clone)]
pub(super) struct OneOf(Vec<&'static str>);

/// Offers these words.
pub(super) fn one_of<const N: usize>(words: [&'static str; N]) -> OneOf {
    OneOf(words.to_vec())
}

impl TypedValueParser for OneOf {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}

//! Texts that many reports repeat, kept once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The longest text that is kept of a report; an ARN is shorter.
const LONGEST: usize = 300;

/// Values by a small number.
#[derive(Debug)]
pub(super) struct Known<T: Hash + Eq + Clone> {
    places: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T: Hash + Eq + Clone> Default for Known<T> {
    fn default() -> Self {
        Known {
            places: HashMap::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Hash + Eq + Clone> Known<T> {
    /// The number of a value, a new one where it is new.
    pub(super) fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.places.get(&value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.places.insert(value.clone(), number);
        self.values.push(value);
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value of a number.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.values.get(usize::try_from(number).ok()?)
    }
}

/// Texts by a small number.
#[derive(Debug, Default)]
pub(super) struct Names(Known<Arc<str>>);

impl Names {
    /// The number of a text, cut where no name is as long.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let text = match text.char_indices().nth(LONGEST) {
            Some((end, _)) => text.get(..end).unwrap_or_default(),
            None => text,
        };
        if let Some(number) = self.0.places.get(text) {
            return *number;
        }
        self.0.number(Arc::from(text))
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Arc<str> {
        self.0
            .get(number)
            .cloned()
            .unwrap_or_else(|| Arc::from("unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_number() {
        let mut names = Names::default();
        let one = names.number("a");
        assert_eq!(names.number("a"), one);
        assert_ne!(names.number("b"), one);
        assert_eq!(&*names.text(one), "a");
        let long = names.number(&"é".repeat(1000));
        assert_eq!(names.text(long).chars().count(), LONGEST);
    }
}

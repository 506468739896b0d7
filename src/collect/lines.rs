//! Reports after each other in one stream: one on each line, or indented as `-o json` prints them.

use std::io::{self, BufRead, Read};
use std::sync::Mutex;

use super::{LARGEST, take, too_large, unreadable};
use crate::fleet::Tally;

/// Takes in reports until the stream ends. `source` is what to call it, where it is not standard input.
pub fn lines(stream: &mut dyn BufRead, source: Option<&str>, tally: &Mutex<Tally>) {
    let mut number: u64 = 0;
    let mut document = Vec::new();
    // An indented report begins and ends with a line that holds its brace alone.
    let mut open = None;
    loop {
        let before = document.len();
        let line = line(stream, &mut document);
        number = number.saturating_add(1);
        let label = |number: u64| match source {
            Some(source) if number == 1 => source.to_owned(),
            Some(source) => format!("{source}, line {number}"),
            None => format!("line {number}"),
        };
        let read = document.get(before..).unwrap_or_default().trim_ascii();
        match line {
            Err(error) => return unreadable(tally, &label(number), &error.to_string()),
            Ok(Line::TooLong) => {
                unreadable(tally, &label(open.take().unwrap_or(number)), &too_large());
            }
            Ok(Line::End) => {
                if let Some(began) = open {
                    take(tally, &label(began), &document);
                }
                return;
            }
            Ok(Line::Read) => match open {
                None if read.is_empty() => {}
                None if read == b"{" => {
                    open = Some(number);
                    continue;
                }
                None => take(tally, &label(number), &document),
                Some(began) if read == b"}" && document.get(before) == Some(&b'}') => {
                    take(tally, &label(began), &document);
                    open = None;
                }
                Some(_) => continue,
            },
        }
        document.clear();
        document.shrink_to(1 << 20);
    }
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Adds a line to the document; one that would make it too long is read to its end and dropped.
fn line(stream: &mut dyn BufRead, document: &mut Vec<u8>) -> io::Result<Line> {
    let length = u64::try_from(document.len()).unwrap_or(LARGEST);
    let room = LARGEST.saturating_sub(length).saturating_add(1);
    let read = Read::take(&mut *stream, room).read_until(b'\n', document)?;
    if read == 0 {
        return Ok(Line::End);
    }
    let whole = document.last() == Some(&b'\n');
    if whole || u64::try_from(read).is_ok_and(|read| read < room) {
        return Ok(Line::Read);
    }
    document.clear();
    loop {
        let (used, ended) = {
            let buffer = stream.fill_buf()?;
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            }
        };
        stream.consume(used);
        if ended {
            return Ok(Line::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fleet::Fleet;

    fn report(machine: &str) -> Value {
        json!({"schema_version": "1", "run_id": "r", "started_at": "2026-11-21T05:00:00Z", "verdict": "pass",
            "environment": {"instance_id": machine}, "findings": []})
    }

    fn read(text: &str) -> Fleet {
        let tally = Mutex::new(Tally::new(i64::MAX, None));
        lines(&mut text.as_bytes(), None, &tally);
        Fleet::of(&tally.into_inner().unwrap(), "-")
    }

    #[test]
    fn one_on_a_line_and_indented_ones_are_read() {
        let indented = serde_json::to_string_pretty(&report("i-2")).unwrap();
        let fleet = read(&format!(
            "{}\r\n\n{indented}\nnonsense\n{}",
            report("i-1"),
            report("i-3")
        ));
        assert_eq!(fleet.machines.total, 3);
        assert_eq!(fleet.not_read.len(), 1);
        assert!(fleet.not_read[0].source.starts_with("line "));
    }

    #[test]
    fn a_stream_that_breaks_off_is_named() {
        let indented = serde_json::to_string_pretty(&report("i-2")).unwrap();
        let fleet = read(&indented[..indented.len() - 10]);
        assert_eq!(fleet.not_read[0].source, "line 1");
        assert!(fleet.not_read[0].reason.contains("ends too early"));
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory_without_one() {
        let tally = Mutex::new(Tally::new(i64::MAX, None));
        let endless = io::Read::take(io::repeat(b'x'), LARGEST + 10);
        let rest = format!("\n{}\n", report("i-1"));
        let mut stream = io::BufReader::new(endless.chain(rest.as_bytes()));
        lines(&mut stream, None, &tally);
        let fleet = Fleet::of(&tally.into_inner().unwrap(), "-");
        assert_eq!((fleet.machines.total, fleet.reports.skipped), (1, 1));
    }
}

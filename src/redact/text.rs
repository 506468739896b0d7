//! Finds account ids, addresses and networks in text of any kind: ARNs, URLs, policies, sentences, hostnames.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::accounts::DIGITS;

/// Something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Twelve digits that stand by themselves.
    Account(&'a str),
    /// A word of letters and digits that may hold an account's id.
    Word(&'a str),
    /// An address.
    Address(IpAddr),
    /// An address with the length of a prefix.
    Network(IpNet),
}

/// The longest way to write an address.
const LONGEST: usize = 45;
/// Hostnames that hold an IPv4 address with hyphens (Amazon EC2 User Guide, "EC2 instance hostnames and domains").
const HYPHENATED: [&str; 2] = ["ip-", "ec2-"];

/// The text with what is found replaced where `replace` says by what.
pub(super) fn rewrite(text: &str, replace: &mut impl FnMut(Found<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut begins = true;
    while let Some(first) = rest.chars().next() {
        let before = &text[..text.len() - rest.len()];
        let taken = match begins {
            true => piece(before, rest, replace),
            false => None,
        };
        match taken {
            Some((length, new)) => {
                let (old, after) = rest.split_at(length);
                out.push_str(new.as_deref().unwrap_or(old));
                rest = after;
                begins = false;
            }
            None => {
                let length = separator(rest).unwrap_or(first.len_utf8());
                let (old, after) = rest.split_at(length);
                out.push_str(old);
                rest = after;
                begins = length > first.len_utf8() || !first.is_ascii_alphanumeric();
            }
        }
    }
    out
}

/// What stands at the beginning of `rest`: how long it is, and what replaces it.
fn piece(
    before: &str,
    rest: &str,
    replace: &mut impl FnMut(Found<'_>) -> Option<String>,
) -> Option<(usize, Option<String>)> {
    if let Some((address, length)) = address(rest) {
        let network = prefix_length(&rest[length..])
            .and_then(|(bits, more)| Some((IpNet::new(address, bits).ok()?, more)));
        return Some(match network {
            Some((network, more)) => (length + more, replace(Found::Network(network))),
            None => (length, replace(Found::Address(address))),
        });
    }
    if let Some((prefix, address, length)) = hyphenated(rest) {
        let new = replace(Found::Address(IpAddr::V4(address)));
        let new = new.map(|new| format!("{prefix}{}", new.replace('.', "-")));
        return Some((length, new));
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
    let word = &rest[..end.unwrap_or(rest.len())];
    if word.len() == DIGITS && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return match is_part_of_another_number(before) {
            true => Some((word.len(), None)),
            false => Some((word.len(), replace(Found::Account(word)))),
        };
    }
    (word.len() > DIGITS).then(|| (word.len(), replace(Found::Word(word))))
}

/// The last group of a UUID, or the part of a number behind its point.
fn is_part_of_another_number(before: &str) -> bool {
    let mut back = before.chars().rev();
    match back.next() {
        Some('.') => back.next().is_some_and(|c| c.is_ascii_digit()),
        Some('-') => {
            let group: Vec<char> = back.by_ref().take(4).collect();
            group.len() == 4
                && group.iter().all(char::is_ascii_hexdigit)
                && back.next() == Some('-')
        }
        _ => false,
    }
}

/// An address at the beginning, and how long it is written.
fn address(rest: &str) -> Option<(IpAddr, usize)> {
    let may_belong = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let end = rest
        .find(|c| !may_belong(c))
        .unwrap_or(rest.len())
        .min(LONGEST);
    // What may belong is ASCII, so that every length is a boundary.
    let candidate = &rest[..end];
    if !candidate.contains(':') && !candidate.contains('.') {
        return None;
    }
    (1..=end).rev().find_map(|length| {
        let is_whole = !rest[length..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let text = &candidate[..length];
        let address = match text.contains(':') {
            true => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            false => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        address
            .filter(|_| is_whole)
            .map(|address| (address, length))
    })
}

/// `/16` behind an address, and how long it is written.
fn prefix_length(rest: &str) -> Option<(u8, usize)> {
    let digits = rest.strip_prefix('/')?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let (digits, after) = digits.split_at(end);
    let is_whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric());
    let bits = digits.parse().ok()?;
    is_whole.then_some((bits, end + 1))
}

/// `ip-10-0-1-10` at the beginning: what stands before the address, the address, and how long it is written.
fn hyphenated(rest: &str) -> Option<(&'static str, Ipv4Addr, usize)> {
    HYPHENATED.into_iter().find_map(|prefix| {
        let numbers = rest.strip_prefix(prefix)?;
        let end = numbers
            .find(|c: char| !c.is_ascii_digit() && c != '-')
            .unwrap_or(numbers.len())
            .min(LONGEST);
        let is_whole = !numbers[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let address = numbers[..end].replace('-', ".").parse().ok()?;
        is_whole.then_some((prefix, address, prefix.len() + end))
    })
}

/// An escape that stands for one character, as in URLs (`%3A`) and in strings inside strings (`\n`).
fn separator(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    match bytes {
        [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some(3),
        [b'\\', b'n' | b'r' | b't', ..] => Some(2),
        _ => None,
    }
}

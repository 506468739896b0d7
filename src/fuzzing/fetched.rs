//! What comes back from where an inventory is kept: answers of S3 and Parameter Store, its pieces, the copy of a run before.

use super::input::Input;
use crate::facts::InventoryPlace;
use crate::gather::aws::s3_object::{self, Content};
use crate::gather::aws::{ApiAnswer, ssm_parameter};
use crate::gather::inventory::kept::Kept;
use crate::gather::inventory::parts;

/// Any bytes as each of them, and pieces that are cut, changed and put together.
pub(super) fn fetched(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.byte() % 5 {
        0 => place(input),
        1 => answer(input),
        2 => kept(input),
        3 => pieces(input),
        _ => any_pieces(input),
    }
}

/// A place is read again as it is written, and names nothing that a shell or a header would trip over.
fn place(mut input: Input<'_>) {
    let text = input.rest_text();
    let Some(Ok(place)) = InventoryPlace::of(&text) else {
        return;
    };
    let whole = place.whole();
    assert_eq!(whole.parse().as_ref(), Ok(&place), "{whole:?}");
    assert!(
        !whole.contains(|c: char| c.is_control() || !c.is_ascii() || "'\"\\$`".contains(c)),
        "{whole:?}"
    );
    assert!(whole.starts_with(&place.to_string()));
}

fn answer(mut input: Input<'_>) {
    let status = *input.pick(&[200, 304, 301, 400, 403, 404, 429, 500, 503]);
    let etag = input.flag().then(|| input.text());
    let answer = ApiAnswer {
        status,
        etag,
        body: input.rest().to_vec(),
    };
    let names = parts::names("/a", 3);
    match ssm_parameter::values(&answer, &names) {
        Ok(values) => assert_eq!(values.len(), names.len()),
        Err(failure) => assert!(failure.detail.chars().count() <= 256),
    }
    match s3_object::content(answer) {
        Ok(Content::New(_, tag)) => {
            assert_eq!(status, 200);
            let is_header = |tag: &String| tag.bytes().all(|b| b.is_ascii_graphic());
            assert!(tag.as_ref().is_none_or(is_header), "{tag:?}");
        }
        Ok(Content::Unchanged) => assert_eq!(status, 304),
        Err(failure) => assert!(failure.detail.chars().count() <= 256),
    }
}

fn kept(mut input: Input<'_>) {
    let rest = input.rest();
    if let Some(kept) = Kept::read(rest, "s3://b/k us-east-1") {
        let again = Kept::read(&kept.written(), "s3://b/k us-east-1");
        assert_eq!(again, Some(kept));
    }
}

/// What was cut comes back, and one changed byte makes it none, or something that has its digest.
fn pieces(mut input: Input<'_>) {
    let advanced = input.flag();
    let (piece, letter, times) = (input.byte(), input.u16(), input.below(64) + 1);
    let text = input.rest_text().repeat(times);
    let Ok(mut pieces) = parts::split(&text, advanced) else {
        return;
    };
    let most = if advanced { 8192 } else { 4096 };
    assert!(
        pieces
            .iter()
            .all(|piece| piece.len() <= most && !piece.contains("{{"))
    );
    let whole = text.replace("{{", "{\\u007b");
    match text.is_empty() {
        true => assert!(pieces.is_empty()),
        false => assert_eq!(parts::join(&pieces).as_ref(), Some(&whole)),
    }
    let count = pieces.len();
    if let Some(piece) = pieces.get_mut(usize::from(piece) % count.max(1)) {
        let at = piece.floor_char_boundary(usize::from(letter) % piece.len().max(1));
        piece.insert(at, 'x');
        assert_ne!(parts::join(&pieces), Some(whole));
    }
}

fn any_pieces(mut input: Input<'_>) {
    let count = input.below(4);
    let pieces: Vec<String> = (0..count).map(|_| input.text()).collect();
    for piece in &pieces {
        if let Some(head) = parts::head(piece) {
            assert!(head.number >= 1 && head.number <= head.of && head.digest.len() == 64);
            assert_eq!(parts::names("/a", head.of).len(), head.of);
        }
    }
    if let Some(whole) = parts::join(&pieces) {
        assert!(whole.len() <= pieces.iter().map(String::len).sum());
    }
}

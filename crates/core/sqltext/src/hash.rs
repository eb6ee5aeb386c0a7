//! The hash by which clients recognise a text. An output field only; it identifies nothing here.

use md5::{Digest, Md5};

/// MD5, in hexadecimal, of the text without `/* */` comments and without any white space.
///
/// It is taken of the text as it would be sent: statements put together by
/// [`normalize_statements`](crate::normalize_statements), values written in
/// ([`Bound::display`](crate::Bound::display)), row limit added.
#[must_use]
pub fn query_hash(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        let (before, comment) = rest.split_at(start);
        let Some(length) = comment.get(2..).and_then(|inner| inner.find("*/")) else { break };
        kept.push_str(before);
        rest = comment.get(length + 4..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept.retain(|c| !c.is_whitespace() && !('\u{1c}'..='\u{1f}').contains(&c));
    hex::encode(Md5::digest(kept))
}

//! Pages of lists: `limit` and an opaque `cursor` that fits only the list it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tessera_kernel::{Fault, Page, PageRequest, Result};

/// Most elements of a page.
pub(crate) const LIMIT_MAX: u64 = 250;
/// Elements of a page when nobody says.
pub(crate) const LIMIT_DEFAULT: u64 = 25;

/// First byte of a cursor, so that its form can change.
const CURSOR_VERSION: u8 = 1;
/// How much of the digest a cursor carries. It finds mistakes; it is no secret, since the gate
/// alone decides what is in a list.
const DIGEST_BYTES: usize = 12;
/// The number of the first page, which no cursor of a list of places carries.
const FIRST: u64 = 1;
/// No list is longer; keeps the offset within what storage counts.
const PAGE_MAX: u64 = 1_000_000_000;

/// One page of a list, as it is sent.
#[derive(Debug, Serialize)]
pub(crate) struct PageView<T> {
    pub(crate) data: Vec<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) total: u64,
}

/// Which page of which list is asked for.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) request: PageRequest,
    list: Sha256,
}

impl Paging {
    /// Reads `limit` and `cursor`. The list is identified by its path and all other members.
    pub(crate) fn read(path: &str, members: &[(String, String)]) -> Result<Self> {
        let find = |name| members.iter().find(|(known, _)| known == name).map(|(_, text)| text);
        let size = match find("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| Fault::invalid("limit", format!("send 1 to {LIMIT_MAX}")))?,
        };
        let list = identity(path, members, size);
        let number = match find("cursor") {
            None => FIRST,
            Some(text) => decode(text, &list).ok_or_else(|| {
                let detail = "send next_cursor of the page before, with the same limit, filters \
                              and order; or no cursor for the first page";
                Fault::invalid("cursor", detail)
            })?,
        };
        Ok(Self { request: PageRequest { number, size }, list })
    }

    /// The page as it is sent.
    pub(crate) fn view<T>(&self, page: Page<T>) -> PageView<T> {
        let end = self.request.offset().saturating_add(page.items.len() as u64);
        let more = !page.items.is_empty() && end < page.total;
        let next_cursor = more.then(|| encode(self.request.number + 1, &self.list));
        PageView { data: page.items, next_cursor, total: page.total }
    }

    /// Where the page begins in a list whose cursors are places in it; `None` for the first page.
    pub(crate) fn place(&self) -> Option<u64> {
        Some(self.request.number).filter(|number| *number != FIRST)
    }

    /// The page of such a list; `next` is the place that the next page begins at, above 1.
    pub(crate) fn view_from<T>(&self, data: Vec<T>, next: Option<u64>, total: u64) -> PageView<T> {
        PageView { data, next_cursor: next.map(|place| encode(place, &self.list)), total }
    }

    /// A page of a list that the core gives whole.
    pub(crate) fn cut<T>(&self, all: Vec<T>) -> PageView<T> {
        let total = all.len() as u64;
        let skip = usize::try_from(self.request.offset()).unwrap_or(usize::MAX);
        let take = usize::try_from(self.request.size).unwrap_or(usize::MAX);
        self.view(Page { items: all.into_iter().skip(skip).take(take).collect(), total })
    }
}

fn identity(path: &str, members: &[(String, String)], size: u64) -> Sha256 {
    let mut filters: Vec<_> =
        members.iter().filter(|(name, _)| name != "cursor" && name != "limit").collect();
    filters.sort();
    let mut hash = Sha256::new();
    hash.update(b"cursor.v1\0");
    hash.update(size.to_be_bytes());
    let texts = filters.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
    for text in std::iter::once(path).chain(texts) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash
}

fn digest(number: u64, list: &Sha256) -> [u8; DIGEST_BYTES] {
    let full = list.clone().chain_update(number.to_be_bytes()).finalize();
    std::array::from_fn(|at| full[at])
}

fn encode(number: u64, list: &Sha256) -> String {
    let mut bytes = vec![CURSOR_VERSION];
    bytes.extend(number.to_be_bytes());
    bytes.extend(digest(number, list));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str, list: &Sha256) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (number, carried) = rest.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*number);
    let good = *version == CURSOR_VERSION
        && (1..=PAGE_MAX).contains(&number)
        && carried == digest(number, list);
    good.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn cursor_of(pairs: &[(&str, &str)]) -> String {
        let paging = Paging::read("/v1/queries", &members(pairs)).expect("good");
        paging.cut(vec![0; 1000]).next_cursor.expect("there is more")
    }

    #[test]
    fn a_cursor_leads_through_the_whole_list_once() {
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut pairs = vec![("limit", "7"), ("q", "a")];
            pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let paging = Paging::read("/v1/queries", &members(&pairs)).expect("good");
            let page = paging.cut((0..30).collect::<Vec<_>>());
            assert_eq!(page.total, 30);
            seen.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn a_cursor_fits_only_its_own_list() {
        let cursor = cursor_of(&[("q", "a"), ("limit", "10")]);
        let read = |path: &str, q: &str, limit: &str| {
            let pairs = members(&[("limit", limit), ("cursor", &cursor), ("q", q)]);
            Paging::read(path, &pairs).map(|paging| paging.request.number)
        };
        assert_eq!(read("/v1/queries", "a", "10").expect("its own"), 2);
        for (path, q, limit) in
            [("/v1/queries", "b", "10"), ("/v1/queries", "a", "11"), ("/v1/users", "a", "10")]
        {
            let fault = read(path, q, limit).expect_err("another list");
            assert_eq!(fault.field(), Some("cursor"));
        }
    }

    #[test]
    fn a_cursor_with_any_changed_byte_is_refused() {
        let cursor = cursor_of(&[]);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let text = URL_SAFE_NO_PAD.encode(changed);
            assert!(Paging::read("/v1/queries", &members(&[("cursor", &text)])).is_err(), "{at}");
        }
        for text in ["", "x", "!!", &cursor[1..]] {
            assert!(Paging::read("/v1/queries", &members(&[("cursor", text)])).is_err());
        }
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        for limit in ["0", "251", "-1", "ten", ""] {
            let fault = Paging::read("/v1/x", &members(&[("limit", limit)])).expect_err(limit);
            assert_eq!(fault.field(), Some("limit"));
        }
    }
}

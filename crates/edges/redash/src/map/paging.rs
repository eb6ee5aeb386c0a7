//! Pages of lists: `page` and `page_size`, and the envelope of the answer.

use std::num::{IntErrorKind, ParseIntError};

use http::StatusCode;
use tessera_kernel::{Page, PageRequest};

use crate::errors::{NOT_FOUND, Refusal};
use crate::wire::PageOut;

const SIZE: u64 = 25;
const SIZE_MAX: u64 = 250;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paging {
    number: u64,
    size: u64,
}

impl Paging {
    /// Reads the pairs of an address; what is no number counts as not given.
    pub(crate) fn read(pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let number = |name, default| super::param(pairs, name).and_then(whole).unwrap_or(default);
        let refuse = |text| Refusal::say(StatusCode::BAD_REQUEST, text);
        let page = u64::try_from(number("page", 1)).unwrap_or(0);
        if page == 0 {
            return Err(refuse("Page must be positive integer."));
        }
        let size = u64::try_from(number("page_size", 25)).unwrap_or(0);
        if size == 0 || size > SIZE_MAX {
            return Err(refuse("Page size is out of range (1-250)."));
        }
        Ok(Self { number: page, size })
    }

    /// As the core takes it.
    pub(crate) fn request(self) -> PageRequest {
        PageRequest { number: self.number, size: self.size }
    }

    /// The answer, unless the page is beyond the end.
    pub(crate) fn envelope<'a, T, U>(
        self,
        page: &'a Page<T>,
        to_wire: impl FnMut(&'a T) -> Result<U, Refusal>,
    ) -> Result<PageOut<U>, Refusal> {
        if page.total > 0 && self.request().offset() >= page.total {
            return Err(Refusal::say(StatusCode::BAD_REQUEST, "Page is out of range."));
        }
        if page.total == 0 && self.number != 1 {
            return Err(Refusal::say(StatusCode::NOT_FOUND, NOT_FOUND));
        }
        Ok(PageOut {
            count: page.total,
            page: self.number,
            page_size: self.size,
            results: page.items.iter().map(to_wire).collect::<Result<_, _>>()?,
        })
    }

    /// The first page.
    pub(crate) fn first() -> PageRequest {
        PageRequest { number: 1, size: SIZE }
    }
}

/// A whole number; the nearest one that there is, if it is too large.
fn whole(text: &str) -> Option<i64> {
    text.trim().parse().map_or_else(
        |error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => Some(i64::MAX),
            IntErrorKind::NegOverflow => Some(i64::MIN),
            _ => None,
        },
        Some,
    )
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn read(query: &str) -> Result<Paging, Refusal> {
        Paging::read(&super::super::pairs(Some(query)))
    }

    #[test]
    fn pages_are_checked_as_clients_expect() {
        assert_eq!(read("").ok(), Some(Paging { number: 1, size: 25 }));
        assert_eq!(read("page=x&page_size=y").ok(), Some(Paging { number: 1, size: 25 }));
        assert_eq!(read("page=2&page_size=250").ok(), Some(Paging { number: 2, size: 250 }));
        let far = "page=99999999999999999999";
        assert_eq!(read(far).ok().map(|paging| paging.number), Some(u64::MAX / 2));
        for query in
            ["page=0", "page=-1", "page=-99999999999999999999", "page_size=0", "page_size=251"]
        {
            let refusal = read(query).expect_err(query);
            assert_eq!(refusal.into_response().status(), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn a_page_beyond_the_end_is_refused() {
        let page = |total| Page { items: Vec::<u8>::new(), total };
        let answer = |query, total| {
            read(query).and_then(|paging| paging.envelope(&page(total), |item| Ok(*item)))
        };
        assert!(answer("page=1", 0).is_ok());
        let status = |query, total| answer(query, total).expect_err("refused").status();
        assert_eq!(status("page=999", 8), StatusCode::BAD_REQUEST);
        assert_eq!(status("page=5", 0), StatusCode::NOT_FOUND);
    }
}

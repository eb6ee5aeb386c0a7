//! Parts of lists: `limit` and `offset`, which turn paging on.

use tessera_kernel::PageRequest;

use super::param;
use crate::errors::Refusal;

const LIMIT: u64 = 50;
/// Larger pages than this are not given; a list without paging comes whole.
const LIMIT_MAX: u64 = 10_000;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

impl Window {
    /// Reads the pairs of an address; `None` if all is asked for.
    pub(crate) fn read(pairs: &[(String, String)]) -> Result<Option<Self>, Refusal> {
        if !["limit", "offset", "page"].iter().any(|name| param(pairs, name).is_some()) {
            return Ok(None);
        }
        let number = |name: &str, default: u64| match param(pairs, name) {
            None => Ok(default),
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| Refusal::field(name, "value must be an integer of zero or more.")),
        };
        let limit = number("limit", LIMIT)?;
        if limit == 0 {
            return Err(Refusal::field("limit", crate::errors::NEED_NUMBER));
        }
        Ok(Some(Self { limit: limit.min(LIMIT_MAX), offset: number("offset", 0)? }))
    }

    /// The pages of the core that hold it, at most two.
    pub(crate) fn pages(self) -> Vec<PageRequest> {
        let first = self.offset / self.limit + 1;
        let page = |number| PageRequest { number, size: self.limit };
        if self.offset.is_multiple_of(self.limit) {
            vec![page(first)]
        } else {
            vec![page(first), page(first + 1)]
        }
    }

    /// The part of those pages that was asked for.
    pub(crate) fn cut<T>(self, items: Vec<T>) -> Vec<T> {
        let (skip, take) = (self.offset % self.limit, self.limit);
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        items.into_iter().skip(count(skip)).take(count(take)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs;
    use super::*;

    fn read(query: &str) -> Result<Option<Window>, Refusal> {
        Window::read(&pairs(Some(query)))
    }

    #[test]
    fn paging_is_on_only_if_asked_for() {
        assert_eq!(read("query=x"), Ok(None));
        assert_eq!(read("offset=3"), Ok(Some(Window { limit: 50, offset: 3 })));
        assert_eq!(read("limit=7"), Ok(Some(Window { limit: 7, offset: 0 })));
        assert_eq!(read("page=1"), Ok(Some(Window { limit: 50, offset: 0 })));
        for bad in ["limit=x", "limit=-1", "limit=0", "offset=x", "limit="] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn any_offset_gives_the_same_as_the_whole_list() {
        let all: Vec<u64> = (0..23).collect();
        for limit in 1..9 {
            for offset in 0..25 {
                let window = Window { limit, offset };
                let items = window.pages().into_iter().flat_map(|page| {
                    let rest = all.iter().copied().skip(page.offset() as usize);
                    rest.take(page.size as usize).collect::<Vec<_>>()
                });
                let wanted: Vec<u64> =
                    all.iter().copied().skip(offset as usize).take(limit as usize).collect();
                assert_eq!(window.cut(items.collect()), wanted, "{limit} {offset}");
            }
        }
    }
}

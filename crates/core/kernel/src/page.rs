//! Pages of long lists.

/// Which page is asked for: numbers start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The page, from 1.
    pub number: u64,
    /// Elements on a page.
    pub size: u64,
}

impl PageRequest {
    /// How many elements come before this page.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.number.saturating_sub(1).saturating_mul(self.size)
    }
}

/// One page of a list, with the size of the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements on this page.
    pub items: Vec<T>,
    /// How many elements the whole list has.
    pub total: u64,
}

impl<T> Page<T> {
    /// The same page with other elements.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), total: self.total }
    }
}

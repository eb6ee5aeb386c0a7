//! Markup in which every foreign text is escaped.
//!
//! [`html!`] is the only way to make it: what stands in the literal is markup, and each `{}` takes a
//! value that is either markup already or escaped on its way. Names in braces would pass by that, so
//! the macro takes none.

use std::fmt::{self, Display, Formatter};

use tessera_httpkit::pages::escape;

/// Markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// For [`html!`] only.
    pub(crate) const fn written(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(parts: I) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect())
    }
}

/// What may stand in a `{}`.
pub(crate) trait Show {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl Show for Html {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Show for str {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self))
    }
}

impl Show for String {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.as_str().show(f)
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (**self).show(f)
    }
}

/// Nothing shows as nothing.
impl<T: Show> Show for Option<T> {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.as_ref().map_or(Ok(()), |value| value.show(f))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Show for $number {
            fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
                Display::fmt(self, f)
            }
        }
    )*};
}

numbers!(i64, u64, usize);

/// For [`html!`] only.
pub(crate) struct Shown<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Show + ?Sized> Display for Shown<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// Writes markup: `html!("<p>{}</p>", text)`.
macro_rules! html {
    ($markup:literal $(, $value:expr)* $(,)?) => {
        $crate::html::Html::written(format!($markup $(, $crate::html::Shown(&$value))*))
    };
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn texts_are_escaped_and_markup_is_not() {
        let inner = html!("<b title=\"{}\">{}</b>", "\"'", "<script>");
        assert_eq!(inner.as_str(), "<b title=\"&quot;&#39;\">&lt;script&gt;</b>");
        let outer = html!("<p>{}{}{}</p>", inner, 7_i64, None::<String>);
        assert_eq!(outer.as_str(), "<p><b title=\"&quot;&#39;\">&lt;script&gt;</b>7</p>");
        let list: Html = ["<", ">"].iter().map(|text| html!("{}", *text)).collect();
        assert_eq!(list.as_str(), "&lt;&gt;");
    }
}

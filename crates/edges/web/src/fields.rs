//! What a form sent, or what stands behind the `?` of an address.

/// Names and values, in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2`; what is no such text holds nothing.
    pub(crate) fn read(text: &[u8]) -> Self {
        Self(serde_urlencoded::from_bytes(text).unwrap_or_default())
    }

    /// The first value with a name, as it came.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value with a name, without blanks around it; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.raw(name).unwrap_or_default().trim()
    }

    /// All values with a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The lines of a value that are not empty, without blanks around them.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    /// What follows a prefix in the names.
    pub(crate) fn after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, _)| name.strip_prefix(prefix))
    }

    /// Whether a form was sent at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_by_name_and_lines_without_the_empty_ones() {
        let fields = Fields::read(b"a=+1+&b=x&b=y&lines=p%0D%0A%0D%0A+q&value.t=7");
        assert_eq!((fields.get("a"), fields.raw("a"), fields.get("z")), ("1", Some(" 1 "), ""));
        assert_eq!(fields.all("b").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(fields.lines("lines"), ["p", "q"]);
        assert_eq!(fields.after("value.").collect::<Vec<_>>(), ["t"]);
    }
}

//! Slugs: names in an address.

/// Lower-case letters and digits, everything else a single `-`.
pub(super) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "dashboard".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn a_slug_has_no_blanks_or_marks() {
        for (name, slug) in [
            ("Sales Board", "sales-board"),
            ("  Sales -- Board! ", "sales-board"),
            ("Größe 漢字", "größe-漢字"),
            ("!!!", "dashboard"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
    }
}

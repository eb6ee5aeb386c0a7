//! Where to go after signing in: only to a place on this server.

/// The path of an address of our own; the start page for anything else.
pub(crate) fn next_path(next: Option<&str>) -> String {
    let next = next.unwrap_or_default();
    let path = match next.split_once("://") {
        Some(("http" | "https", rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
        _ => next,
    };
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if is_local { path.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::next_path;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (next, path) in [
            ("/queries/1?x=2", "/queries/1?x=2"),
            ("http://127.0.0.1:5000/queries/1", "/queries/1"),
            ("https://evil.test/queries", "/queries"),
            ("https://evil.test", "/"),
            ("http://a//evil.test", "/"),
            ("//evil.test", "/"),
            ("/\\evil.test", "/"),
            ("javascript:alert(1)", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(next_path(Some(next)), path, "{next}");
        }
        assert_eq!(next_path(None), "/");
    }
}

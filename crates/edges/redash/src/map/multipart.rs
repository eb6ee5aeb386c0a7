//! Forms in parts (`multipart/form-data`), as far as they have texts: programs that fill in the pages of
//! setup and sign-in send them.

/// Names and values of the fields; parts that are files are left out. `None` for another media type,
/// and for bytes that are no text.
pub(super) fn pairs(media: &str, bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let (kind, parameters) = media.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())?;
    // What stands before the first line with the boundary, and behind the last, means nothing.
    let text = format!("\r\n{}", std::str::from_utf8(bytes).ok()?);
    let line = format!("\r\n--{boundary}");
    let parts = text.split(&line).skip(1).map_while(|part| {
        let (head, value) = part.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
        Some((name(head), value))
    });
    Some(parts.filter_map(|(name, value)| Some((name?, value.to_owned()))).collect())
}

/// The name of a part that is no file.
fn name(head: &str) -> Option<String> {
    let (_, disposition) = head
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(header, _)| header.eq_ignore_ascii_case("content-disposition"))?;
    if parameter(disposition, "filename").is_some() {
        return None;
    }
    parameter(disposition, "name").map(str::to_owned)
}

/// A parameter of a header, without its quotes.
fn parameter<'h>(header: &'h str, wanted: &str) -> Option<&'h str> {
    let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: &str = "multipart/form-data; boundary=\"x--y\"";

    fn read(body: &str) -> Vec<(String, String)> {
        pairs(MEDIA, body.as_bytes()).expect("a form in parts")
    }

    #[test]
    fn fields_are_read_and_files_are_left_out() {
        let form = read(
            "--x--y\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.c\r\n\
             --x--y\r\ncontent-disposition: form-data; name=\"f\"; filename=\"name\"\r\n\
             Content-Type: text/plain\r\n\r\nsecret\r\n\
             --x--y\r\nContent-Disposition: form-data; name=password\r\n\r\na\r\n\r\nb--\r\n\
             --x--y--\r\nwhatever",
        );
        let fields: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("email", "a@b.c"), ("password", "a\r\n\r\nb--")]);
    }

    #[test]
    fn what_is_no_form_in_parts_has_no_fields() {
        assert_eq!(pairs("application/x-www-form-urlencoded", b"a=b"), None);
        assert_eq!(pairs("multipart/form-data", b"--b"), None);
        assert_eq!(pairs("multipart/form-data; boundary=", b"--"), None);
        assert_eq!(pairs(MEDIA, b"--x--y\r\n\xff"), None);
        for body in
            ["", "--x--y", "--x--y\r\n", "--x--y\r\nContent-Disposition: form-data\r\n\r\nv"]
        {
            assert_eq!(read(body), [], "{body}");
        }
    }
}

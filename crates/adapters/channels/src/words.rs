//! What a notice says, for all kinds of destinations in the same words.

use tessera_bi::{AlertNotice, AlertState, Json};

/// Where people see the query.
pub(crate) fn query_url(notice: &AlertNotice) -> String {
    format!("{}/queries/{}", notice.base_url, notice.query)
}

/// Where people see the alert.
pub(crate) fn alert_url(notice: &AlertNotice) -> String {
    format!("{}/alerts/{}", notice.base_url, notice.alert)
}

/// What happened, in one line.
pub(crate) fn happened(notice: &AlertNotice) -> String {
    match notice.state {
        AlertState::Triggered => format!("{} just triggered", notice.name),
        AlertState::Ok => format!("{} went back to normal", notice.name),
        AlertState::Unknown => format!("{} could not be evaluated", notice.name),
    }
}

/// What happened; a triggered alert has the words of its author, if there are any. They are not
/// used for the way back: authors write them for the bad case.
pub(crate) fn headline(notice: &AlertNotice) -> String {
    match (&notice.subject, notice.state) {
        (Some(subject), AlertState::Triggered) => subject.clone(),
        _ => happened(notice),
    }
}

/// What happened in the author's words whatever the state, if there are any.
pub(crate) fn subject(notice: &AlertNotice) -> String {
    notice.subject.clone().unwrap_or_else(|| happened(notice))
}

/// The colour of a state: red, green, yellow.
pub(crate) const fn colour(state: AlertState) -> u32 {
    match state {
        AlertState::Triggered => 0xc0_39_2b,
        AlertState::Ok => 0x27_ae_60,
        AlertState::Unknown => 0xf1_c4_0f,
    }
}

/// The colour as web pages write it.
pub(crate) fn hex_colour(state: AlertState) -> String {
    format!("#{:06x}", colour(state))
}

/// Fills in `{name}`s. Braces around anything else stay.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        rest = &rest[start..];
        let known = values.iter().find_map(|(name, value)| {
            let after = rest[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, after))
        });
        match known {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The condition of the alert in one line: `max(qty) > 2`.
pub(crate) fn condition(notice: &AlertNotice) -> Option<String> {
    let text = |name: &str| match notice.options.get(name)? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let (column, op, value) = (text("column")?, text("op")?, text("value")?);
    let column = match text("selector").as_deref() {
        None | Some("first") => column,
        Some(selector) => format!("{selector}({column})"),
    };
    Some(format!("{column} {op} {value}"))
}

/// The beginning of a text if it is too long.
pub(crate) fn shorten(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Whether somebody wrote HTML. Bodies of alerts may be either.
fn is_html(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
            && rest.contains('>')
        {
            return true;
        }
    }
    false
}

/// A body of an alert as HTML. Values in it are escaped already.
pub(crate) fn page(body: &str) -> String {
    if is_html(body) { body.to_owned() } else { body.replace('\n', "<br>\n") }
}

/// A body of an alert as plain text: without tags and entities.
pub(crate) fn plain(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    if is_html(body) {
        while let Some(start) = rest.find('<') {
            text.push_str(&rest[..start]);
            let Some(end) = rest[start..].find('>') else {
                rest = &rest[start..];
                break;
            };
            let tag = rest[start + 1..start + end].trim_start_matches('/').to_ascii_lowercase();
            if ["br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"]
                .iter()
                .any(|line| tag.split([' ', '/']).next() == Some(line))
                && !text.ends_with('\n')
            {
                text.push('\n');
            } else if tag.starts_with("td") || tag.starts_with("th") {
                text.push(' ');
            }
            rest = &rest[start + end + 1..];
        }
    }
    text.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&#x60;", "`"),
        ("&#x3D;", "="),
        ("&nbsp;", " "),
        // The last one, so that what it makes is not read again.
        ("&amp;", "&"),
    ];
    let text = entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c));
    text.trim().to_owned()
}

/// Escapes what has a meaning in HTML.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A time as the recorded messages write it: UTC, milliseconds.
pub(crate) fn time(at: tessera_kernel::Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_plain_text_and_plain_text_becomes_html() {
        let body = "<h1>Hi</h1><p>a &lt; b<br>c &amp;lt; d</p><table><tr><td>1</td></tr></table>";
        assert_eq!(plain(body), "Hi\na < b\nc &lt; d\n 1");
        assert_eq!(plain("a < b\nc &gt; d"), "a < b\nc > d");
        assert_eq!(page("one\ntwo"), "one<br>\ntwo");
        assert_eq!(page(body), body);
    }

    #[test]
    fn only_known_placeholders_are_filled_in_and_values_are_not_read_again() {
        let values = [("alert_name", "{state}"), ("state", "OK")];
        assert_eq!(fill("({state}) {alert_name} {x} {", &values), "(OK) {state} {x} {");
        assert_eq!(fill(r#"{"a": "{state}"}"#, &values), r#"{"a": "OK"}"#);
    }
}

//! Formatting of texts, with their parameters left as they are.

use sqlformat::{FormatOptions, QueryParams};

/// Formats a text. The formatter does not know `{{ parameters }}`: names stand in for them.
pub(crate) fn formatted(text: &str) -> String {
    let mut stem = "tessera_parameter_".to_owned();
    while text.contains(&stem) {
        stem.push('_');
    }
    let (plain, tags) = hide(text, &stem);
    let options = FormatOptions { uppercase: Some(true), ..FormatOptions::default() };
    let mut out = sqlformat::format(&plain, &QueryParams::None, &options);
    for (number, tag) in tags.iter().enumerate() {
        out = out.replace(&name(&stem, number), tag);
    }
    out
}

fn name(stem: &str, number: usize) -> String {
    format!("{stem}{number}x")
}

fn hide<'a>(text: &'a str, stem: &str) -> (String, Vec<&'a str>) {
    let (mut plain, mut tags, mut rest) = (String::new(), Vec::new(), text);
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}").map(|at| at + 2) else { break };
        plain.push_str(&rest[..start]);
        plain.push_str(&name(stem, tags.len()));
        tags.push(&rest[start..start + length]);
        rest = &rest[start + length..];
    }
    plain.push_str(rest);
    (plain, tags)
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn parameters_stay_as_they_are() {
        let text = "select a from t where b = {{ day.start }} and c like '%{{x}}%' and d = {{ x";
        let out = formatted(text);
        assert!(out.starts_with("SELECT\n  a\nFROM\n  t\nWHERE\n"), "{out}");
        assert!(out.contains("b = {{ day.start }}") && out.contains("'%{{x}}%'"), "{out}");
    }

    #[test]
    fn a_text_that_has_the_stand_in_itself_is_not_changed() {
        let out = formatted("select tessera_parameter_0x, {{ a }}");
        assert!(out.contains("tessera_parameter_0x") && out.contains("{{ a }}"), "{out}");
    }
}

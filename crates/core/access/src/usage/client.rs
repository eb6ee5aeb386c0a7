//! Callers' programs, in few words: a class and a short name. What a program says of itself is
//! anybody's text, so nothing else of it is kept.

use crate::is_key_shaped;

/// Longest name of a program, in characters.
const NAME_MAX: usize = 24;
/// Longest version of a program, in characters.
const VERSION_MAX: usize = 12;

/// Programs that people look at pages with; the first one found names it.
const BROWSERS: [&str; 5] = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];

/// Beginnings of names of programs that people type commands into.
const TOOLS: [&str; 6] = ["curl", "wget", "httpie", "postman", "insomnia", "tessera"];

/// A short name with a version: `python-requests/2.32`, `Firefox/128.0`; `-` for a text that is
/// none.
#[must_use]
pub fn client_of(user_agent: &str) -> String {
    let product = |text: &str| -> Option<String> {
        let (name, version) = text.split_once('/').unwrap_or((text, ""));
        let plain = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
        };
        let short = !name.is_empty() && name.len() <= NAME_MAX;
        if !(short && plain(name) && plain(version)) || is_key_shaped(name) {
            return None;
        }
        let version = version.get(..VERSION_MAX).unwrap_or(version);
        Some(if version.is_empty() { name.to_owned() } else { format!("{name}/{version}") })
    };
    let parts = || user_agent.split_whitespace();
    let named = BROWSERS.iter().find_map(|browser| {
        parts().find(|part| part.split('/').next().is_some_and(|name| name == *browser))
    });
    named.or_else(|| parts().next()).and_then(product).unwrap_or_else(|| "-".to_owned())
}

/// The class of a program: `browser`, `tool`, `library`, `unknown`.
#[must_use]
pub fn client_class(user_agent: &str) -> &'static str {
    let lower = user_agent.to_ascii_lowercase();
    if lower.is_empty() {
        "unknown"
    } else if lower.starts_with("mozilla/") {
        "browser"
    } else if TOOLS.iter().any(|tool| lower.starts_with(tool)) {
        "tool"
    } else if client_of(user_agent) == "-" {
        "unknown"
    } else {
        "library"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_in_short() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        for (agent, name, class) in [
            (firefox, "Firefox/128.0", "browser"),
            ("curl/8.5.0", "curl/8.5.0", "tool"),
            ("python-requests/2.32.3", "python-requests/2.32.3", "library"),
            ("Go-http-client/1.1 (linux)", "Go-http-client/1.1", "library"),
            ("", "-", "unknown"),
        ] {
            assert_eq!((client_of(agent).as_str(), client_class(agent)), (name, class), "{agent}");
        }
    }

    #[test]
    fn a_secret_in_the_name_of_a_program_is_not_kept() {
        for secret in ["abcdefghijklmnopqrstuvwxyzabcdefghijklmn", "a b/c", "\u{1b}[31m", "<b>/1"] {
            let kept = client_of(secret);
            assert!(kept == "-" || kept == "a", "{kept}");
        }
        let kept = client_of("agent/abcdefghijklmnopqrstuvwxyzabcdefghijklmn");
        assert_eq!(kept, "agent/abcdefghijkl");
    }
}

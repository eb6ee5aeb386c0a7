//! Further connection parameters, in the form `key=value key='value'` that PostgreSQL's own clients
//! read. Only those that do not say where, as whom and how safely to connect: these are options of
//! their own, and are checked.

use tessera_kernel::{Fault, Result};

/// What further parameters ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) application_name: Option<String>,
    /// Settings for the server at the start of a session.
    pub(super) options: Option<String>,
    /// Only a server that takes writes will do.
    pub(super) read_write: bool,
}

impl Parameters {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut found = Self::default();
        for (key, value) in pairs(text)? {
            match key.as_str() {
                "application_name" | "fallback_application_name" => {
                    found.application_name = Some(value);
                }
                "options" => found.options = Some(value),
                "target_session_attrs" => match value.as_str() {
                    "any" => found.read_write = false,
                    "read-write" => found.read_write = true,
                    _ => return Err(refuse("target_session_attrs is any or read-write")),
                },
                "client_encoding" => match value.to_ascii_lowercase().as_str() {
                    "utf8" | "utf-8" | "auto" => {}
                    _ => return Err(refuse("client_encoding is always UTF8; leave it out")),
                },
                // Set by the operator, or without a meaning here.
                "connect_timeout"
                | "keepalives"
                | "keepalives_idle"
                | "keepalives_interval"
                | "keepalives_count"
                | "gssencmode"
                | "krbsrvname"
                | "sslcompression" => {}
                "host" | "port" | "user" | "password" | "dbname" | "sslmode" => {
                    return Err(refuse(&format!("{key} has an option of its own; set it there")));
                }
                _ => return Err(refuse(&format!("{key} is not supported; leave it out"))),
            }
        }
        Ok(found)
    }
}

fn refuse(detail: &str) -> Fault {
    Fault::invalid("options.dsn", detail)
}

/// Takes the text apart; a value may be quoted, and a backslash keeps the character after it.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let mut letters = text.chars().peekable();
    let mut found = Vec::new();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if letters.peek().is_none() {
            return Ok(found);
        }
        let mut key = String::new();
        while let Some(letter) = letters.next_if(|letter| *letter != '=' && !letter.is_whitespace())
        {
            key.push(letter);
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if key.is_empty() || letters.next() != Some('=') {
            return Err(refuse("must be of the form key=value, separated by blanks"));
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let quoted = letters.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match letters.peek().copied() {
                Some('\'') if quoted => break,
                Some(letter) if !quoted && letter.is_whitespace() => break,
                None if quoted => return Err(refuse("a quoted value has no end")),
                None => break,
                Some(letter) => {
                    letters.next();
                    value.push(if letter == '\\' {
                        letters.next().unwrap_or('\\')
                    } else {
                        letter
                    });
                }
            }
        }
        if quoted {
            letters.next();
        }
        found.push((key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_parameters_cannot_lead_elsewhere() {
        for text in [
            "host=10.0.0.1",
            "hostaddr=169.254.169.254",
            "application_name=a hostaddr=10.0.0.1",
            "service=x",
            "passfile=/x",
            "sslrootcert=/x",
            "postgres://x",
            "options='-c a=b",
            "=x",
        ] {
            let refused = Parameters::read(text).map_err(|fault| fault.field().map(str::to_owned));
            assert_eq!(refused, Err(Some("options.dsn".to_owned())), "{text}");
        }
    }

    #[test]
    fn values_may_be_quoted() {
        let read = Parameters::read(
            r" application_name = my\ app options='-c work_mem=\'8MB\'' connect_timeout=3",
        );
        let expected = Parameters {
            application_name: Some("my app".to_owned()),
            options: Some("-c work_mem='8MB'".to_owned()),
            read_write: false,
        };
        assert_eq!(read.ok(), Some(expected));
        assert_eq!(Parameters::read("  ").ok(), Some(Parameters::default()));
    }
}

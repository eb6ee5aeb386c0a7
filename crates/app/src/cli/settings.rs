//! `tessera settings`: what the server would run with, without its secrets.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::output;
use crate::config::Config;

/// What is shown in the place of a secret.
const MASK: &str = "--------";

pub(super) fn run(config: &Config, changed_only: bool, as_json: bool) -> Result<()> {
    let mut settings = flat(config)?;
    if changed_only {
        let usual = flat(&Config::default())?;
        settings.retain(|name, value| usual.get(name) != Some(value));
    }
    for (name, value) in &mut settings {
        hide(name, value);
    }
    if as_json {
        return output::value(&Value::Object(settings));
    }
    let rows: Vec<Vec<Value>> =
        settings.into_iter().map(|(name, value)| vec![json!(name), value]).collect();
    output::table(&["setting", "value"], &rows, false)
}

/// All settings by their whole names, such as `jobs.workers`.
fn flat(config: &Config) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    let Value::Object(sections) = serde_json::to_value(config)? else { return Ok(all) };
    for (section, value) in sections {
        match value {
            Value::Object(fields) => all.extend(
                fields.into_iter().map(|(field, value)| (format!("{section}.{field}"), value)),
            ),
            value => {
                all.insert(section, value);
            }
        }
    }
    Ok(all)
}

/// Hides secrets, also the one in the address of the store.
fn hide(name: &str, value: &mut Value) {
    let Value::String(text) = value else { return };
    if text.is_empty() {
        return;
    }
    if name.ends_with("_secret") || name.ends_with(".password") {
        MASK.clone_into(text);
    } else if let Some((scheme, rest)) = text.split_once("://")
        && let Some((credentials, place)) = rest.rsplit_once('@')
    {
        let user = credentials.split(':').next().unwrap_or_default();
        *text = format!("{scheme}://{user}:{MASK}@{place}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut config = Config::default();
        config.store.url = "postgres://tessera:hunter2@db:5432/t".to_owned();
        config.mail.password = "hunter2".to_owned();
        config.signin.oidc_client_secret = "hunter2".to_owned();
        let mut all = flat(&config).expect("flat");
        for (name, value) in &mut all {
            hide(name, value);
        }
        assert!(!Value::Object(all.clone()).to_string().contains("hunter2"));
        assert_eq!(all["store.url"], format!("postgres://tessera:{MASK}@db:5432/t"));
        assert_eq!(all["jobs.workers"], json!(config.jobs.workers));
    }

    #[test]
    fn every_setting_that_is_a_secret_is_known_as_one() {
        for name in flat(&Config::default()).expect("flat").keys() {
            let sounds_secret = name.contains("secret") || name.contains("password");
            let is_no_text = name.starts_with("passwords.") || name == "signin.passwords";
            let is_path = name.ends_with("_file");
            if sounds_secret && !is_no_text && !is_path {
                let mut value = json!("hunter2");
                hide(name, &mut value);
                assert_eq!(value, MASK, "{name}");
            }
        }
    }
}

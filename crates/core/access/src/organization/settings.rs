//! What an organisation decides for itself: formats, public links, what clients offer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tessera_kernel::{Fault, Result};

/// Longest format or word, in characters.
const TEXT_CHARACTERS_MAX: usize = 64;

/// What an organisation decides for itself. The names of the members are those under which they are
/// stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationSettings {
    /// Whether people may sign in with passwords.
    pub auth_password_login_enabled: bool,
    /// How dates are written, in moment.js tokens.
    pub date_format: String,
    /// How times of day are written, in moment.js tokens.
    pub time_format: String,
    /// How clients show whole numbers, in numeral.js tokens.
    pub integer_format: String,
    /// How clients show fractions, in numeral.js tokens.
    pub float_format: String,
    /// What stands between thousands where clients show numbers.
    pub thousands_separator: String,
    /// What stands before the fraction where clients show numbers.
    pub decimal_separator: String,
    /// What clients show where there is no value.
    pub null_value: String,
    /// Whether dates in CSV and TSV files are written as ISO 8601 and not in the formats above.
    pub iso_dates_in_files: bool,
    /// Whether search also finds parts of words, for languages without spaces.
    pub multi_byte_search_enabled: bool,
    /// Whether clients offer to share editing.
    pub feature_show_permissions_control: bool,
    /// Whether owners are told by mail of scheduled runs that failed.
    pub send_email_on_failed_scheduled_queries: bool,
    /// Whether clients hide the buttons of charts.
    pub hide_plotly_mode_bar: bool,
    /// Whether public links of dashboards do not work.
    pub disable_public_urls: bool,
    /// What was answered to the question about reports of usage; this server sends none.
    pub beacon_consent: Option<bool>,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self {
            auth_password_login_enabled: true,
            date_format: "DD/MM/YY".to_owned(),
            time_format: "HH:mm".to_owned(),
            integer_format: "0,0".to_owned(),
            float_format: "0,0.00".to_owned(),
            thousands_separator: ",".to_owned(),
            decimal_separator: ".".to_owned(),
            null_value: "null".to_owned(),
            iso_dates_in_files: false,
            multi_byte_search_enabled: false,
            feature_show_permissions_control: false,
            send_email_on_failed_scheduled_queries: false,
            hide_plotly_mode_bar: false,
            disable_public_urls: false,
            beacon_consent: None,
        }
    }
}

impl OrganizationSettings {
    /// The format of a date with a time of day.
    #[must_use]
    pub fn datetime_format(&self) -> String {
        format!("{} {}", self.date_format, self.time_format)
    }

    /// All members by name.
    ///
    /// # Errors
    /// Never in practice: every member can be written as JSON.
    pub fn members(&self) -> Result<Map<String, Json>> {
        match serde_json::to_value(self) {
            Ok(Json::Object(members)) => Ok(members),
            Ok(_) => Err(Fault::internal("settings are no object", "no object")),
            Err(error) => Err(Fault::internal("settings cannot be written as JSON", error)),
        }
    }

    /// These settings with some members changed.
    ///
    /// # Errors
    /// `Invalid` with the name of a member that does not exist or whose value does not fit.
    pub fn with(&self, changed: &Map<String, Json>) -> Result<Self> {
        let mut settings = self.clone();
        // One after the other, so that a fault names the member.
        for (name, value) in changed {
            let mut members = settings.members()?;
            if !members.contains_key(name) {
                return Err(Fault::invalid(name, "is no setting of the organization"));
            }
            members.insert(name.clone(), value.clone());
            settings = serde_json::from_value(Json::Object(members)).map_err(|error| {
                Fault::invalid(name, format!("does not fit: {}", error.to_string().to_lowercase()))
            })?;
        }
        settings.check()
    }

    fn check(self) -> Result<Self> {
        for (name, text, may_be_empty) in [
            ("date_format", &self.date_format, false),
            ("time_format", &self.time_format, false),
            ("integer_format", &self.integer_format, false),
            ("float_format", &self.float_format, false),
            ("thousands_separator", &self.thousands_separator, true),
            ("decimal_separator", &self.decimal_separator, false),
            ("null_value", &self.null_value, true),
        ] {
            let long = text.chars().count() > TEXT_CHARACTERS_MAX;
            if long || text.chars().any(char::is_control) {
                let detail = format!("send at most {TEXT_CHARACTERS_MAX} characters in one line");
                return Err(Fault::invalid(name, detail));
            }
            if text.is_empty() && !may_be_empty {
                return Err(Fault::invalid(name, "must not be empty"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(changed: &Json) -> Result<OrganizationSettings> {
        OrganizationSettings::default().with(changed.as_object().expect("an object"))
    }

    #[test]
    fn some_members_change_and_the_others_stay() {
        let changed = with(&json!({ "date_format": "YYYY-MM-DD", "disable_public_urls": true }));
        let changed = changed.expect("good");
        assert_eq!(changed.datetime_format(), "YYYY-MM-DD HH:mm");
        assert!(changed.disable_public_urls && changed.auth_password_login_enabled);
    }

    #[test]
    fn a_fault_names_the_member() {
        for (wrong, member) in [
            (json!({ "bogus": 1 }), "bogus"),
            (json!({ "date_format": "" }), "date_format"),
            (json!({ "time_format": "HH:mm", "null_value": "x".repeat(65) }), "null_value"),
            (json!({ "disable_public_urls": "yes" }), "disable_public_urls"),
            (json!({ "date_format": "DD\nMM" }), "date_format"),
        ] {
            let fault = with(&wrong).expect_err("wrong");
            assert_eq!(fault.field(), Some(member), "{wrong}");
        }
    }
}

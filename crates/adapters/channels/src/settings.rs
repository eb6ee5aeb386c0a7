//! What the operator decides about notices.

use std::time::Duration;

use ipnet::IpNet;

/// What the operator decides about notices.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// Networks that no notice goes to.
    pub denied_networks: Vec<IpNet>,
    /// If not empty: the only networks that notices go to.
    pub allowed_networks: Vec<IpNet>,
    /// Whether a notice may leave this machine without encryption.
    pub allow_http: bool,
    /// Longest time for one request, from the look-up of the name to the end of the answer.
    pub timeout: Duration,
    /// Largest message, in bytes.
    pub message_bytes_max: usize,
    /// How much of an answer is read, in bytes.
    pub answer_bytes_max: usize,
    /// Certificates of authorities besides the public ones, in PEM.
    pub extra_authorities: Option<Vec<u8>>,
    /// Where the services are that have one address for everybody.
    pub services: ServiceUrls,
    /// The subject of mails that have none of their own, with `{alert_name}` and `{state}`.
    pub mail_subject: String,
    /// If not empty: the only kinds of destinations that there are.
    pub kinds_enabled: Vec<String>,
    /// Kinds of destinations that there are not.
    pub kinds_disabled: Vec<String>,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            denied_networks: Vec::new(),
            allowed_networks: Vec::new(),
            allow_http: true,
            timeout: Duration::from_secs(10),
            message_bytes_max: 256 << 10,
            answer_bytes_max: 64 << 10,
            extra_authorities: None,
            services: ServiceUrls::default(),
            mail_subject: "Alert: {alert_name} changed status to {state}".to_owned(),
            kinds_enabled: Vec::new(),
            kinds_disabled: Vec::new(),
        }
    }
}

impl ChannelSettings {
    /// Whether there is a kind of destinations.
    pub(crate) fn opens(&self, kind: &str) -> bool {
        let named = |kinds: &[String]| kinds.iter().any(|known| known == kind);
        (self.kinds_enabled.is_empty() || named(&self.kinds_enabled))
            && !named(&self.kinds_disabled)
    }
}

/// Where the services are that have one address for everybody, without a slash at the end.
#[derive(Debug, Clone)]
pub struct ServiceUrls {
    /// Events API v2.
    pub pagerduty: String,
    /// Differs by the region of the account.
    pub datadog: String,
    /// API v2.
    pub chatwork: String,
    /// Messages API.
    pub webex: String,
    /// API 1.0.
    pub asana: String,
}

impl Default for ServiceUrls {
    fn default() -> Self {
        Self {
            pagerduty: "https://events.pagerduty.com".to_owned(),
            datadog: "https://api.datadoghq.com".to_owned(),
            chatwork: "https://api.chatwork.com".to_owned(),
            webex: "https://webexapis.com".to_owned(),
            asana: "https://app.asana.com".to_owned(),
        }
    }
}

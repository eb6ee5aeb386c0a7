//! From the settings of mail and notices to their parts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tessera_access::Mailer;
use tessera_bi::ports::Channels;
use tessera_channels::{AllChannels, ChannelSettings, MailSettings, ServiceUrls, SmtpMailer};
use tessera_kernel::{Clock, Secret};

use crate::compose::{explain, networks};
use crate::config::{Config, MailSection};
use crate::signin::file;

/// What sends mail.
///
/// # Errors
/// If a setting of `[mail]` cannot be used.
pub fn smtp(config: &Config, clock: &Arc<dyn Clock>) -> Result<SmtpMailer> {
    let settings = if config.mail.host.is_empty() {
        None
    } else {
        // Taken from requests, links in mails would lead where any caller likes.
        ensure!(
            !config.server.base_url.is_empty(),
            "mail needs the setting server.base_url: links in mails begin with it"
        );
        Some(mail(&config.mail)?)
    };
    SmtpMailer::new(settings, Arc::clone(clock)).map_err(explain)
}

/// What delivers notices.
///
/// # Errors
/// If a setting of `[channels]` cannot be used.
pub fn channels(
    config: &Config,
    mailer: &Arc<dyn Mailer>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Channels>> {
    let section = &config.channels;
    let service = |url: &String| url.trim_end_matches('/').to_owned();
    let settings = ChannelSettings {
        denied_networks: networks("channels.denied_networks", &section.denied_networks)?,
        allowed_networks: networks("channels.allowed_networks", &section.allowed_networks)?,
        allow_http: section.allow_http,
        timeout: Duration::from_secs(section.timeout_seconds),
        message_bytes_max: section.message_bytes_max,
        answer_bytes_max: section.answer_bytes_max,
        extra_authorities: file("channels.ca_file", &section.ca_file)?,
        services: ServiceUrls {
            pagerduty: service(&section.pagerduty_url),
            datadog: service(&section.datadog_url),
            chatwork: service(&section.chatwork_url),
            webex: service(&section.webex_url),
            asana: service(&section.asana_url),
        },
        mail_subject: section.mail_subject.clone(),
        kinds_enabled: section.kinds_enabled.clone(),
        kinds_disabled: section.kinds_disabled.clone(),
    };
    let made = AllChannels::new(settings, Arc::clone(mailer), Arc::clone(clock));
    Ok(Arc::new(made.map_err(explain).context("the settings of [channels]")?))
}

fn mail(section: &MailSection) -> Result<MailSettings> {
    ensure!(!section.from.is_empty(), "the setting mail.from is missing: who writes the mails");
    let tls = section.tls.parse().map_err(|()| {
        anyhow::anyhow!(
            "the setting mail.tls has {:?}; it may be starttls, implicit or none",
            section.tls
        )
    })?;
    let password =
        text_or_file("mail.password", &section.password, &section.password_file)?.map(Secret::new);
    let credentials = match (section.username.as_str(), password) {
        ("", None) => None,
        ("", Some(_)) => anyhow::bail!("the setting mail.password needs mail.username"),
        (username, password) => Some((
            username.to_owned(),
            password.context("the setting mail.username needs mail.password")?,
        )),
    };
    let here = ["localhost", "127.0.0.1", "::1"].contains(&section.host.as_str());
    ensure!(
        credentials.is_none() || here || tls != tessera_channels::MailTls::None,
        "with mail.tls = \"none\" the password would be readable on its way; set it to starttls"
    );
    Ok(MailSettings {
        host: section.host.clone(),
        port: section.port,
        tls,
        credentials,
        from: section.from.clone(),
        timeout: Duration::from_secs(section.timeout_seconds),
        extra_authorities: file("mail.ca_file", &section.ca_file)?,
    })
}

/// A secret that stands in the settings or in a file of its own.
fn text_or_file(setting: &str, text: &str, path: &str) -> Result<Option<String>> {
    let from_file = file(&format!("{setting}_file"), path)?;
    ensure!(from_file.is_none() || text.is_empty(), "set {setting} or {setting}_file, not both");
    match from_file {
        Some(bytes) => {
            let read = String::from_utf8(bytes)
                .with_context(|| format!("the file of {setting}_file is no text"))?;
            Ok(Some(read.trim().to_owned()))
        }
        None => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemClock;

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        config.mail.host = "mail.example.com".to_owned();
        config.server.base_url = "https://tessera.example.com".to_owned();
        config.mail.from = "Tessera <tessera@example.com>".to_owned();
        change(&mut config);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        format!("{:#}", smtp(&config, &clock).expect_err("must be refused"))
    }

    #[test]
    fn settings_of_mail_that_cannot_work_are_refused_by_name() {
        assert!(refusal(|config| config.server.base_url.clear()).contains("server.base_url"));
        assert!(refusal(|config| config.mail.from.clear()).contains("mail.from"));
        assert!(refusal(|config| config.mail.from = "nobody".to_owned()).contains("mail.from"));
        assert!(refusal(|config| config.mail.tls = "ssl".to_owned()).contains("mail.tls"));
        let refused = refusal(|config| config.mail.username = "me".to_owned());
        assert!(refused.contains("mail.password"), "{refused}");
        let refused = refusal(|config| {
            config.mail.username = "me".to_owned();
            config.mail.password = "secret".to_owned();
            config.mail.tls = "none".to_owned();
        });
        assert!(refused.contains("readable"), "{refused}");
    }
}

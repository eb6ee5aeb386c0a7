//! What mails of this server say.

use tessera_kernel::Timestamp;

use super::Mails;
use crate::{Invitation, Key, Mail, TokenPurpose, User};

impl Mails {
    /// The mail with a one-use link.
    pub(super) fn link_mail(
        &self,
        user: &User,
        purpose: TokenPurpose,
        link: &Invitation,
    ) -> (&'static str, Mail) {
        let (kind, page, subject, ask) = match purpose {
            TokenPurpose::Invite => (
                "invitation",
                "invite",
                "Your invitation to Tessera",
                "You have an account now. Choose a password to begin:",
            ),
            TokenPurpose::Reset => (
                "reset",
                "reset",
                "Set a new password for Tessera",
                "Somebody, probably you, asked for a new password. Choose one here:",
            ),
            TokenPurpose::Verify => (
                "verification",
                "verify",
                "Confirm your e-mail address for Tessera",
                "Confirm that this address is yours:",
            ),
        };
        let base_url = &self.0.settings.base_url;
        let url = format!("{base_url}/{page}/{}", link.token.expose());
        let rest = format!(
            "The link works once, until {}. If you did not expect this mail, do nothing.",
            minute(link.expires_at)
        );
        let name = &user.name;
        let mail = Mail {
            to: vec![user.email.clone()],
            subject: subject.to_owned(),
            text: format!("Hello {name},\n\n{ask}\n\n{url}\n\n{rest}\n"),
            html: Some(format!(
                "<p>Hello {},</p><p>{ask}</p><p><a href=\"{url}\">{url}</a></p><p>{rest}</p>",
                escape(name),
                url = escape(&url),
            )),
            deduplication: format!("link:{}", self.0.random.uid(self.0.clock.now())),
        };
        (kind, mail)
    }

    /// The mail that a key ends soon.
    pub(super) fn key_mail(&self, user: &User, key: &Key, end: Timestamp, days: i64) -> Mail {
        let within =
            if days == 1 { "within a day".to_owned() } else { format!("within {days} days") };
        let (name, hint, end) = (&key.name, &key.hint, minute(end));
        let url = format!("{}/users/me", self.0.settings.base_url);
        Mail {
            to: vec![user.email.clone()],
            subject: format!("The key {name} ends {within}"),
            text: format!(
                "Hello {},\n\nthe key {name} ({hint}) ends on {end}. Programs that use it will be \
                 refused from then on.\n\nRotate it, so that the old text works on for a while, or \
                 make a new one:\n\n{url}\n",
                user.name
            ),
            html: None,
            deduplication: format!("key-ends:{}:{days}", key.uid),
        }
    }

    /// The mail that shows that mail works.
    pub(super) fn test_mail(&self, to: &str) -> Mail {
        Mail {
            to: vec![to.to_owned()],
            subject: "Tessera can send mail".to_owned(),
            text: format!("This is the test you asked for at {}\n", self.0.settings.base_url),
            html: None,
            deduplication: format!("test:{}", self.0.random.uid(self.0.clock.now())),
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

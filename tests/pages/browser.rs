//! Somebody in a browser: cookies, pages, and forms sent as they stand on a page.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tessera_e2e::Shop;
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::{PASSWORD, Server};

/// Somebody in a browser.
pub struct Browser {
    pub client: Client,
}

impl Browser {
    /// The administrator, signed in.
    pub fn administrator(shop: &Shop) -> Result<Self> {
        Self::sign_in(shop, "admin@example.com", PASSWORD)
    }

    /// A new person, signed in; with the number.
    pub fn person(shop: &Shop, name: &str) -> Result<(Self, i64)> {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email });
        let made = shop.admin.post("/v1/users", &body)?.ok()?;
        let body =
            json!({ "token": made["invitation"]["token"], "password": "long enough by far" });
        let accepted = shop.server.anonymous().post("/v1/invitations/accept", &body)?;
        ensure!(accepted.status == 201, "{}", accepted.text());
        let browser = Self::sign_in(shop, &email, "long enough by far")?;
        Ok((browser, made["user"]["id"].as_i64().context("a number")?))
    }

    fn sign_in(shop: &Shop, email: &str, password: &str) -> Result<Self> {
        Self::at(&shop.server, email, password)
    }

    /// Somebody who signs in at a server.
    pub fn at(server: &Server, email: &str, password: &str) -> Result<Self> {
        let client = server.anonymous();
        let body = json!({ "email": email, "password": password });
        let answer = client.post("/v1/session", &body)?;
        ensure!(answer.status == 201, "{}", answer.text());
        Ok(Self { client })
    }

    pub fn get(&self, path: &str) -> Answer {
        self.client.get(path).expect("answers")
    }

    /// Opens a page, fills in its form that goes to `action`, and sends it. What is not filled in is
    /// sent as it stands there: hidden fields only, which is all that a test leaves alone.
    pub fn fill(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let text = self.get(page).text();
        let form = form(&text, action).unwrap_or_else(|| panic!("{action} is not on {text}"));
        let mut all = hidden(form);
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.send(action, &all, &[])
    }

    /// Sends fields as a form.
    pub fn send(
        &self,
        path: &str,
        fields: &[(String, String)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("texts");
        let kind = "application/x-www-form-urlencoded";
        self.client
            .send("POST", path, Some(kind), Some(body.into_bytes()), headers)
            .expect("answers")
    }
}

/// The form of a page that goes somewhere.
pub fn form<'a>(page: &'a str, action: &str) -> Option<&'a str> {
    let marked = format!("action=\"{}\"", action.replace('&', "&amp;"));
    let rest = &page[page.find(&marked)?..];
    Some(&rest[..rest.find("</form>")?])
}

/// The hidden fields of a form.
pub fn hidden(form: &str) -> Vec<(String, String)> {
    let value = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!("{name}=\""))?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    form.split("<input ")
        .filter(|tag| tag.starts_with("type=\"hidden\""))
        .filter_map(|tag| Some((value(tag, "name")?, value(tag, "value")?)))
        .collect()
}

/// The text within the element of a page that has an id.
pub fn element(page: &str, id: &str) -> String {
    let rest = page.split_once(&format!(" id=\"{id}\"")).map(|(_, rest)| rest).unwrap_or_default();
    let rest = rest.split_once('>').map(|(_, rest)| rest).unwrap_or_default();
    let text = rest.split('<').next().unwrap_or_default();
    text.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

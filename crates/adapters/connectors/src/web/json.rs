//! JSON documents: a YAML text with `url` and, if wanted, `method`, `params`, `headers`, `auth`,
//! `data` or `json`, `path`, `fields`, `pagination` and `verify`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use tessera_bi::SourceType;
use tessera_bi::ports::{BatchSink, CancelSignal};
use tessera_formats::read::{JsonOptions, at_path, json_elements, read_json};
use tessera_kernel::{Code, Fault, Result, Secret};
use tessera_sqltext::{Bound, Dialect, Document as Kind};
use url::Url;

use super::documents::Document;
use super::pages::Pages;
use super::url::same_origin;
use super::{checked, credential, joined, pour, text_of, yaml};
use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest, HttpTls};
use crate::{ConnectorSettings, text_option};

pub(crate) const JSON: &str = "json";

pub(crate) fn json_type() -> SourceType {
    SourceType {
        name: JSON,
        title: "JSON",
        schema: json!({
            "type": "object",
            "properties": {
                "base_url": { "type": "string", "title": "Base URL" },
                "username": { "type": "string", "title": "HTTP Basic Auth Username" },
                "password": { "type": "string", "title": "HTTP Basic Auth Password" },
            },
            "secret": ["password"],
            "order": ["base_url", "username", "password"],
        }),
        dialect: Dialect::Document(Kind::Yaml),
        syntax: "yaml",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct JsonDocuments {
    base: Option<Url>,
    credential: Option<(String, Secret)>,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

/// What a text asks for.
struct Wanted {
    url: Url,
    post: bool,
    params: Map<String, Json>,
    headers: Map<String, Json>,
    auth: Option<(String, Secret)>,
    body: Option<(&'static str, String)>,
    path: Option<String>,
    fields: Vec<String>,
    pages: Pages,
    any_certificate: bool,
}

impl JsonDocuments {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let base = text_option(options, "base_url").map(Url::parse).transpose();
        let base = base.map_err(|error| Fault::invalid("options.base_url", error.to_string()))?;
        if let Some(base) = &base {
            settings.check_literal(base.host_str().unwrap_or_default())?;
        }
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { base, credential: credential(options, "username", "password"), http, settings })
    }
}

#[async_trait]
impl Document for JsonDocuments {
    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let mut wanted = Wanted::read(bound, self.base.as_ref())?;
        let insecure = HttpTls { any_certificate: true, ..HttpTls::default() };
        let insecure =
            wanted.any_certificate.then(|| Http::new(Arc::clone(&self.settings), &insecure));
        let http = insecure.transpose()?.unwrap_or_else(|| self.http.clone());
        let mut limits = HttpLimits::document(&self.settings, run_seconds);
        let mut documents: Vec<HttpAnswer> = Vec::new();
        loop {
            let request = wanted.request(self)?;
            let answer = checked(http.fetch(request, &limits, cancel).await?)?;
            if text_of(&answer)?.is_empty() {
                let detail = format!("Got empty response from '{}'.", wanted.url);
                return Err(failed(&detail));
            }
            // All pages together are one document.
            let bytes = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
            limits.bytes = limits.bytes.map(|left| left.saturating_sub(bytes));
            let more = wanted.pages.next(text_of(&answer)?, &mut wanted.url, &mut wanted.params)?;
            documents.push(answer);
            if !more {
                break;
            }
        }
        let batch_rows = self.settings.batch_rows;
        let Wanted { path, fields, pages, .. } = wanted;
        pour(sink, move |target| {
            let mut rows = Vec::new();
            for document in &documents {
                match at_path(text_of(document)?, path.as_deref())? {
                    Some(found) => rows.extend(json_elements(found)?),
                    None if pages != Pages::One => {}
                    None => {
                        let path = path.as_deref().unwrap_or_default();
                        let detail = format!("Couldn't find path {path} in response.");
                        return Err(failed(&detail));
                    }
                }
            }
            let options = JsonOptions { fields, ..JsonOptions::default() };
            read_json(&rows, &options, batch_rows, target)
        })
        .await
    }
}

impl Wanted {
    fn read(bound: &Bound, base: Option<&Url>) -> Result<Self> {
        let mut members = match yaml::parse(&bound.sql)? {
            Json::Object(members) => members,
            _ => {
                let detail = "Query should be a YAML object describing the URL to query.";
                return Err(failed(detail));
            }
        };
        let Some(Json::String(written)) = members.shift_remove("url") else {
            return Err(failed("Query must include 'url' option."));
        };
        let url = joined(bound, &written, base)?;
        let Json::Object(mut members) = bound.filled(Json::Object(members))? else {
            return Err(failed("Query should be a YAML object describing the URL to query."));
        };
        let post = match members.get("method").map(|method| method.as_str()) {
            None | Some(Some("get")) => false,
            Some(Some("post")) => true,
            _ => return Err(failed("Only GET or POST methods are allowed.")),
        };
        let fields = match members.get("fields") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(fields)) => fields.iter().map(plain).collect(),
            Some(_) => return Err(failed("'fields' needs to be a list.")),
        };
        let body = match (members.shift_remove("data"), members.shift_remove("json")) {
            (Some(Json::Object(form)), _) => {
                let mut out = url::form_urlencoded::Serializer::new(String::new());
                out.extend_pairs(pairs(&form));
                Some(("application/x-www-form-urlencoded", out.finish()))
            }
            (Some(other), _) if !other.is_null() => Some(("text/plain", plain(&other))),
            (_, Some(json)) => Some(("application/json", json.to_string())),
            _ => None,
        };
        let auth = match members.get("auth") {
            Some(Json::Array(pair)) => match pair.as_slice() {
                [user, password] => Some((plain(user), Secret::new(plain(password)))),
                _ => return Err(failed("'auth' needs to be a list of user and password.")),
            },
            _ => None,
        };
        Ok(Self {
            url,
            post,
            params: object(&mut members, "params")?,
            headers: object(&mut members, "headers")?,
            auth,
            body,
            path: members.get("path").and_then(Json::as_str).map(str::to_owned),
            fields,
            pages: Pages::read(members.get("pagination"))?,
            any_certificate: members.get("verify") == Some(&Json::Bool(false)),
        })
    }

    fn request(&self, source: &JsonDocuments) -> Result<HttpRequest> {
        let mut url = self.url.clone();
        if !self.params.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs(&self.params));
        }
        let own = source.base.as_ref().is_some_and(|base| same_origin(base.as_str(), &url));
        let mut request = match &self.body {
            Some((kind, body)) if self.post => {
                HttpRequest::post(url, body.clone()).header("content-type", kind)?
            }
            _ if self.post => HttpRequest::post(url, String::new()),
            _ => HttpRequest::get(url),
        };
        request.follow = true;
        if !own {
            request = request.public_only();
        }
        // The password of the data source is for the server of the data source.
        let shown = source.credential.as_ref().filter(|_| own || source.base.is_none());
        if let Some((user, password)) = self.auth.as_ref().or(shown) {
            request = request.basic(user, password)?;
        }
        for (name, value) in &self.headers {
            request = request.header(name, &plain(value))?;
        }
        Ok(request)
    }
}

fn object(members: &mut Map<String, Json>, name: &str) -> Result<Map<String, Json>> {
    match members.shift_remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(inner)) => Ok(inner),
        Some(_) => Err(failed(&format!("'{name}' needs to be an object."))),
    }
}

/// Names and values; a list is its name once for each element.
fn pairs(members: &Map<String, Json>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in members {
        match value {
            Json::Null => {}
            Json::Array(values) => {
                pairs.extend(values.iter().map(|one| (name.clone(), plain(one))))
            }
            value => pairs.push((name.clone(), plain(value))),
        }
    }
    pairs
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn failed(detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

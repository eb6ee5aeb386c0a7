//! Requests that AWS believes: signed ones, and questions to its own interfaces (a form in, XML out).

mod sign;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tessera_kernel::{Clock as _, Code, Fault, Result, Secret, SystemClock};
use url::{Position, Url};

pub(crate) use self::sign::Keys;
use self::sign::{Signed, moment};
use crate::ConnectorSettings;
use crate::http::{Http, HttpLimits, HttpRequest, HttpTls};
use crate::never::Never;

const FORM: &str = "application/x-www-form-urlencoded";

/// AWS in one region.
pub(crate) struct Aws {
    region: String,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

impl Aws {
    /// # Errors
    /// `Invalid` if that is no name of a region.
    pub(crate) fn new(region: String, settings: Arc<ConnectorSettings>) -> Result<Self> {
        check_region(&region, "options.aws_region")?;
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { region, http, settings })
    }

    /// Asks a service; gives the XML of its answer.
    ///
    /// # Errors
    /// `SourceFailed` with the service's own words if it refuses.
    pub(crate) async fn ask(
        &self,
        service: &str,
        fields: &[(&str, &str)],
        keys: &Keys,
    ) -> Result<String> {
        let url = self.address(service)?;
        let body: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = HttpRequest::post(url, body).header("content-type", FORM)?;
        let request = signed(request, service, &self.region, keys, SystemClock.now())?;
        let limits = HttpLimits::document(&self.settings, self.settings.connect_timeout_seconds);
        let answer = self.http.fetch(request, &limits, &Never::signal()).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status.is_success() {
            return Ok(text);
        }
        let said = element(&text, "Message").unwrap_or_else(|| answer.status.to_string());
        Err(Fault::new(Code::SourceFailed, format!("AWS {service}: {said}")))
    }

    fn address(&self, service: &str) -> Result<Url> {
        let region = &self.region;
        let ending = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let usual = || format!("https://{service}.{region}.{ending}/");
        let text = self.settings.aws_address.clone().unwrap_or_else(usual);
        Url::parse(&text).map_err(|error| Fault::invalid("sources.aws_url", error.to_string()))
    }
}

/// Refuses what is no name of a region: it becomes a part of hosts and signatures.
///
/// # Errors
/// `Invalid`, with the name of the option.
pub(crate) fn check_region(region: &str, option: &str) -> Result<()> {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
    if region.bytes().all(plain) {
        return Ok(());
    }
    Err(Fault::invalid(option, "must be like eu-west-1"))
}

/// The same request with a signature of everything that it is, its `content-type` included. It
/// follows no redirects: the signature is for this address.
///
/// # Errors
/// `SourceFailed` if the keys cannot be sent.
pub(crate) fn signed(
    mut request: HttpRequest,
    service: &str,
    region: &str,
    keys: &Keys,
    at: DateTime<Utc>,
) -> Result<HttpRequest> {
    let url = request.url.clone();
    let date = moment(at);
    let kind = request.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.map(str::to_owned);
    let mut headers = Vec::new();
    if let Some(kind) = &kind {
        headers.push(("content-type", kind.as_str()));
    }
    headers.push(("host", &url[Position::BeforeHost..Position::AfterPort]));
    headers.push(("x-amz-date", &date));
    if let Some(token) = &keys.token {
        headers.push(("x-amz-security-token", token.expose()));
    }
    let signed = Signed {
        method: request.method.as_str(),
        path: url.path(),
        query: url.query().unwrap_or_default(),
        region,
        service,
        headers: &headers,
        body: &request.body,
        at,
    };
    let authorization = signed.authorization(keys);
    for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
        request = request.header(name, value)?;
    }
    request.follow = false;
    request.header("authorization", &authorization)
}

/// A pair of temporary keys for a role.
///
/// # Errors
/// `SourceFailed` if AWS does not give any.
pub(crate) async fn assume(aws: &Aws, role: &str, session: &str, keys: &Keys) -> Result<Keys> {
    let fields = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", session),
    ];
    let answer = aws.ask("sts", &fields, keys).await?;
    Ok(Keys {
        id: needed(&answer, "AccessKeyId")?,
        secret: Secret::new(needed(&answer, "SecretAccessKey")?),
        token: Some(Secret::new(needed(&answer, "SessionToken")?)),
    })
}

/// The text of an element that must be there.
///
/// # Errors
/// `SourceFailed` if it is not.
pub(crate) fn needed(xml: &str, name: &str) -> Result<String> {
    let missing = || Fault::new(Code::SourceFailed, format!("the answer of AWS has no {name}"));
    element(xml, name).ok_or_else(missing)
}

/// The text of the first element of a name. Elements that are asked for have no attributes.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    Some(plain.trim().to_owned())
}

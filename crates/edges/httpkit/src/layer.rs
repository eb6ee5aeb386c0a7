//! What happens to every request on its way in and every response on its way out.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tessera_access::{Ledger, Usage, is_key_shaped};
use tessera_kernel::{Random, Result};

use crate::credential::{QUERY_NAME, redact};
use crate::record::Recorder;
use crate::sending::Peer;
use crate::{
    KitSettings, RequestFacts, RequestInfo, address, body, cookies, limits, meters, origins,
    prefix, signatures, sunset,
};

/// A request identifier that a caller may choose: longer ones are replaced.
const REQUEST_ID_CHARACTERS_MAX: usize = 64;

/// Bodies up to this size are read at once.
const SMALL_BODY_BYTES: usize = 64 * 1024;

/// What the layer needs.
#[derive(Clone)]
pub struct Layer {
    /// What the operator decided.
    pub settings: Arc<KitSettings>,
    /// For request identifiers.
    pub random: Arc<dyn Random>,
    /// Takes the record of each request.
    pub usage: Usage,
}

/// Notes who asks and how the server is named, times the request, writes it into the log and the
/// metrics, and sets the headers that every response has.
pub async fn prepare(State(layer): State<Layer>, mut request: Request, next: Next) -> Response {
    let begun = begin();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.0);
    let address = address::caller_address(peer, request.headers(), &layer.settings.trusted_proxies);
    let from_proxy =
        peer.is_some_and(|peer| address::is_trusted(peer.ip(), &layer.settings.trusted_proxies));
    let info = RequestInfo::from(RequestFacts {
        request_id: request_id(request.headers()).unwrap_or_else(|| layer.random.alphanumeric(16)),
        address: address.map(|address| address.to_string()),
        from_proxy,
        base_url: base_url(&layer.settings, request.headers(), from_proxy) + prefix::of(&request),
        origin: origins::of(request.headers()),
        client: text(request.headers(), &header::USER_AGENT),
        proof: OnceLock::new(),
        ledger: Ledger::default(),
    });
    let uri = request.uri().clone();
    let key_in_address = uri.query().is_some_and(|query| {
        query.split('&').any(|pair| pair.split('=').next() == Some(QUERY_NAME))
    });
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(info.clone());
    let recorder =
        Recorder::begin(layer.usage.clone(), info.clone(), request.method(), route, begun);
    let limit = layer.settings.request_seconds;
    let answer = async {
        if let Some(answer) = origins::preflight(&request) {
            return answer;
        }
        let most = layer.settings.body_bytes_max;
        let (request, proof) = signatures::read(request, &info.base_url, most).await;
        if let Some(proof) = proof {
            info.proof.get_or_init(|| Arc::new(proof));
        }
        match take_small_body(request).await {
            Ok(request) => next.run(request).await,
            Err(_) => {
                (StatusCode::BAD_REQUEST, "the body was not sent to its end\n").into_response()
            }
        }
    };
    let mut response = match tokio::time::timeout(Duration::from_secs(limit), answer).await {
        Ok(response) => response,
        Err(_) => {
            let text = format!("no answer within {limit} s (server.request_seconds)\n");
            (StatusCode::GATEWAY_TIMEOUT, text).into_response()
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    tracing::info!(
        request_id = info.request_id,
        address = info.address,
        method = recorder.method(),
        target = redact(uri.path_and_query().map_or("/", |target| target.as_str())),
        status,
        milliseconds = seconds * 1000.0,
        transport = if key_in_address { "url" } else { "header" },
        "request"
    );
    meters::count(recorder.method(), recorder.route(), status, seconds);
    set_headers(response.headers_mut(), &info.request_id, key_in_address);
    if let Some(strict) = &layer.settings.strict_transport
        && info.base_url.starts_with("https://")
    {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, strict.clone());
    }
    let meter = info.ledger.read(|entry| {
        let headers = response.headers_mut();
        // A key that names origins is for those only.
        match entry.origins.as_slice() {
            [] => {
                let open = &layer.settings.cors_origins;
                origins::allow_results(headers, uri.path(), open, info.origin.as_deref());
            }
            named => origins::allow(headers, uri.path(), named, info.origin.as_deref()),
        }
        let framing = [&layer.settings.frame_origins, &entry.origins];
        origins::frame(headers, uri.path(), framing[usize::from(!entry.origins.is_empty())]);
        // What a handler says of the session counts: it may have ended.
        if let Some((token, until)) = &entry.renewed
            && !cookies::sets_session(headers)
        {
            let cookie = cookies::session_cookie(&layer.settings, token, *until);
            headers.append(header::SET_COOKIE, cookie);
        }
        if let Some(end) = entry.sunset {
            sunset::announce(response.headers_mut(), end);
        }
        if entry.canary {
            metrics::counter!("tessera_canary_keys_used_total").increment(1);
        }
        limits::tell(&mut response, &entry.limits);
        entry.meter.clone()
    });
    if let Some(meter) = meter.as_ref().filter(|meter| meter.owes()) {
        // Before the answer begins: who asks another node after it finds the budget charged there.
        meter.settle().await;
    }
    let meter = meter.filter(limits::counts_bytes);
    recorder.watch(response, meter)
}

/// The answer when something of ours went wrong on the way out.
pub(crate) fn failed() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong, see the log\n").into_response()
}

/// Reads a small body before anybody looks at the request. A handler that has no use for it would
/// leave it unread, and then the connection is closed under the caller's next request.
async fn take_small_body(request: Request) -> Result<Request> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length == 0 || length > SMALL_BODY_BYTES) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, SMALL_BODY_BYTES).await?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

#[expect(clippy::disallowed_methods, reason = "how long a request took is not domain time")]
fn begin() -> Instant {
    Instant::now()
}

fn set_headers(headers: &mut HeaderMap, request_id: &str, key_in_address: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    );
    if key_in_address {
        // The address is a secret: it must not go on to other sites, caches or search engines.
        default(header::CACHE_CONTROL, "private, no-store");
        default(HeaderName::from_static("x-robots-tag"), "noindex");
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    } else {
        default(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-request-id")?.to_str().ok()?;
    let good = !text.is_empty()
        && text.len() <= REQUEST_ID_CHARACTERS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !is_key_shaped(text);
    good.then(|| text.to_owned())
}

fn base_url(settings: &KitSettings, headers: &HeaderMap, from_proxy: bool) -> String {
    if let Some(base_url) = &settings.base_url {
        return base_url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    // Of several proxies the last one, which is the trusted one, wrote the last word.
    let last = forwarded.and_then(|text| text.rsplit(',').next()).map(str::trim);
    let scheme = if from_proxy && last == Some("https") { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_tells_that_a_request_came_over_https() {
        let named = |forwarded: &'static str, from_proxy| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("bi.example"));
            headers.insert("x-forwarded-proto", HeaderValue::from_static(forwarded));
            base_url(&KitSettings::default(), &headers, from_proxy)
        };
        assert_eq!(named("https", true), "https://bi.example");
        assert_eq!(named("http, https", true), "https://bi.example");
        assert_eq!(named("https, http", true), "http://bi.example");
        assert_eq!(named("https", false), "http://bi.example");
    }
}

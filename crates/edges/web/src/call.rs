//! Who asks for a page or sends a form, with the rest of the request.

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use tessera_access::{Access, Act, Authorized, Caller, Ledger, RequestContext};
use tessera_bi::Bi;
use tessera_httpkit::{RequestInfo, body, cookies};
use tessera_kernel::{Code, Fault, Result};

use crate::fields::Fields;
use crate::html::Html;
use crate::layout;
use crate::refusal::Refusal;
use crate::state::WebState;

/// The field of every form that carries the proof against forged requests.
pub(crate) const CSRF_FIELD: &str = "csrf_token";
/// The header that the proof is checked in.
const CSRF_HEADER: &str = "x-csrf-token";

/// What a handler answers.
pub(crate) type Answer = std::result::Result<Response, Refusal>;

/// A request by somebody known.
pub(crate) struct Call {
    pub(crate) state: WebState,
    pub(crate) info: RequestInfo,
    pub(crate) caller: Caller,
    /// What stands behind the `?`.
    pub(crate) query: Fields,
    /// What the form sent; empty for a page.
    pub(crate) form: Fields,
    /// The proof against forged requests that the forms of this answer carry.
    pub(crate) csrf: String,
    /// Whether the browser does not have it yet.
    csrf_is_new: bool,
}

impl FromRequest<WebState> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let info = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
        let form = if is_form(&parts) {
            Fields::read(&body::read(body, state.kit.settings.body_bytes_max).await?)
        } else {
            Fields::default()
        };
        // A form cannot set headers: what it carries in a field counts as if it stood in one.
        if let Some(token) = form.raw(CSRF_FIELD)
            && let Ok(token) = HeaderValue::from_str(token)
        {
            parts.headers.insert(CSRF_HEADER, token);
        }
        let caller = match state.kit.identify(&parts, &info).await {
            Ok(Caller::Anonymous) => Err(Fault::new(Code::Unauthenticated, "nobody is signed in")),
            other => other,
        };
        let caller = caller.map_err(|fault| turn_away(&parts, &info, fault))?;
        let known = cookies::csrf_token(&parts.headers);
        let csrf_is_new = known.is_none();
        let csrf = known.unwrap_or_else(|| state.kit.new_csrf_token());
        let query = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self { state: state.clone(), info, caller, query, form, csrf, csrf_is_new })
    }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default();
    parts.method == Method::POST && kind.starts_with("application/x-www-form-urlencoded")
}

/// People who read are sent to sign in; who sends a form is told, so that going back finds what was
/// typed.
fn turn_away(parts: &Parts, info: &RequestInfo, fault: Fault) -> Refusal {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if !reads || fault.code() != Code::Unauthenticated {
        return fault.into();
    }
    let target = parts.uri.path_and_query().map_or("/keys", |target| target.as_str());
    let target = tessera_httpkit::credential::redact(target);
    Refusal::Login(format!("{}{target}", info.base_url))
}

impl Call {
    /// The core's access services.
    pub(crate) fn access(&self) -> &Access {
        &self.state.kit.access
    }

    /// The core's query side.
    pub(crate) fn bi(&self) -> &Bi {
        &self.state.bi
    }

    /// What the core is told of the request.
    pub(crate) fn context(&self) -> RequestContext {
        self.state.kit.context(&self.info)
    }

    /// The right to do one thing.
    pub(crate) async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        self.access().gate.permit(&self.caller, &self.context(), act).await
    }

    /// The right to do one thing beside what the page is about, if the caller has it. The record of
    /// the request stays as it is.
    pub(crate) async fn permit_aside<A: Act>(&self, act: A) -> Result<Option<Authorized<A>>> {
        let context = RequestContext { ledger: Ledger::default(), ..self.context() };
        match self.access().gate.permit(&self.caller, &context, act).await {
            Ok(grant) => Ok(Some(grant)),
            Err(fault)
                if matches!(fault.code(), Code::Forbidden | Code::NotFound | Code::OutOfScope) =>
            {
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Whether the caller is an administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.caller.user().is_some_and(tessera_access::UserPrincipal::is_admin)
    }

    /// A page for the caller.
    pub(crate) fn page(&self, status: StatusCode, title: &str, body: &Html) -> Response {
        self.with_proof(layout::page(status, title, body))
    }

    /// Sends the browser to a page, after something was done.
    pub(crate) fn go(&self, place: &str) -> Answer {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SEE_OTHER;
        let place = HeaderValue::from_str(place)
            .map_err(|error| Fault::internal("a place cannot be written", error))?;
        response.headers_mut().insert(header::LOCATION, place);
        Ok(self.with_proof(response))
    }

    fn with_proof(&self, mut response: Response) -> Response {
        if self.csrf_is_new {
            let cookie = cookies::csrf_cookie(&self.state.kit.settings, &self.csrf);
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// What every form begins with.
    pub(crate) fn proof(&self) -> Html {
        html!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", CSRF_FIELD, self.csrf)
    }
}

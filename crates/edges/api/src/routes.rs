//! The one table of routes, and the router made of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any};
use futures::future::BoxFuture;
use http::request::Parts;
use tessera_access::{Action, Caller};
use tessera_httpkit::RequestInfo;
use tessera_kernel::{Fault, Result};
use utoipa::ToSchema;

use crate::call::Call;
use crate::errors::{self, Asked};
use crate::handlers;
use crate::idempotency::{self, Identity};
use crate::openapi::SchemaOf;
use crate::state::ApiState;

/// One operation, for those who walk all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The action it needs, or `public: ` and why it needs none.
    pub action: &'static str,
}

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// A member behind the `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The type in JSON schema.
    pub(crate) kind: &'static str,
    pub(crate) repeats: bool,
}

impl Param {
    pub(crate) const fn new(name: &'static str, kind: &'static str, about: &'static str) -> Self {
        Self { name, about, kind, repeats: false }
    }

    /// Whether a member is this one; a name that ends in `*` stands for all that begin like it.
    pub(crate) fn is(&self, member: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => member.len() > start.len() && member.starts_with(start),
            None => self.name == member,
        }
    }

    pub(crate) const fn repeated(mut self) -> Self {
        self.repeats = true;
        self
    }
}

/// Page size and place, of every list.
pub(crate) const LIMIT: Param =
    Param::new("limit", "integer", "Elements of the page: 1 to 250, by default 25.");
/// See [`LIMIT`].
pub(crate) const CURSOR: Param =
    Param::new("cursor", "string", "`next_cursor` of the page before; none for the first page.");
/// How long to wait for a job.
pub(crate) const WAIT: Param = Param::new(
    "wait_ms",
    "integer",
    "How long to wait for the end of the job, in milliseconds; longer waits are cut to the \
     server's limit (60 000 by default).",
);

/// What may be asked without an action, and why.
pub(crate) enum Access {
    Action(Action),
    Public(&'static str),
}

impl From<Action> for Access {
    fn from(action: Action) -> Self {
        Self::Action(action)
    }
}

/// What an operation answers.
pub(crate) enum Answer {
    Empty,
    Json(SchemaOf),
    Page(SchemaOf),
    /// Media types of a file.
    File(Vec<&'static str>),
}

type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Response>> + Send + Sync>;

/// One operation.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) operation: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Option<SchemaOf>,
    pub(crate) answers: Vec<(u16, Answer)>,
    pub(crate) creates: bool,
    /// Whether its body is a file.
    pub(crate) uploads: bool,
    pub(crate) versioned: bool,
    handler: Handler,
}

impl Route {
    pub(crate) fn new<F>(
        verb: Verb,
        path: &'static str,
        access: impl Into<Access>,
        operation: &'static str,
        summary: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response>> + Send + 'static,
    {
        Self {
            verb,
            path,
            access: access.into(),
            operation,
            summary,
            about: "",
            params: Vec::new(),
            body: None,
            answers: Vec::new(),
            creates: false,
            uploads: false,
            versioned: false,
            handler: Arc::new(move |call| Box::pin(handler(call))),
        }
    }

    /// More words for the document.
    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Members behind the `?`.
    pub(crate) fn params(mut self, params: &[Param]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// The body it reads.
    pub(crate) fn reads<T: ToSchema>(mut self) -> Self {
        self.body = Some(SchemaOf::of::<T>());
        self
    }

    /// A JSON answer.
    pub(crate) fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        self.answers.push((status, Answer::Json(SchemaOf::of::<T>())));
        self
    }

    /// `200` with a page of a list.
    pub(crate) fn lists<T: ToSchema>(mut self) -> Self {
        self.params.extend([LIMIT, CURSOR]);
        self.answers.push((200, Answer::Page(SchemaOf::of::<T>())));
        self
    }

    /// `204`.
    pub(crate) fn empty(mut self) -> Self {
        self.answers.push((204, Answer::Empty));
        self
    }

    /// `200` with a file.
    pub(crate) fn file(mut self, types: Vec<&'static str>) -> Self {
        self.answers.push((200, Answer::File(types)));
        self
    }

    /// Its body is a file, which is read once it is known who sends it.
    pub(crate) fn uploads(mut self) -> Self {
        self.uploads = true;
        self
    }

    /// It creates something: `Idempotency-Key` counts.
    pub(crate) fn creates(mut self) -> Self {
        self.creates = true;
        self
    }

    /// It changes something that has versions: `If-Match` counts.
    pub(crate) fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    /// What it needs, in words.
    pub(crate) const fn action(&self) -> &'static str {
        match self.access {
            Access::Action(action) => action.as_str(),
            Access::Public(why) => why,
        }
    }

    pub(crate) const fn method(&self) -> &'static str {
        self.verb.as_str()
    }

    async fn run(&self, state: ApiState, request: Request) -> Result<Response> {
        let call = Call::read(state, request, &self.params, self.uploads).await?;
        if !self.creates {
            return (self.handler)(call).await;
        }
        let Some(key) = idempotency::key_of(&call.parts.headers)? else {
            return (self.handler)(call).await;
        };
        let caller = match call.caller().await? {
            Caller::Anonymous => return (self.handler)(call).await,
            // What one key was answered is not for another one, which may open less.
            caller => match caller.key() {
                Some(key) => format!("{} key:{}", caller.participant(), key.id()),
                None => caller.label(),
            },
        };
        let operation = operation(self.method(), &call.parts);
        let identity = Identity { caller, operation, key, body: call.body.clone() };
        let once = call.access().once.clone();
        idempotency::once(once, identity, (self.handler)(call)).await
    }
}

fn operation(method: &str, parts: &Parts) -> String {
    format!("{method} {}", parts.uri.path())
}

/// Every operation.
pub(crate) fn routes() -> Vec<Route> {
    let mut all = Vec::new();
    all.extend(handlers::session::routes());
    all.extend(handlers::sessions::routes());
    all.extend(handlers::sign_in::routes());
    all.extend(handlers::second_factor::routes());
    all.extend(handlers::setup::routes());
    all.extend(handlers::users::routes());
    all.extend(handlers::invitations::routes());
    all.extend(handlers::service_accounts::routes());
    all.extend(handlers::groups::routes());
    all.extend(handlers::keys::routes());
    all.extend(handlers::attributes::routes());
    all.extend(handlers::children::routes());
    all.extend(handlers::pins::routes());
    all.extend(handlers::versions::routes());
    all.extend(handlers::key_life::routes());
    all.extend(handlers::account_keys::routes());
    all.extend(handlers::workspaces::routes());
    all.extend(handlers::secret_scanning::routes());
    all.extend(handlers::usage::routes());
    all.extend(handlers::sources::routes());
    all.extend(handlers::source_files::routes());
    all.extend(handlers::queries::routes());
    all.extend(handlers::editors::routes());
    all.extend(handlers::runs::routes());
    all.extend(handlers::jobs::routes());
    all.extend(handlers::results::routes());
    all.extend(handlers::views::routes());
    all.extend(handlers::visualizations::routes());
    all.extend(handlers::dashboards::routes());
    all.extend(handlers::widgets::routes());
    all.extend(handlers::tags::routes());
    all.extend(handlers::alerts::routes());
    all.extend(handlers::destinations::routes());
    all.extend(handlers::search::routes());
    all.extend(handlers::history::routes());
    all.extend(handlers::trash::routes());
    all.extend(handlers::snippets::routes());
    all.extend(handlers::organization::routes());
    all.extend(handlers::activity::routes());
    all.extend(handlers::audit::routes());
    all.extend(handlers::schedules::routes());
    all.extend(handlers::system::routes());
    all.extend(handlers::mails::routes());
    all
}

/// Every operation with the action it needs, from the table that makes the router.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    let info = |route: &Route| RouteInfo {
        method: route.method(),
        path: route.path,
        action: route.action(),
    };
    routes().iter().map(info).collect()
}

/// The router of `/v1`. Unknown paths below it and wrong methods are answered here as well.
pub fn router(state: ApiState) -> Router {
    unstated().with_state(state)
}

fn unstated() -> Router<ApiState> {
    let mut paths: BTreeMap<&'static str, Vec<Arc<Route>>> = BTreeMap::new();
    for route in routes() {
        paths.entry(route.path).or_default().push(Arc::new(route));
    }
    let mut router = Router::new();
    for (path, routes) in paths {
        let mut methods: Vec<&str> = routes.iter().map(|route| route.method()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        let allow: Arc<str> = methods.join(", ").into();
        let refuse = move |info: RequestInfo, request: Request| {
            let allow = Arc::clone(&allow);
            async move {
                let (parts, _) = request.into_parts();
                errors::method_not_allowed(&allow, &Asked::of(&parts, &info))
            }
        };
        let mut methods = MethodRouter::new().fallback(refuse);
        for route in routes {
            let filter = route.verb.filter();
            let handler = move |State(state): State<ApiState>, request: Request| {
                serve(Arc::clone(&route), state, request)
            };
            methods = methods.on(filter, handler);
        }
        router = router.route(path, methods);
    }
    router.route("/v1", any(missing)).route("/v1/{*rest}", any(missing))
}

async fn serve(route: Arc<Route>, state: ApiState, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let info = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
    let asked = Asked::of(&parts, &info);
    match route.run(state, Request::from_parts(parts, body)).await {
        Ok(response) => response,
        Err(fault) => errors::respond(&fault, &asked),
    }
}

async fn missing(info: RequestInfo, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    errors::respond(&Fault::not_found("path"), &Asked::of(&parts, &info))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_collide() {
        // The router panics when a path or method is there already.
        let _ = unstated();
    }

    #[test]
    fn everything_that_answers_created_takes_an_idempotency_key() {
        for route in routes() {
            let created = route.answers.iter().any(|(status, _)| *status == 201);
            let public = matches!(route.access, Access::Public(_));
            assert!(!created || route.creates || public, "{} {}", route.method(), route.path);
        }
    }

    #[test]
    fn handlers_that_read_a_body_say_so() {
        for route in routes() {
            let reads = route.body.is_some();
            let safe = route.verb == Verb::Get;
            assert!(!(reads && safe), "{} {}", route.method(), route.path);
        }
    }
}

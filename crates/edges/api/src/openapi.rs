//! The OpenAPI 3.1 document, made from the table of routes and the wire types.

use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    PathsBuilder, Ref, RefOr, Required,
};
use utoipa::{PartialSchema, ToSchema};

use crate::routes::{Access, Answer, Param, Route, Verb, routes};
use crate::wire;

/// The name of the extension that holds an operation's action.
const ACTION: &str = "x-tessera-action";

const ABOUT: &str = "Tessera's own interface: everything the server can do. Objects have an \
integer `id` and a `uid`; lists are pages with a cursor; errors are problem documents (RFC 9457) \
whose `code` is stable. Members that an operation does not know are refused.";

/// A wire type: its name, and how to collect it with all it is made of.
#[derive(Clone)]
pub(crate) struct SchemaOf {
    name: String,
    collect: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl SchemaOf {
    pub(crate) fn of<T: ToSchema>() -> Self {
        Self {
            name: T::name().into_owned(),
            collect: |all| {
                all.push((T::name().into_owned(), <T as PartialSchema>::schema()));
                T::schemas(all);
            },
        }
    }

    fn reference(&self) -> Ref {
        Ref::from_schema_name(&self.name)
    }
}

/// The document.
#[must_use]
pub fn openapi() -> OpenApi {
    let routes = routes();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    (SchemaOf::of::<wire::problem::Problem>().collect)(&mut schemas);
    let mut paths = PathsBuilder::new();
    for route in &routes {
        let answered = route.answers.iter().filter_map(|(_, answer)| match answer {
            Answer::Json(schema) | Answer::Page(schema) => Some(schema),
            Answer::Empty | Answer::File(_) => None,
        });
        for schema in route.body.iter().chain(answered) {
            (schema.collect)(&mut schemas);
        }
        paths = paths.path(route.path, PathItem::new(method(route.verb), operation(route)));
    }
    let mut components = ComponentsBuilder::new()
        .security_scheme(
            "key",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some("A key: `Authorization: Bearer …`."))
                    .build(),
            ),
        )
        .security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "session",
                "A session of the web interface. Requests that change something also need the \
                 cookie `csrf_token` as the header `X-CSRF-Token`.",
            ))),
        );
    for (name, schema) in schemas {
        components = components.schema(name, schema);
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Tessera")
                .version("1")
                .description(Some(ABOUT))
                .license(Some(
                    LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
                ))
                .build(),
        )
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

const fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

fn operation(route: &Route) -> Operation {
    let tag = route.path.split('/').nth(2).unwrap_or_default();
    let needs = match route.access {
        Access::Action(action) => format!("Needs the action `{}`.", action.as_str()),
        Access::Public(why) => format!("Needs no credential ({why})."),
    };
    let about = if route.about.is_empty() { String::new() } else { format!("{}\n\n", route.about) };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(route.operation))
        .tag(tag)
        .summary(Some(route.summary))
        .description(Some(format!("{about}{needs}")))
        .extensions(Some(ExtensionsBuilder::new().add(ACTION, route.action()).build()))
        .parameters(Some(parameters(route)));
    if let Access::Action(_) = route.access {
        let none = Vec::<String>::new;
        operation = operation
            .security(SecurityRequirement::new("key", none()))
            .security(SecurityRequirement::new("session", none()));
    }
    if let Some(body) = &route.body {
        let content = ContentBuilder::new().schema(Some(body.reference())).build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(Required::True))
                .build(),
        ));
    }
    if route.uploads {
        let binary = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Binary,
            )))
            .build();
        let content = ContentBuilder::new().schema(Some(binary)).build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content("application/octet-stream", content)
                .required(Some(Required::True))
                .build(),
        ));
    }
    for (status, answer) in &route.answers {
        operation = operation.response(status.to_string(), response(*status, answer));
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    operation
        .response(
            "default",
            ResponseBuilder::new()
                .description("A problem document; see `code`.")
                .content("application/problem+json", problem)
                .build(),
        )
        .build()
}

fn parameters(route: &Route) -> Vec<Parameter> {
    let mut all = Vec::new();
    for part in route.path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            all.push(named(name, ParameterIn::Path, "string", path_about(route.path, name)));
        }
    }
    all.extend(route.params.iter().map(query_parameter));
    if route.creates {
        let about = "A text of your own that names this request: sent again with the same body \
                     within 24 hours, it is answered as the first time and not done again. \
                     Another body is 422; while another node still does it, the answer is \
                     `conflict` with `Retry-After`.";
        all.push(named("Idempotency-Key", ParameterIn::Header, "string", about));
    }
    if route.versioned {
        let about = "The version that the change is based on, as `ETag` gave it; another present \
                     version is answered with `conflict`.";
        all.push(named("If-Match", ParameterIn::Header, "string", about));
    }
    all
}

fn path_about(path: &str, name: &str) -> &'static str {
    match (path.split('/').nth(2).unwrap_or_default(), name) {
        ("queries", "id") => "`id`, `uid`, or `self` with the key of a query.",
        ("dashboards", "id") => {
            "`id`, `uid`, `slug:` and a slug, or `self` with the key of a dashboard."
        }
        ("results", "id") => "`id` or `uid`; for a file followed by a dot and its format.",
        ("users", "id") => "`id`, or `self`.",
        ("jobs" | "sessions", "id") | ("users", "sub_id") => "`uid`.",
        ("keys", "id") if !path.ends_with("{id}") => "`id`, or `self`.",
        ("problems", "id") => "A code.",
        ("alerts" | "destinations", _) | ("queries", "sub_id") => "`id` or `uid`.",
        _ => "`id`.",
    }
}

fn named(name: &str, place: ParameterIn, kind: &str, about: &str) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::new(type_of(kind)))))
        .build()
}

fn query_parameter(param: &Param) -> Parameter {
    let mut parameter = named(param.name, ParameterIn::Query, param.kind, param.about);
    if param.repeats {
        let one = ObjectBuilder::new().schema_type(SchemaType::new(type_of(param.kind)));
        parameter.schema = Some(ArrayBuilder::new().items(one.build()).into());
    }
    parameter
}

fn type_of(kind: &str) -> Type {
    match kind {
        "integer" => Type::Integer,
        "boolean" => Type::Boolean,
        _ => Type::String,
    }
}

fn response(status: u16, answer: &Answer) -> Response {
    let response = ResponseBuilder::new().description(match status {
        201 => "Created.",
        202 => "Begun; `Location` tells where to look.",
        204 => "Done.",
        _ => "The answer.",
    });
    let text = || HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    let response = match status {
        201 | 202 => response.header("Location", text().build()),
        _ => response,
    };
    match answer {
        Answer::Empty => response.build(),
        Answer::Json(schema) => {
            let content = ContentBuilder::new().schema(Some(schema.reference())).build();
            response.content("application/json", content).build()
        }
        Answer::Page(schema) => {
            let content = ContentBuilder::new().schema(Some(page(schema))).build();
            response.content("application/json", content).build()
        }
        Answer::File(types) => types
            .iter()
            .fold(response, |response, kind| response.content(*kind, ContentBuilder::new().build()))
            .build(),
    }
}

fn page(schema: &SchemaOf) -> Schema {
    let cursor = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new()
        .property("data", ArrayBuilder::new().items(schema.reference()))
        .required("data")
        .property(
            "next_cursor",
            ObjectBuilder::new()
                .schema_type(cursor)
                .description(Some("To be sent as `cursor`; null on the last page.")),
        )
        .required("next_cursor")
        .property(
            "total",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .description(Some("Elements of the whole list.")),
        )
        .required("total")
        .into()
}

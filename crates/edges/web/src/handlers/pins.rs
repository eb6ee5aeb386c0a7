//! A new pinned key of a query: which query, what of its parameters, and the key.

use http::StatusCode;
use tessera_access::terms::QueryVersion;
use tessera_access::{Action, Authorized, ListQueries, Object, PinQuery, ReadQuery, Visible};
use tessera_bi::{QueryFilter, QueryOrder, QueryScope, QueryTakes};
use tessera_kernel::ids::{QueryId, UserId};
use tessera_kernel::{Code, Fault, PageRequest, Result};

use super::{address, at_field, made, names, new_form};
use crate::call::{Answer, Call};
use crate::controls::Errors;
use crate::map::parameters::{self, Dropdowns, Slot};
use crate::map::pins as map;
use crate::sent::Sent;
use crate::views::{pick_query, pin_form};

/// Queries to choose from on a page.
const PICKED_QUERIES: u64 = 20;

pub(crate) async fn form(call: Call) -> Answer {
    if call.query.get("query").is_empty() {
        return pick(&call).await;
    }
    let query = query_id(&call)?;
    let grant = call.permit(ReadQuery { query }).await?;
    // Asking makes no key: only what the button does is written down.
    let gate = &call.access().gate;
    gate.decide(&call.caller, Action::QueriesPin, Object::Query(query)).await?;
    let asked = Asked::read(&call, &grant).await?;
    asked.show(&call, StatusCode::OK, &Errors::default())
}

pub(crate) async fn create(call: Call) -> Answer {
    let query = query_id(&call)?;
    let grant = call.permit(PinQuery { query }).await?;
    let reads = call.permit_aside(ReadQuery { query }).await?;
    let reads = reads.ok_or_else(|| Fault::new(Code::Forbidden, "you may not read this query"))?;
    let asked = Asked::read(&call, &reads).await?;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let keys = &call.access().keys;
    let (slots, names) = (&asked.slots, &asked.takes.attributes);
    let new = match map::new_key(&call.form, slots, names, asked.version, keys.now()) {
        Ok(new) => new,
        Err(errors) => return asked.show(&call, refused, &errors),
    };
    let (who, form) = (call.caller.label(), call.form.get("form"));
    let sent = Sent::begin(&call.access().once, &who, form).await?;
    let minted = match call.bi().queries.pin(&grant, new).await {
        Ok(minted) => minted,
        Err(fault) => {
            sent.forget().await;
            return asked.show(&call, refused, &at_field(fault)?);
        }
    };
    sent.made().await;
    let names = names::of(&call, std::slice::from_ref(&minted.key)).await?;
    Ok(made(&call, &minted, &names))
}

fn query_id(call: &Call) -> Result<QueryId> {
    let text = call.query.get("query");
    text.parse().map(QueryId).map_err(|_| Fault::not_found("query"))
}

/// What the form is about.
struct Asked {
    query: QueryId,
    name: String,
    version: Option<QueryVersion>,
    takes: QueryTakes,
    slots: Vec<Slot>,
    /// Why there is no form.
    closed: Option<&'static str>,
}

impl Asked {
    async fn read(call: &Call, grant: &Authorized<ReadQuery>) -> Result<Self> {
        let queries = &call.bi().queries;
        let name = queries.get(grant).await?.listing.query.name;
        let present = queries.takes(grant, None).await?;
        let asked = match call.query.get("version") {
            "" if present.any_version && present.approved.is_none() => {
                Some(QueryVersion::Number(present.current))
            }
            "" | "approved" => Some(QueryVersion::Approved),
            "latest" => None,
            number => {
                let number = number.parse().map_err(|_| Fault::not_found("version"))?;
                Some(QueryVersion::Number(number))
            }
        };
        let closed = match asked {
            Some(QueryVersion::Approved) if present.approved.is_none() => Some(
                "This query has no approved version. Its owner, with full access to the data source, \
                 or an administrator can approve one.",
            ),
            Some(QueryVersion::Approved) => None,
            _ if !present.any_version => Some(
                "Only who may edit the query makes keys for a version that is not the approved one.",
            ),
            _ => None,
        };
        let takes = match closed {
            Some(_) => present,
            None => queries.takes(grant, asked).await?,
        };
        let dropdowns = dropdowns(call, grant, &takes).await?;
        let slots = parameters::slots(takes.parameters.clone(), &dropdowns);
        Ok(Self { query: grant.act().query, name, version: asked, takes, slots, closed })
    }

    fn show(&self, call: &Call, status: StatusCode, errors: &Errors) -> Answer {
        let context = call.context();
        let view = pin_form::Form {
            query: self.query,
            name: &self.name,
            version: self.version,
            takes: &self.takes,
            slots: &self.slots,
            closed: self.closed,
            typed: &call.form,
            errors,
            proof: call.proof(),
            form: new_form(call),
            address: address(&context),
        };
        Ok(call.page(status, "New pinned key", &view.html()))
    }
}

/// The values that parameters are chosen from; where there are none, why.
async fn dropdowns(
    call: &Call,
    grant: &Authorized<ReadQuery>,
    takes: &QueryTakes,
) -> Result<Dropdowns> {
    let mut found = Dropdowns::new();
    for id in parameters::dropdown_queries(&takes.parameters) {
        let other = QueryId(id);
        let right = call.permit_aside(ReadQuery { query: other }).await?;
        let options = match call.bi().queries.dropdown(grant, other, right.as_ref()).await {
            Ok(options) => Ok(options
                .into_iter()
                .map(|option| {
                    let name = match option.name {
                        serde_json::Value::String(name) => name,
                        _ => option.value.clone(),
                    };
                    (option.value, name)
                })
                .collect()),
            Err(fault) if fault.code() == Code::Internal => return Err(fault),
            Err(fault) => Err(crate::refusal::sentence(&fault)),
        };
        found.insert(id, options);
    }
    Ok(found)
}

/// The page to choose a query on.
async fn pick(call: &Call) -> Answer {
    let grant = call.permit(ListQueries {}).await?;
    let words: Vec<String> = call.query.get("q").split_whitespace().map(str::to_owned).collect();
    let (order, descending) = match words.is_empty() {
        true => (QueryOrder::UpdatedAt, true),
        false => (QueryOrder::Rank, false),
    };
    let filter = QueryFilter {
        // The service fills in what the caller may see.
        visible: Visible { everything: false, user: UserId(0), sources: Vec::new() },
        scope: QueryScope::Runnable,
        search: words,
        tags: Vec::new(),
        order,
        descending,
    };
    let page = PageRequest { number: 1, size: PICKED_QUERIES };
    let found = call.bi().queries.list(&grant, filter, page).await?;
    let view = pick_query::Pick { found: &found, typed: call.query.get("q") };
    Ok(call.page(StatusCode::OK, "New pinned key", &view.html()))
}

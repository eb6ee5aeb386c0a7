//! Keys of one query with values and ranges for its parameters: made in one call, checked against
//! the query before they exist.

use std::collections::BTreeMap;

use serde_json::Map;
use tessera_access::ports::Facts;
use tessera_access::terms::{
    Caps, Conditions, Effect, Grant, Limit, QueryVersion, Range, Selector, Terms,
};
use tessera_access::{
    Action, Attributes, Authorized, BoundedKey, MintedKey, PinQuery, UserPrincipal,
    check_given_attributes,
};
use tessera_formats::Format;
use tessera_kernel::{Code, Fault, Result, Timestamp};
use tessera_sqltext::{Context, Number, Parameter, ParameterKind, Scalar, Template};

use super::{Queries, Query};
use crate::Json;
use crate::parameters::definitions;

/// What a key of a query is made of.
#[derive(Debug, Clone, Default)]
pub struct NewPinnedKey {
    /// What its maker calls it.
    pub name: String,
    /// Values that the holder cannot choose.
    pub pinned: BTreeMap<String, Json>,
    /// Parameters that the holder may choose within ranges; with any, nothing else is free.
    pub free: BTreeMap<String, Range>,
    /// Which version it runs; `None` for the latest.
    pub version: Option<QueryVersion>,
    /// Attributes: `{{ key.name }}`.
    pub attributes: Attributes,
    /// How much of one result.
    pub caps: Caps,
    /// From where and how it may be used.
    pub conditions: Conditions,
    /// How much.
    pub limits: Vec<Limit>,
    /// Whether tokens may be made from it.
    pub attenuable: bool,
    /// Whether its holder may make keys below it.
    pub delegable: bool,
    /// From when it works.
    pub not_before: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
}

impl Queries {
    /// Makes a key that opens this query with these values. Any version but the approved one takes
    /// the right to edit the query.
    ///
    /// # Errors
    /// `Invalid` with the member that does not fit the query; `Forbidden`.
    pub async fn pin(&self, grant: &Authorized<PinQuery>, new: NewPinnedKey) -> Result<MintedKey> {
        let user = grant.user()?;
        if new.version != Some(QueryVersion::Approved) && !edits(user, grant.facts()) {
            let detail =
                "a key for another version than the approved one takes the right to edit the query";
            return Err(Fault::new(Code::Forbidden, detail)
                .with_reason("scope_missing")
                .with_field("version"));
        }
        check_given_attributes("attributes", user, &new.attributes)?;
        let query = self.require(grant.act().query).await?;
        let query = match self.parts.version_number(&query, new.version).await? {
            None => query,
            Some(number) => {
                let text = self.parts.version(&query, number).await?;
                Query { text: text.text, options: text.options, source: text.source, ..query }
            }
        };
        self.check_pins(grant, &query, &new).await?;
        check_caps(&new.caps)?;
        check_origins(&new.conditions.origin)?;
        let key = BoundedKey {
            name: new.name,
            not_before: new.not_before,
            expires_at: new.expires_at,
            terms: Terms {
                grants: grants(&query, new.version, new.delegable),
                conditions: new.conditions,
                limits: new.limits,
                pinned: new.pinned,
                free: new.free,
                attributes: new.attributes,
                caps: new.caps,
                attenuable: new.attenuable,
                ..Terms::default()
            },
        };
        self.parts.keys.mint_for_query(grant, key).await
    }

    async fn check_pins(
        &self,
        grant: &Authorized<PinQuery>,
        query: &Query,
        new: &NewPinnedKey,
    ) -> Result<()> {
        let (_, dialect) = self.parts.runnable(query.source).await?;
        let definitions = definitions(&query.options)?;
        let template = Template::parse(&query.text, dialect)?;
        let names = template.names();
        let unknown = |group: &str, name: &str| {
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let detail = format!("is no parameter of the query; it has {known}");
            Fault::invalid(format!("{group}.{name}"), detail)
        };
        if let Some(name) = new.pinned.keys().find(|name| !names.contains(name)) {
            return Err(unknown("pinned", name));
        }
        for name in new.free.keys() {
            if !names.contains(name) {
                return Err(unknown("free", name));
            }
            if new.pinned.contains_key(name) {
                return Err(Fault::invalid(format!("free.{name}"), "is pinned already"));
            }
        }
        let left =
            |name: &&String| !new.pinned.contains_key(*name) && !new.free.contains_key(*name);
        if let Some(name) = names.iter().find(left).filter(|_| !new.free.is_empty()) {
            let detail = format!(
                "say what becomes of {name}: with any parameter free, every other one must be pinned or free as well"
            );
            return Err(Fault::invalid("free", detail));
        }
        if let Some(name) = template.attributes().iter().find(|name| {
            let member = name.strip_prefix("key.");
            member.is_none_or(|member| !new.attributes.contains_key(member))
        }) {
            let detail = format!(
                "the query uses {name}; a key of a query has only attributes of its own, given here"
            );
            return Err(Fault::invalid("attributes", detail));
        }
        let dropdowns = self.parts.dropdown_values(grant.caller(), &definitions).await?;
        let context = Context {
            now: self.parts.clock.now(),
            zone: self.parts.settings.time_zone,
            dropdowns: &dropdowns,
        };
        let fits = |name: &str, value: &Json| {
            let given: Map<String, Json> = [(name.to_owned(), value.clone())].into_iter().collect();
            template.check(&definitions, &given, &context).map(|values| values.get(name).is_some())
        };
        for (name, value) in &new.pinned {
            if !fits(name, value).unwrap_or(false) {
                return Err(Fault::invalid(format!("pinned.{name}"), "does not fit the parameter"));
            }
        }
        for (name, range) in &new.free {
            let definition = definitions.iter().find(|definition| definition.name == *name);
            check_range(name, range, definition, &context)?;
            if !range.choices.iter().all(|choice| fits(name, choice).unwrap_or(false)) {
                let detail = "has a value that does not fit the parameter";
                return Err(Fault::invalid(format!("free.{name}.enum"), detail));
            }
        }
        Ok(())
    }
}

/// Whether somebody may make keys for any version, and not for the approved one only.
pub(super) fn edits(user: &UserPrincipal, facts: &Facts) -> bool {
    user.is_admin() || facts.owner == Some(user.id) || facts.editors.contains(&user.id)
}

/// What the key may do: read and run this query in this version, and see how its runs went.
fn grants(query: &Query, version: Option<QueryVersion>, delegable: bool) -> Vec<Grant> {
    let resource = Selector::Query(query.id, version);
    let of_query = [Action::QueriesRun, Action::QueriesRead, Action::JobsRead, Action::ResultsRead];
    let mut grants: Vec<Grant> = of_query.map(|action| Grant::allow(action, resource)).into();
    if delegable {
        grants.push(Grant {
            effect: Effect::Allow,
            action: Action::KeysDelegate.into(),
            resource: Selector::Any,
        });
    }
    grants
}

fn check_range(
    name: &str,
    range: &Range,
    definition: Option<&Parameter>,
    context: &Context<'_>,
) -> Result<()> {
    let number = Scalar::Number(Number::Integer(0));
    let today = Scalar::Date(context.now.with_timezone(&context.zone).date_naive());
    let samples: &[&Scalar] = match definition.map(|definition| &definition.kind) {
        Some(ParameterKind::Number) => &[&number],
        Some(
            ParameterKind::Date
            | ParameterKind::DatetimeLocal
            | ParameterKind::DatetimeWithSeconds
            | ParameterKind::DateRange
            | ParameterKind::DatetimeRange
            | ParameterKind::DatetimeRangeWithSeconds,
        ) => &[&today],
        Some(_) => &[],
        None => &[&number, &today],
    };
    for (member, bound) in [("min", &range.min), ("max", &range.max)] {
        let Some(bound) = bound else { continue };
        if !samples.iter().any(|sample| sample.compare(bound, context).is_some()) {
            let detail = "is no bound for this parameter: write a number, a day such as 2026-01-31, \
                          or a relative one such as -90d; for other types use enum";
            return Err(Fault::invalid(format!("free.{name}.{member}"), detail));
        }
    }
    if let (Some(Json::Number(min)), Some(max)) = (&range.min, &range.max)
        && let Some(min) = Number::parse(&min.to_string())
        && Scalar::Number(min).compare(max, context) == Some(std::cmp::Ordering::Greater)
    {
        return Err(Fault::invalid(format!("free.{name}"), "min is greater than max"));
    }
    Ok(())
}

fn check_caps(caps: &Caps) -> Result<()> {
    if caps.rows == Some(0) || caps.bytes == Some(0) {
        return Err(Fault::invalid("caps", "a cap of nothing gives nothing; leave it out"));
    }
    match caps.formats.iter().find(|format| Format::from_extension(format).is_none()) {
        None => Ok(()),
        Some(format) => {
            let known = Format::ALL.map(Format::extension).join(", ");
            Err(Fault::invalid("caps.formats", format!("there is no {format}; use {known}")))
        }
    }
}

/// Origins as browsers send them: a scheme and a host, perhaps a port, and nothing after it.
fn check_origins(origins: &[String]) -> Result<()> {
    let good = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| {
            let plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte)
            };
            !host.is_empty() && host.bytes().all(plain)
        })
    };
    match origins.iter().find(|origin| !good(origin)) {
        None => Ok(()),
        Some(origin) => Err(Fault::invalid(
            "conditions.origin",
            format!("{origin:?} is no origin; write one such as https://acme.example"),
        )),
    }
}

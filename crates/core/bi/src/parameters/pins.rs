//! Pinned values and free ranges of keys: what the key says is put over what the caller says, and
//! where both speak of the same parameter the caller is refused, not ignored.
//!
//! A key may stand below others and carry caveats. Each of these levels holds: none can change what
//! one above it fixed, or go beyond a range above it.

use std::collections::BTreeSet;

use serde_json::Map;
use tessera_access::terms::{Range, Terms};
use tessera_access::{ActiveKey, Caller};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Context, Parameter, Scalar, Values};

use crate::service::Parts;
use crate::{DropdownOption, Json};

/// The values to run with: pinned ones, the caller's, and defaults where neither speaks. Without
/// pins in the key the caller's are all there is.
///
/// # Errors
/// `Forbidden` with the reason `parameter_pinned` and the parameter's name, if the caller names one
/// that it may not choose, or if the query has none that the key fixes.
pub(crate) fn merge(
    key: Option<&ActiveKey>,
    names: &[String],
    definitions: &[Parameter],
    given: &Map<String, Json>,
) -> Result<Map<String, Json>> {
    let Some(key) = key.filter(|key| key.pins()) else { return Ok(given.clone()) };
    let levels: Vec<&Terms> = key.terms().collect();
    let mut pinned: Map<String, Json> = Map::new();
    for (name, value) in levels.iter().flat_map(|level| &level.pinned) {
        if !names.contains(name) {
            // Without it the rows would be everybody's.
            return Err(refuse(name, "is fixed by the key, and the query has no such parameter"));
        }
        match pinned.get(name) {
            Some(above) if above != value => {
                return Err(refuse(name, "is fixed by the key above to another value"));
            }
            Some(_) => {}
            None => {
                pinned.insert(name.clone(), value.clone());
            }
        }
    }
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for name in given.keys() {
        let root = root_of(name, definitions);
        if pinned.contains_key(root) || pinned.contains_key(name) {
            return Err(refuse(root, "is fixed by the key; leave it out"));
        }
        chosen.insert(root);
    }
    let mut merged = given.clone();
    for definition in definitions {
        let name = definition.name.as_str();
        let open = !pinned.contains_key(name) && !chosen.contains(name);
        if open && names.iter().any(|used| used == name) && !definition.default.is_null() {
            merged.insert(name.to_owned(), definition.default.clone());
            chosen.insert(name);
        }
    }
    check_free(&levels, &chosen)?;
    merged.extend(pinned);
    Ok(merged)
}

/// Where a level says what is free, nothing else is: neither for the caller nor for levels below.
fn check_free(levels: &[&Terms], chosen: &BTreeSet<&str>) -> Result<()> {
    for (depth, level) in levels.iter().enumerate().filter(|(_, level)| !level.free.is_empty()) {
        let (above, below) = levels.split_at(depth + 1);
        let fixed = |name: &str| above.iter().any(|terms| terms.pinned.contains_key(name));
        let pinned_below = below.iter().flat_map(|terms| terms.pinned.keys().map(String::as_str));
        for name in chosen.iter().copied().chain(pinned_below) {
            if !level.free.contains_key(name) && !fixed(name) {
                return Err(refuse(name, "is not among those that the key leaves free"));
            }
        }
    }
    Ok(())
}

/// Checks values, as they were read, against the ranges of all levels.
///
/// # Errors
/// `Forbidden` with the reason `parameter_pinned` and the parameter's name.
pub(crate) fn check(key: Option<&ActiveKey>, values: &Values, context: &Context<'_>) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    for (name, range) in key.terms().flat_map(|level| &level.free) {
        let Some(value) = values.get(name) else { continue };
        if !value.scalars().into_iter().all(|scalar| within(range, scalar, context)) {
            return Err(refuse(
                name,
                &format!("is outside of what the key allows: {}", told(range)),
            ));
        }
    }
    Ok(())
}

/// Whether a value is in a range. What cannot be compared is not.
pub(crate) fn within(range: &Range, scalar: &Scalar, context: &Context<'_>) -> bool {
    let ordered = |bound: &Option<Json>, good: fn(std::cmp::Ordering) -> bool| {
        bound.as_ref().is_none_or(|bound| scalar.compare(bound, context).is_some_and(good))
    };
    ordered(&range.min, std::cmp::Ordering::is_ge)
        && ordered(&range.max, std::cmp::Ordering::is_le)
        && (range.choices.is_empty()
            || range.choices.iter().any(|choice| scalar.equals(choice, context)))
}

fn told(range: &Range) -> String {
    let mut parts = Vec::new();
    parts.extend(range.min.as_ref().map(|min| format!("at least {min}")));
    parts.extend(range.max.as_ref().map(|max| format!("at most {max}")));
    if !range.choices.is_empty() {
        let choices: Vec<String> = range.choices.iter().map(Json::to_string).collect();
        parts.push(format!("one of {}", choices.join(", ")));
    }
    parts.join(", ")
}

/// The parameter that a given name speaks of: `x` for `x.start` and `x.end`.
fn root_of<'a>(name: &'a str, definitions: &[Parameter]) -> &'a str {
    if definitions.iter().any(|definition| definition.name == name) {
        return name;
    }
    match name.rsplit_once('.') {
        Some((root, "start" | "end")) => root,
        _ => name,
    }
}

fn refuse(name: &str, why: &str) -> Fault {
    Fault::new(Code::Forbidden, format!("the parameter {name} {why}"))
        .with_reason("parameter_pinned")
        .with_names(vec![name.to_owned()])
}

impl Parts {
    /// Of values to choose from, those that the caller's key lets it choose for one of these
    /// parameters.
    ///
    /// # Errors
    /// `Forbidden` if the key fixes all of them.
    pub(crate) fn choosable(
        &self,
        caller: &Caller,
        parameters: &[String],
        options: Vec<DropdownOption>,
    ) -> Result<Vec<DropdownOption>> {
        let Some(key) = caller.key().filter(|key| key.pins()) else { return Ok(options) };
        let nobody = std::collections::HashMap::new();
        let context =
            Context { now: self.clock.now(), zone: self.settings.time_zone, dropdowns: &nobody };
        let open = |name: &&String| {
            key.pinned(name).is_none()
                && key.terms().all(|level| level.free.is_empty() || level.free.contains_key(*name))
        };
        let Some(name) = parameters.iter().find(open) else {
            let name = parameters.first().map_or("", String::as_str);
            return Err(refuse(name, "is fixed by the key; leave it out"));
        };
        let ranges: Vec<&Range> = key.terms().filter_map(|level| level.free.get(name)).collect();
        let good = |option: &DropdownOption| {
            let scalar = Scalar::Text(option.value.clone());
            ranges.iter().all(|range| within(range, &scalar, &context))
        };
        Ok(options.into_iter().filter(good).collect())
    }
}

#[cfg(test)]
mod tests;

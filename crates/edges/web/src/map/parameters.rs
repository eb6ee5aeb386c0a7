//! Parameters of a query as forms show them: what is typed for each, and what it starts with.

use std::collections::HashMap;

use serde_json::Value as Json;
use tessera_bi::Taken;
use tessera_sqltext::ParameterKind;

/// What to choose from: value and name.
pub(crate) type Options = Vec<(String, String)>;

/// The choices of the queries that parameters take their values from, or why there are none.
pub(crate) type Dropdowns = HashMap<i64, Result<Options, String>>;

/// How much of a moment is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Day,
    Minutes,
    Seconds,
}

impl Moment {
    /// The control that browsers have for it, and its step.
    pub(crate) const fn input(self) -> &'static str {
        match self {
            Self::Day => "date",
            Self::Minutes | Self::Seconds => "datetime-local",
        }
    }
}

/// What is typed for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Number,
    /// One of some values.
    One(Options),
    /// Any of some values.
    Many(Options),
    Moment(Moment),
    /// From one moment to another.
    Range(Moment),
    /// Nothing is said about it: text, a number, or several of these.
    Any,
    /// The same with two ends.
    AnyRange,
}

/// A parameter in a form.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) shape: Shape,
    /// What the form begins with.
    pub(crate) default: Json,
    /// What else to know of it.
    pub(crate) note: String,
}

impl Slot {
    /// Whether `min` and `max` mean something.
    pub(crate) const fn has_bounds(&self) -> bool {
        matches!(
            self.shape,
            Shape::Number | Shape::Moment(_) | Shape::Range(_) | Shape::Any | Shape::AnyRange
        )
    }

    /// Whether the only values can be written down, one on a line.
    pub(crate) const fn has_lines(&self) -> bool {
        matches!(self.shape, Shape::Text | Shape::Number | Shape::Any)
    }
}

/// The queries whose values are to be loaded.
pub(crate) fn dropdown_queries(parameters: &[Taken]) -> Vec<i64> {
    let mut found: Vec<i64> = parameters
        .iter()
        .filter_map(|taken| match taken.definition.as_ref()?.kind {
            ParameterKind::Query { query_id } => Some(query_id),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The parameters of a form.
pub(crate) fn slots(parameters: Vec<Taken>, dropdowns: &Dropdowns) -> Vec<Slot> {
    parameters.into_iter().map(|taken| slot(taken, dropdowns)).collect()
}

fn slot(taken: Taken, dropdowns: &Dropdowns) -> Slot {
    let Some(definition) = taken.definition else {
        let shape = if taken.is_range { Shape::AnyRange } else { Shape::Any };
        let note = "The query says nothing about this parameter.".to_owned();
        return Slot {
            title: taken.name.clone(),
            name: taken.name,
            shape,
            default: Json::Null,
            note,
        };
    };
    let several = definition.multi.is_some();
    let choices = |options: Options| match several {
        true => Shape::Many(options),
        false => Shape::One(options),
    };
    let (shape, note) = match definition.kind {
        ParameterKind::Text => (Shape::Text, String::new()),
        ParameterKind::TextPattern { regex } => (Shape::Text, format!("Must match {regex}")),
        ParameterKind::Number => (Shape::Number, String::new()),
        ParameterKind::Enum { options } => {
            (choices(options.into_iter().map(|one| (one.clone(), one)).collect()), String::new())
        }
        ParameterKind::Query { query_id } => match dropdowns.get(&query_id) {
            Some(Ok(options)) => (choices(options.clone()), String::new()),
            Some(Err(reason)) => {
                let note = format!("The values to choose from cannot be shown: {reason}");
                (choices(Vec::new()), note)
            }
            None => (choices(Vec::new()), String::new()),
        },
        ParameterKind::Date => (Shape::Moment(Moment::Day), String::new()),
        ParameterKind::DatetimeLocal => (Shape::Moment(Moment::Minutes), String::new()),
        ParameterKind::DatetimeWithSeconds => (Shape::Moment(Moment::Seconds), String::new()),
        ParameterKind::DateRange => (Shape::Range(Moment::Day), String::new()),
        ParameterKind::DatetimeRange => (Shape::Range(Moment::Minutes), String::new()),
        ParameterKind::DatetimeRangeWithSeconds => (Shape::Range(Moment::Seconds), String::new()),
    };
    Slot { name: taken.name, title: definition.title, shape, default: definition.default, note }
}

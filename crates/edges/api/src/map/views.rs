//! Views: from bodies and query members to the core's words.

use tessera_bi::Json;
use tessera_bi::views as core;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::wire::views as wire;

/// Reads a body that came in no request.
///
/// # Errors
/// `Invalid` with the member that is wrong.
pub fn read(body: &str) -> Result<core::View> {
    let body = serde_json::from_str(body);
    view(body.map_err(|error| Fault::invalid("body", error.to_string()))?)
}

/// A body as a view.
pub(crate) fn view(body: wire::View) -> Result<core::View> {
    let filter = body.filter.into_iter().enumerate();
    let filter: Result<_> =
        filter.map(|(place, one)| condition(one, &format!("filter[{place}]"))).collect();
    Ok(core::View {
        filter: filter?,
        search: body
            .search
            .map(|search| core::Search { text: search.text, columns: search.columns }),
        group_by: body
            .group_by
            .into_iter()
            .map(|by| core::GroupBy { column: by.column, unit: by.unit.map(unit) })
            .collect(),
        aggregates: body.aggregates.into_iter().map(aggregate).collect(),
        pivot: body.pivot.map(|pivot| core::Pivot { column: pivot.column, values: pivot.values }),
        columns: body.columns,
        distinct: body.distinct,
        sort: body
            .sort
            .into_iter()
            .map(|sort| core::Sort {
                column: sort.column,
                descending: sort.descending,
                nulls_first: sort.nulls_first,
            })
            .collect(),
        offset: body.offset,
        limit: body.limit,
    })
}

fn condition(body: wire::Condition, member: &str) -> Result<core::Condition> {
    let many = |list: Vec<wire::Condition>, word: &str| -> Result<Vec<core::Condition>> {
        let each = list.into_iter().enumerate();
        each.map(|(place, one)| condition(one, &format!("{member}.{word}[{place}]"))).collect()
    };
    Ok(match (body.column, body.op, body.all, body.any, body.not) {
        (Some(column), Some(op), None, None, None) => {
            core::Condition::Compare { column, op: operator(op), value: body.value }
        }
        (Some(_), None, None, None, None) => {
            return Err(Fault::invalid(format!("{member}.op"), "is required"));
        }
        (None, None, Some(all), None, None) => core::Condition::All(many(all, "all")?),
        (None, None, None, Some(any), None) => core::Condition::Any(many(any, "any")?),
        (None, None, None, None, Some(not)) => {
            core::Condition::Not(Box::new(condition(*not, &format!("{member}.not"))?))
        }
        _ => {
            let detail = "send column, op and value, or one of all, any and not";
            return Err(Fault::invalid(member, detail));
        }
    })
}

const fn operator(op: wire::Operator) -> core::Operator {
    match op {
        wire::Operator::Eq => core::Operator::Eq,
        wire::Operator::Ne => core::Operator::Ne,
        wire::Operator::Lt => core::Operator::Lt,
        wire::Operator::Lte => core::Operator::Lte,
        wire::Operator::Gt => core::Operator::Gt,
        wire::Operator::Gte => core::Operator::Gte,
        wire::Operator::In => core::Operator::In,
        wire::Operator::NotIn => core::Operator::NotIn,
        wire::Operator::Between => core::Operator::Between,
        wire::Operator::IsNull => core::Operator::IsNull,
        wire::Operator::NotNull => core::Operator::NotNull,
        wire::Operator::Contains => core::Operator::Contains,
        wire::Operator::StartsWith => core::Operator::StartsWith,
        wire::Operator::EndsWith => core::Operator::EndsWith,
    }
}

const fn unit(unit: wire::Unit) -> core::Unit {
    match unit {
        wire::Unit::Second => core::Unit::Second,
        wire::Unit::Minute => core::Unit::Minute,
        wire::Unit::Hour => core::Unit::Hour,
        wire::Unit::Day => core::Unit::Day,
        wire::Unit::Week => core::Unit::Week,
        wire::Unit::Month => core::Unit::Month,
        wire::Unit::Quarter => core::Unit::Quarter,
        wire::Unit::Year => core::Unit::Year,
    }
}

fn aggregate(body: wire::Aggregate) -> core::Aggregate {
    let function = match body.function {
        wire::Function::Count => core::Function::Count,
        wire::Function::CountDistinct => core::Function::CountDistinct,
        wire::Function::Sum => core::Function::Sum,
        wire::Function::Avg => core::Function::Avg,
        wire::Function::Min => core::Function::Min,
        wire::Function::Max => core::Function::Max,
    };
    let name = body.name.unwrap_or_else(|| match &body.column {
        Some(column) => format!("{}_{column}", function.as_str()),
        None => function.as_str().to_owned(),
    });
    core::Aggregate { function, column: body.column, name }
}

/// The operators as they stand in an address.
const OPERATORS: [(&str, core::Operator); 14] = [
    ("eq", core::Operator::Eq),
    ("ne", core::Operator::Ne),
    ("lt", core::Operator::Lt),
    ("lte", core::Operator::Lte),
    ("gt", core::Operator::Gt),
    ("gte", core::Operator::Gte),
    ("in", core::Operator::In),
    ("not_in", core::Operator::NotIn),
    ("between", core::Operator::Between),
    ("is_null", core::Operator::IsNull),
    ("not_null", core::Operator::NotNull),
    ("contains", core::Operator::Contains),
    ("starts_with", core::Operator::StartsWith),
    ("ends_with", core::Operator::EndsWith),
];

/// Query members as a view.
pub(crate) fn of_members(call: &Call) -> Result<core::View> {
    let number = |name: &str| -> Result<Option<u64>> {
        let wrong = |_| Fault::invalid(name, "send a whole number");
        call.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    };
    let filter: Result<Vec<_>> = call.texts("filter").iter().map(|text| comparison(text)).collect();
    Ok(core::View {
        filter: filter?,
        search: call
            .text("search")
            .map(|text| core::Search { text: text.to_owned(), columns: Vec::new() }),
        columns: call.texts("column"),
        distinct: call.flag("distinct")?,
        sort: call
            .texts("sort")
            .iter()
            .map(|text| core::Sort {
                column: text.strip_prefix('-').unwrap_or(text).to_owned(),
                descending: text.starts_with('-'),
                nulls_first: false,
            })
            .collect(),
        offset: number("offset")?.unwrap_or(0),
        limit: number("limit")?,
        ..core::View::default()
    })
}

/// `amount:gte:10`; several values have commas between them.
///
/// # Errors
/// `Invalid` for a text of another form.
pub fn comparison(text: &str) -> Result<core::Condition> {
    let mut parts = text.splitn(3, ':');
    let (column, op) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let value = parts.next();
    let known = OPERATORS.iter().find(|(word, _)| *word == op).ok_or_else(|| {
        let words: Vec<&str> = OPERATORS.iter().map(|(word, _)| *word).collect();
        let detail = format!("send column:op:value with one of {}", words.join(", "));
        Fault::invalid("filter", detail)
    })?;
    let value = match (known.1, value) {
        (core::Operator::In | core::Operator::NotIn | core::Operator::Between, Some(list)) => {
            list.split(',').map(Json::from).collect()
        }
        (_, Some(value)) => Json::from(value),
        (_, None) => Json::Null,
    };
    Ok(core::Condition::Compare { column: column.to_owned(), op: known.1, value })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: serde_json::Value) -> Result<core::View> {
        view(serde_json::from_value(body).expect("the right shape"))
    }

    #[test]
    fn a_condition_says_one_thing() {
        let good = read(json!({ "filter": [
            { "any": [
                { "column": "a", "op": "is_null" },
                { "not": { "column": "a", "op": "in", "value": [1, 2] } },
            ] },
        ] }));
        assert_eq!(good.expect("good").filter.len(), 1);
        for (body, field) in [
            (json!({ "filter": [{ "any": [{ "column": "a" }] }] }), "filter[0].any[0].op"),
            (json!({ "filter": [{ "column": "a", "op": "eq", "all": [] }] }), "filter[0]"),
            (json!({ "filter": [{}] }), "filter[0]"),
        ] {
            assert_eq!(read(body).expect_err("refused").field(), Some(field));
        }
    }

    #[test]
    fn members_read_as_comparisons() {
        let found = comparison("at:gte:2026-01-01T10:00:00Z").expect("reads");
        let core::Condition::Compare { column, op, value } = found else { panic!("a comparison") };
        assert_eq!((column.as_str(), op), ("at", core::Operator::Gte));
        assert_eq!(value, json!("2026-01-01T10:00:00Z"));
        let found = comparison("day:between:2026-01-01,2026-02-01").expect("reads");
        let core::Condition::Compare { value, .. } = found else { panic!("a comparison") };
        assert_eq!(value, json!(["2026-01-01", "2026-02-01"]));
        assert_eq!(comparison("a:like:x").expect_err("refused").field(), Some("filter"));
    }
}

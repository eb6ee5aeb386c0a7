//! Conditions: how the value of a result is compared with that of an alert.

use crate::{AlertState, Json};

/// How the value is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 6] = [
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Equal,
        Self::NotEqual,
    ];

    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    /// Reads a spelling; old alerts have words, which clients turn into signs (`=` for `equals`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "greater than" => Some(Self::Greater),
            "less than" => Some(Self::Less),
            "equals" | "=" => Some(Self::Equal),
            _ => Self::ALL.into_iter().find(|operator| operator.as_str() == text),
        }
    }

    fn of_numbers(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Greater => value > threshold,
            Self::GreaterOrEqual => value >= threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
            #[expect(clippy::float_cmp, reason = "equal is what was asked for")]
            Self::Equal => value == threshold,
            #[expect(clippy::float_cmp, reason = "equal is what was asked for")]
            Self::NotEqual => value != threshold,
        }
    }

    /// Texts have no order that everybody would expect, so only equality is asked of them.
    fn of_texts(self, value: &str, threshold: &str) -> Option<bool> {
        match self {
            Self::Equal => Some(value == threshold),
            Self::NotEqual => Some(value != threshold),
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => None,
        }
    }
}

/// Which row's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSelector {
    /// That of the first row.
    First,
    /// The least of all rows.
    Min,
    /// The largest of all rows.
    Max,
}

impl RowSelector {
    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::First, Self::Min, Self::Max].into_iter().find(|known| known.as_str() == text)
    }
}

/// What an alert's options say, as far as they can be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition<'a> {
    pub(crate) column: &'a str,
    pub(crate) selector: RowSelector,
    operator: Operator,
    threshold: &'a Json,
}

impl<'a> Condition<'a> {
    /// Reads options. `None` if something is missing or means nothing: then nothing can be said.
    pub(crate) fn of(options: &'a Json) -> Option<Self> {
        let text = |name: &str| options.get(name).and_then(Json::as_str);
        Some(Self {
            column: text("column")?,
            selector: match options.get("selector") {
                None | Some(Json::Null) => RowSelector::First,
                Some(selector) => RowSelector::parse(selector.as_str()?)?,
            },
            operator: Operator::parse(text("op")?)?,
            threshold: options.get("value").filter(|value| !value.is_null())?,
        })
    }

    /// The state that a value means.
    pub(crate) fn state(&self, value: &Json) -> AlertState {
        let holds = match value {
            Json::Null | Json::Array(_) | Json::Object(_) => None,
            // Truth values are compared as the words that people see in tables.
            Json::Bool(value) => self.operator.of_texts(word(*value), &text_of(self.threshold)),
            other => match number(other) {
                Some(value) => number(self.threshold)
                    .map(|threshold| self.operator.of_numbers(value, threshold)),
                None => self.operator.of_texts(&text_of(other), &text_of(self.threshold)),
            },
        };
        match holds {
            None => AlertState::Unknown,
            Some(false) => AlertState::Ok,
            Some(true) => AlertState::Triggered,
        }
    }
}

const fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A value as a number, also if it is written as text.
pub(crate) fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok().filter(|number: &f64| !number.is_nan()),
        _ => None,
    }
}

/// A value as people see it in a table.
pub(crate) fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(value) => word(*value).to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn state(operator: &str, value: Json, threshold: Json) -> AlertState {
        let options = json!({ "column": "n", "op": operator, "value": threshold });
        Condition::of(&options).expect("a condition").state(&value)
    }

    #[test]
    fn numbers_are_compared_as_numbers_also_as_texts() {
        use AlertState::{Ok, Triggered};
        for (operator, value, threshold, wanted) in [
            (">", json!(11), json!(10), Triggered),
            (">", json!(10), json!(10), Ok),
            (">=", json!(10), json!("10"), Triggered),
            ("<", json!("9.5"), json!(10), Triggered),
            ("<=", json!(10.0), json!(10), Triggered),
            ("==", json!("10.0"), json!("10"), Triggered),
            ("!=", json!(10), json!(10), Ok),
            ("greater than", json!(11), json!(10), Triggered),
            ("less than", json!(11), json!(10), Ok),
            ("equals", json!(10), json!(10), Triggered),
            ("=", json!(10), json!(11), Ok),
        ] {
            assert_eq!(state(operator, value.clone(), threshold), wanted, "{operator} {value}");
        }
    }

    #[test]
    fn truth_values_are_compared_as_words() {
        assert_eq!(state("==", json!(true), json!("true")), AlertState::Triggered);
        assert_eq!(state("==", json!(false), json!(false)), AlertState::Triggered);
        assert_eq!(state("!=", json!(true), json!("true")), AlertState::Ok);
        assert_eq!(state(">", json!(true), json!(0)), AlertState::Unknown);
    }

    #[test]
    fn texts_have_equality_only() {
        assert_eq!(state("==", json!("down"), json!("down")), AlertState::Triggered);
        assert_eq!(state("!=", json!("down"), json!("up")), AlertState::Triggered);
        assert_eq!(state(">", json!("down"), json!("a")), AlertState::Unknown);
    }

    #[test]
    fn what_cannot_be_compared_is_unknown() {
        assert_eq!(state(">", json!(null), json!(1)), AlertState::Unknown);
        assert_eq!(state(">", json!(1), json!("many")), AlertState::Unknown);
        assert_eq!(state("==", json!([1]), json!("[1]")), AlertState::Unknown);
        assert_eq!(state("==", json!("NaN"), json!("NaN")), AlertState::Triggered, "as a text");
    }

    #[test]
    fn options_that_mean_nothing_are_no_condition() {
        for options in [
            json!({}),
            json!({ "column": "n", "op": "~", "value": 1 }),
            json!({ "column": "n", "op": ">", "value": null }),
            json!({ "column": 7, "op": ">", "value": 1 }),
            json!({ "column": "n", "op": ">", "value": 1, "selector": "median" }),
        ] {
            assert_eq!(Condition::of(&options), None, "{options}");
        }
    }
}

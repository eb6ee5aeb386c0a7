//! Functions and operators of SQLite in the words of the engine.

use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, TimezoneInfo, Value,
};

/// What stands for an expression instead of it, if it means something else here.
pub(super) fn rewritten(expr: &Expr) -> Option<Expr> {
    match expr {
        // LIKE does not regard case.
        Expr::Like { negated, any, expr, pattern, escape_char } => Some(Expr::ILike {
            negated: *negated,
            any: *any,
            expr: expr.clone(),
            pattern: pattern.clone(),
            escape_char: escape_char.clone(),
        }),
        // What is divided by zero is unknown.
        Expr::BinaryOp {
            left,
            op: op @ (BinaryOperator::Divide | BinaryOperator::Modulo),
            right,
        } => Some(Expr::BinaryOp {
            left: left.clone(),
            op: op.clone(),
            right: Box::new(call("nullif", vec![right.as_ref().clone(), number("0")])),
        }),
        Expr::Cast { kind: CastKind::Cast, expr, data_type, array, format } => Some(Expr::Cast {
            kind: CastKind::TryCast,
            expr: expr.clone(),
            data_type: wide(data_type),
            array: *array,
            format: format.clone(),
        }),
        Expr::IsTrue(inner) => Some(differs_from_zero(inner)),
        Expr::Function(function) => named(function),
        _ => None,
    }
}

fn differs_from_zero(inner: &Expr) -> Expr {
    Expr::BinaryOp {
        left: Box::new(inner.clone()),
        op: BinaryOperator::NotEq,
        right: Box::new(number("0")),
    }
}

/// Numbers have 64 bits.
fn wide(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Int(_) | DataType::Integer(_) | DataType::SmallInt(_) | DataType::TinyInt(_) => {
            DataType::BigInt(None)
        }
        DataType::Real | DataType::Float(_) | DataType::Numeric(_) | DataType::Decimal(_) => {
            DataType::Double(ast::ExactNumberInfo::None)
        }
        other => other.clone(),
    }
}

fn named(function: &Function) -> Option<Expr> {
    let [part] = function.name.0.as_slice() else { return None };
    let name = part.as_ident()?.value.to_lowercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    let given: Option<Vec<Expr>> = list
        .args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    let given = given?;
    let again = |name: &str, args: Vec<Expr>| {
        let mut function = function.clone();
        function.name = ObjectName::from(vec![Ident::new(name)]);
        if let FunctionArguments::List(list) = &mut function.args {
            list.args = args.into_iter().map(argument).collect();
        }
        Expr::Function(function)
    };
    match (name.as_str(), given.as_slice()) {
        ("group_concat", [text]) => Some(again("string_agg", vec![as_text(text), quoted(",")])),
        ("group_concat", [text, between]) => {
            Some(again("string_agg", vec![as_text(text), between.clone()]))
        }
        ("total", [summed]) => {
            Some(call("coalesce", vec![again("sum", vec![counted(summed)]), number("0.0")]))
        }
        ("sum" | "avg" | "min" | "max", [one]) if is_comparison(one) => {
            Some(again(&name, vec![counted(one)]))
        }
        ("max", [_, _, ..]) => Some(call("greatest", given)),
        ("min", [_, _, ..]) => Some(call("least", given)),
        ("ifnull", [_, _]) => Some(call("coalesce", given)),
        ("char_length" | "length", [text]) => Some(call("character_length", vec![as_text(text)])),
        ("iif", [condition, then, otherwise]) => {
            let mut condition = condition.clone();
            if !is_comparison(&condition) {
                condition = differs_from_zero(&condition);
            }
            Some(Expr::Case {
                case_token: ast::helpers::attached_token::AttachedToken::empty(),
                end_token: ast::helpers::attached_token::AttachedToken::empty(),
                operand: None,
                conditions: vec![ast::CaseWhen { condition, result: then.clone() }],
                else_result: Some(Box::new(otherwise.clone())),
            })
        }
        ("date", [moment, changes @ ..]) => shown(moment, changes, "%Y-%m-%d"),
        ("time", [moment, changes @ ..]) => shown(moment, changes, "%H:%M:%S"),
        ("datetime", [moment, changes @ ..]) => shown(moment, changes, "%Y-%m-%d %H:%M:%S"),
        ("strftime", [format, moment, changes @ ..]) => {
            let moment = changed(moment, changes)?;
            Some(call("to_char", vec![moment, pattern(format)]))
        }
        _ => None,
    }
}

fn shown(moment: &Expr, changes: &[Expr], format: &str) -> Option<Expr> {
    Some(call("to_char", vec![changed(moment, changes)?, quoted(format)]))
}

/// A pattern, whose `%f` are seconds with three digits behind the point.
fn pattern(format: &Expr) -> Expr {
    match text_of(format) {
        Some(format) => quoted(&format.replace("%f", "%S%.3f")),
        None => format.clone(),
    }
}

/// A moment with the changes that SQLite writes behind it; `None` for one that is not known here.
fn changed(moment: &Expr, changes: &[Expr]) -> Option<Expr> {
    let start = match text_of(moment) {
        Some(text) if text.eq_ignore_ascii_case("now") => call("now", Vec::new()),
        _ => moment.clone(),
    };
    let mut moment = as_type(start, DataType::Timestamp(None, TimezoneInfo::None));
    for change in changes {
        let change = text_of(change)?.trim().to_lowercase();
        moment = match change.as_str() {
            "utc" | "localtime" | "auto" => moment,
            "start of day" => call("date_trunc", vec![quoted("day"), moment]),
            "start of month" => call("date_trunc", vec![quoted("month"), moment]),
            "start of year" => call("date_trunc", vec![quoted("year"), moment]),
            other => Expr::BinaryOp {
                left: Box::new(moment),
                op: BinaryOperator::Plus,
                right: Box::new(span(other)?),
            },
        };
    }
    Some(moment)
}

/// `-7 days` as an interval.
fn span(text: &str) -> Option<Expr> {
    let (count, unit) = text.split_once(' ')?;
    let count: i64 = count.trim_start_matches('+').parse().ok()?;
    let unit = unit.trim().trim_end_matches('s');
    if !["second", "minute", "hour", "day", "month", "year"].contains(&unit) {
        return None;
    }
    Some(Expr::Interval(ast::Interval {
        value: Box::new(quoted(&format!("{count} {unit}"))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }))
}

fn text_of(expr: &Expr) -> Option<String> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text.clone()),
        _ => None,
    }
}

fn is_comparison(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_comparison(inner),
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
                | BinaryOperator::And
                | BinaryOperator::Or
        ),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. } => true,
        _ => false,
    }
}

/// A truth value as 1 or 0.
fn counted(expr: &Expr) -> Expr {
    if is_comparison(expr) { as_type(expr.clone(), DataType::BigInt(None)) } else { expr.clone() }
}

fn as_text(expr: &Expr) -> Expr {
    as_type(expr.clone(), DataType::Text)
}

fn as_type(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::TryCast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

fn quoted(text: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(text.to_owned()))
}

fn number(digits: &str) -> Expr {
    Expr::value(Value::Number(digits.to_owned(), false))
}

fn argument(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.into_iter().map(argument).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

//! Sections: stretches of a text that are there, or not, by the value of a parameter.

use tessera_kernel::{Fault, Result};

use crate::tags::{Tag, Want};
use crate::values::{Number, Scalar, Value, Values};

/// Whether there are sections among the tags.
///
/// # Errors
/// `invalid` with field `query` if they do not fit into each other.
pub(crate) fn check(tags: &[Tag]) -> Result<bool> {
    let mut open: Vec<&str> = Vec::new();
    let mut any = false;
    for tag in tags {
        match &tag.want {
            Want::Section { name, .. } => {
                any = true;
                open.push(name);
            }
            Want::SectionEnd(name) => match open.pop() {
                Some(begun) if begun == name => {}
                Some(begun) => {
                    let detail = format!("{{{{/{name}}}}} stands where {{{{/{begun}}}}} is due");
                    return Err(Fault::invalid("query", detail));
                }
                None => {
                    let detail = format!("{{{{/{name}}}}} ends a section that was not begun");
                    return Err(Fault::invalid("query", detail));
                }
            },
            _ => {}
        }
    }
    match open.pop() {
        None => Ok(any),
        Some(name) => {
            let detail = format!("the section {{{{#{name}}}}} has no end: write {{{{/{name}}}}}");
            Err(Fault::invalid("query", detail))
        }
    }
}

/// The text with the sections that hold, and without the tags that begin and end them.
pub(crate) fn expanded(text: &str, tags: &[Tag], values: &Values) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // For each open section whether it is shown, together with those around it.
    let mut shown: Vec<bool> = Vec::new();
    for tag in tags {
        let is_shown = shown.last().copied().unwrap_or(true);
        let inner = match &tag.want {
            Want::Section { name, inverted } => Some(is_shown && holds(values, name) != *inverted),
            Want::SectionEnd(_) => None,
            _ => continue,
        };
        if is_shown {
            out.push_str(text.get(at..tag.span.start).unwrap_or_default());
        }
        at = tag.span.end;
        match inner {
            Some(inner) => shown.push(inner),
            None => drop(shown.pop()),
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// What counts as true: all but an empty text, an empty list, zero and false.
fn holds(values: &Values, name: &str) -> bool {
    match values.get(name) {
        None => false,
        Some(Value::Range { .. }) => true,
        Some(Value::Many(scalars)) => !scalars.is_empty(),
        Some(Value::One(Scalar::Text(text))) => !text.is_empty(),
        Some(Value::One(Scalar::Boolean(value))) => *value,
        Some(Value::One(Scalar::Number(Number::Integer(number)))) => *number != 0,
        Some(Value::One(Scalar::Number(Number::Decimal(text)))) => {
            text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
        }
        Some(Value::One(Scalar::Date(_) | Scalar::Datetime { .. })) => true,
    }
}

//! Values as literals: the protocol has no other way. They are written anew from what they mean, by
//! one rule for each type; a text from a caller never goes into a statement as it came.

use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bind;

/// The statement that runs another with values: `EXECUTE … USING …`.
pub(super) fn using(head: &str, binds: &[Bind]) -> Result<String> {
    let values: Vec<String> = binds.iter().map(literal).collect::<Result<_>>()?;
    Ok(format!("{head} USING {}", values.join(", ")))
}

/// A text between quotes: a quote is doubled, and nothing else has a meaning there.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(bind: &Bind) -> Result<String> {
    Ok(match bind {
        Bind::Integer(number) if i32::try_from(*number).is_ok() => number.to_string(),
        Bind::Integer(number) => format!("BIGINT '{number}'"),
        Bind::Decimal(text) => {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
            if !plain {
                return Err(Fault::new(Code::Internal, "a number is not in plain notation"));
            }
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            // More digits than an exact number can have.
            let kind = if digits > 38 { "DOUBLE" } else { "DECIMAL" };
            format!("{kind} '{text}'")
        }
        Bind::Text(text) | Bind::Untyped(text) => quoted(text),
        Bind::Date(date) => format!("DATE '{date}'"),
        Bind::Datetime(time) => format!("TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_anew_by_their_type() {
        let day: chrono::NaiveDate = "2020-01-02".parse().expect("a day");
        let binds = [
            Bind::Integer(-5),
            Bind::Integer(9_007_199_254_740_993),
            Bind::Decimal("-1.50".to_owned()),
            Bind::Untyped("it's -- '' \\' ; ?".to_owned()),
            Bind::Date(day),
            Bind::Datetime(day.and_hms_milli_opt(3, 4, 5, 6).expect("a time")),
        ];
        assert_eq!(
            using("EXECUTE s", &binds).expect("is written"),
            "EXECUTE s USING -5, BIGINT '9007199254740993', DECIMAL '-1.50', \
             'it''s -- '''' \\'' ; ?', DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04:05.006000'"
        );
        assert!(using("EXECUTE s", &[Bind::Decimal("1' or".to_owned())]).is_err());
    }
}

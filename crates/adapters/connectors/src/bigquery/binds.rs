//! Values as query parameters: each has a name, a type and its text.

use serde_json::{Value as Json, json};
use tessera_sqltext::Bind;

/// Digits in front of and behind the point that a `NUMERIC` has, and a `BIGNUMERIC` surely has.
const NUMERIC: (usize, usize) = (29, 9);
const BIGNUMERIC: (usize, usize) = (38, 38);

/// The parameters `p1`, `p2`, … of a statement.
pub(super) fn parameters(binds: &[Bind]) -> Vec<Json> {
    let one = |(place, bind): (usize, &Bind)| {
        json!({
            "name": format!("p{}", place + 1),
            "parameterType": { "type": kind(bind) },
            "parameterValue": { "value": text(bind) },
        })
    };
    binds.iter().enumerate().map(one).collect()
}

/// A text takes the type of its place (dates and times), as a literal does.
fn kind(bind: &Bind) -> &'static str {
    match bind {
        Bind::Integer(_) => "INT64",
        Bind::Decimal(text) => {
            let digits = text.trim_start_matches('-');
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let fits = |most: (usize, usize)| whole.len() <= most.0 && fraction.len() <= most.1;
            match () {
                () if fits(NUMERIC) => "NUMERIC",
                () if fits(BIGNUMERIC) => "BIGNUMERIC",
                // As for a literal of so many digits.
                () => "FLOAT64",
            }
        }
        Bind::Text(_) | Bind::Untyped(_) => "STRING",
        Bind::Date(_) => "DATE",
        Bind::Datetime(_) => "DATETIME",
    }
}

fn text(bind: &Bind) -> String {
    match bind {
        Bind::Datetime(time) => time.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        other => other.text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_the_type_that_holds_it() {
        let day: chrono::NaiveDate = "2020-01-02".parse().expect("a day");
        let many = "1".repeat(39);
        let binds = [
            Bind::Integer(-5),
            Bind::Decimal("-1.50".to_owned()),
            Bind::Decimal("0.1234567891".to_owned()),
            Bind::Decimal(many.clone()),
            Bind::Untyped("' or 1=1 --".to_owned()),
            Bind::Date(day),
            Bind::Datetime(day.and_hms_milli_opt(3, 4, 5, 6).expect("a time")),
        ];
        let expected = [
            ("INT64", "-5"),
            ("NUMERIC", "-1.50"),
            ("BIGNUMERIC", "0.1234567891"),
            ("FLOAT64", &many),
            ("STRING", "' or 1=1 --"),
            ("DATE", "2020-01-02"),
            ("DATETIME", "2020-01-02 03:04:05.006000"),
        ];
        let parameters = parameters(&binds);
        assert_eq!(parameters.len(), expected.len());
        for (place, (parameter, (kind, text))) in parameters.iter().zip(expected).enumerate() {
            assert_eq!(parameter["name"], format!("p{}", place + 1));
            assert_eq!(parameter["parameterType"]["type"], kind);
            assert_eq!(parameter["parameterValue"]["value"], text);
        }
    }
}

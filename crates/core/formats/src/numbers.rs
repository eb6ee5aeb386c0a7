//! Numbers as text: integers, shortest floats, and tests of decimal text.

/// Appends an integer.
pub(crate) fn push_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a finite float with the fewest digits that read back as the same value: `1.0`, `0.1`,
/// `1e+16`, `1e-05`.
pub(crate) fn push_f64(out: &mut Vec<u8>, value: f64) {
    push_laid_out(out, ryu::Buffer::new().format_finite(value));
}

/// Appends a finite single-precision float with the fewest digits that read back as the same
/// single-precision value.
pub(crate) fn push_f32(out: &mut Vec<u8>, value: f32) {
    push_laid_out(out, ryu::Buffer::new().format_finite(value));
}

/// The 64-bit float with the same shortest digits, so that 0.1 stays 0.1.
pub(crate) fn widen(value: f32) -> f64 {
    if value.is_finite() {
        ryu::Buffer::new().format_finite(value).parse().unwrap_or_else(|_| f64::from(value))
    } else {
        f64::from(value)
    }
}

/// Appends shortest digits, plain from 0.0001 up to 16 digits before the point, else with an
/// exponent of at least two digits.
fn push_laid_out(out: &mut Vec<u8>, digits: &str) {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if !unsigned.starts_with("0.0000") && !unsigned.as_bytes().contains(&b'e') {
        out.extend_from_slice(digits.as_bytes());
        return;
    }
    if unsigned.len() < digits.len() {
        out.push(b'-');
    }
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let leading = (all.len() - significant.len()) as i32;
    let significant = significant.trim_end_matches('0').as_bytes();
    // the value is 0.significant × 10^point
    let point = whole.len() as i32 + exponent - leading;
    if significant.is_empty() {
        out.extend_from_slice(b"0.0");
    } else if !(-3..=16).contains(&point) {
        out.push(significant[0]);
        if significant.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&significant[1..]);
        }
        let exponent = point - 1;
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        push_integer(out, i64::from(exponent.abs()));
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(significant);
    } else {
        let point = point as usize;
        if significant.len() <= point {
            out.extend_from_slice(significant);
            out.extend(std::iter::repeat_n(b'0', point - significant.len()));
            out.extend_from_slice(b".0");
        } else {
            out.extend_from_slice(&significant[..point]);
            out.push(b'.');
            out.extend_from_slice(&significant[point..]);
        }
    }
}

/// How many bytes at the start make a JSON number; 0 if they do not.
pub(crate) fn json_number_length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return 0;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return 0;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return 0;
        }
        at += 1 + sign + exponent;
    }
    at
}

/// Whether the whole text is a JSON number.
pub(crate) fn is_json_number(text: &[u8]) -> bool {
    !text.is_empty() && json_number_length(text) == text.len()
}

/// Whether a 64-bit float keeps every digit of this decimal text: at most 15 of them, and neither
/// too large nor too close to zero.
pub(crate) fn fits_float(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits =
        mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    let value = text.parse::<f64>().unwrap_or(f64::NAN);
    value.is_finite() && digits <= 15 && (digits == 0 || value.abs() >= f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f64_text(value: f64) -> String {
        let mut out = Vec::new();
        push_f64(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn f32_text(value: f32) -> String {
        let mut out = Vec::new();
        push_f32(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_shortest_and_laid_out_by_magnitude() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00001, "1e-05"),
            (-0.000012345, "-1.2345e-05"),
            (1e-7, "1e-07"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (1.5e-300, "1.5e-300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(f64_text(value), text);
        }
    }

    #[test]
    fn single_precision_keeps_its_own_digits() {
        assert_eq!(f32_text(0.1), "0.1");
        assert_eq!(f32_text(1.5), "1.5");
        assert_eq!(f32_text(1e14), "100000000000000.0");
        assert_eq!(f32_text(1.234e15), "1234000000000000.0");
        assert_eq!(f32_text(1e16), "1e+16");
        assert_eq!(f32_text(0.0001), "0.0001");
        assert_eq!(f32_text(0.000001), "1e-06");
        assert_eq!(widen(0.1), 0.1);
    }

    #[test]
    fn json_numbers_are_told_from_other_text() {
        for good in ["0", "-0", "1", "10.50", "1e5", "-1.5E-10", "12345678901234567890.123456789"] {
            assert!(is_json_number(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "01", ".5", "1.", "+1", "NaN", "1e", "1 ", "0x1", "-Infinity"] {
            assert!(!is_json_number(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn fifteen_digits_fit_a_float() {
        assert!(fits_float("0.10"));
        assert!(fits_float("123456789012345"));
        assert!(fits_float("0.00"));
        for lost in ["1234567890123456.7", "1e400", "1e-400", "NaN", "x"] {
            assert!(!fits_float(lost), "{lost}");
        }
    }
}

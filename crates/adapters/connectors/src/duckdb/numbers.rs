//! Numbers, bits and times of day that Arrow has no type for, from DuckDB's own form.

use std::fmt::Write as _;

/// Seconds that DuckDB adds to the negative offset of a time of day, so that it is never negative.
const OFFSET_SECONDS_MAX: i64 = 15 * 3600 + 59 * 60 + 59;

/// Microseconds of a second.
const MICROS: u64 = 1_000_000;

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// The largest power of ten that fits 32 bits.
const CHUNK: u64 = 1_000_000_000;

/// The digits of `HUGEINT` and `UHUGEINT`.
pub(super) fn huge(bytes: [u8; 16], signed: bool) -> String {
    if signed {
        i128::from_le_bytes(bytes).to_string()
    } else {
        u128::from_le_bytes(bytes).to_string()
    }
}

/// `HUGEINT` or `UHUGEINT` as a number of 64 bits, if it is one.
pub(super) fn narrow(bytes: [u8; 16], signed: bool) -> Option<i64> {
    if signed {
        i64::try_from(i128::from_le_bytes(bytes)).ok()
    } else {
        i64::try_from(u128::from_le_bytes(bytes)).ok()
    }
}

/// The digits of `BIGNUM`: three bytes with sign and length, and the bytes of the number, the most
/// significant first; all of them inverted if it is negative.
pub(super) fn bignum(bytes: &[u8]) -> Option<String> {
    let negative = *bytes.first()? & 0x80 == 0;
    let body = bytes.get(3..)?.iter().map(|byte| if negative { !byte } else { *byte });
    // Groups of nine digits, the least significant first.
    let mut groups: Vec<u64> = vec![0];
    for byte in body {
        let mut carry = u64::from(byte);
        for group in &mut groups {
            let value = *group * 256 + carry;
            *group = value % CHUNK;
            carry = value / CHUNK;
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut digits = String::new();
    if negative {
        digits.push('-');
    }
    for (place, group) in groups.iter().rev().enumerate() {
        let _written = match place {
            0 => write!(digits, "{group}"),
            _ => write!(digits, "{group:09}"),
        };
    }
    Some(digits)
}

/// The digits of `BIT`: a byte with the number of bits that are left out, and the bits.
pub(super) fn bits(bytes: &[u8]) -> Option<String> {
    let (left_out, rest) = bytes.split_first()?;
    let all = rest.iter().flat_map(|byte| {
        (0..8).rev().map(move |place| if byte >> place & 1 == 1 { '1' } else { '0' })
    });
    Some(all.skip(usize::from(*left_out)).collect())
}

/// `TIME`, with as many digits behind the second as are needed.
pub(super) fn time(micros: i64) -> String {
    let micros = u64::try_from(micros).unwrap_or_default();
    clock(micros / MICROS, micros % MICROS, 6)
}

/// `TIME_NS`.
pub(super) fn time_ns(nanos: i64) -> String {
    let nanos = u64::try_from(nanos).unwrap_or_default();
    clock(nanos / NANOS, nanos % NANOS, 9)
}

fn clock(seconds: u64, fraction: u64, digits: usize) -> String {
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        let _written = write!(text, ".{fraction:0digits$}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

/// `TIME WITH TIME ZONE`: microseconds above 24 bits of offset.
pub(super) fn time_tz(bytes: [u8; 8]) -> String {
    let packed = u64::from_le_bytes(bytes);
    let micros = packed >> 24;
    let offset = OFFSET_SECONDS_MAX - i64::try_from(packed & 0x00ff_ffff).unwrap_or_default();
    let mut text = clock(micros / MICROS, micros % MICROS, 6);
    text.push(if offset < 0 { '-' } else { '+' });
    let offset = offset.unsigned_abs();
    let (hours, minutes, seconds) = (offset / 3600, offset / 60 % 60, offset % 60);
    let _written = match (minutes, seconds) {
        (0, 0) => write!(text, "{hours:02}"),
        (_, 0) => write!(text, "{hours:02}:{minutes:02}"),
        _ => write!(text, "{hours:02}:{minutes:02}:{seconds:02}"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_keep_every_digit() {
        let bytes = hex::decode("80001508727f6369aaf80000000000000000000000000000").expect("hex");
        let digits = bignum(&bytes).expect("is read");
        assert!(digits.starts_with("123456789"), "{digits}");
        assert_eq!(bignum(&[0x80, 0, 1, 0]).expect("is read"), "0");
        assert_eq!(bignum(&[0x7f, 0xff, 0xfe, 0xfe]).expect("is read"), "-1");
        assert_eq!(bignum(&[0x80, 0, 4, 0x3b, 0x9a, 0xca, 1]).expect("is read"), "1000000001");
        assert_eq!(huge((-5_i128).to_le_bytes(), true), "-5");
        assert_eq!(narrow(u128::MAX.to_le_bytes(), false), None);
        assert_eq!(narrow((-5_i128).to_le_bytes(), true), Some(-5));
    }

    #[test]
    fn bits_and_times_are_written_as_duckdb_writes_them() {
        assert_eq!(bits(&[4, 0xf5]).expect("is read"), "0101");
        assert_eq!(time(14_706_789_000), "04:05:06.789");
        assert_eq!(time_ns(14_706_000_000_001), "04:05:06.000000001");
        assert_eq!(time_tz(0x036c_8bc0_8000_c4df_u64.to_le_bytes()), "04:05:06+02");
    }
}

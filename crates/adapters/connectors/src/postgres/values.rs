//! Fixed-size values in the server's binary form (network byte order).

use arrow_array::types::{IntervalMonthDayNano, IntervalMonthDayNanoType};
use tessera_kernel::{Code, Fault, Result};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

pub(super) fn malformed() -> Fault {
    Fault::new(Code::Internal, "the server sent a value that does not have the form of its type")
}

fn array<const N: usize>(raw: &[u8]) -> Result<[u8; N]> {
    raw.try_into().map_err(|_| malformed())
}

pub(super) fn boolean(raw: &[u8]) -> Result<bool> {
    Ok(array::<1>(raw)?[0] != 0)
}

pub(super) fn u32(raw: &[u8]) -> Result<u32> {
    Ok(u32::from_be_bytes(array(raw)?))
}

pub(super) fn u64(raw: &[u8]) -> Result<u64> {
    Ok(u64::from_be_bytes(array(raw)?))
}

pub(super) fn i32(raw: &[u8]) -> Result<i32> {
    Ok(i32::from_be_bytes(array(raw)?))
}

pub(super) fn i64(raw: &[u8]) -> Result<i64> {
    Ok(i64::from_be_bytes(array(raw)?))
}

/// A whole number of 2, 4 or 8 bytes.
pub(super) fn integer(raw: &[u8]) -> Result<i64> {
    match raw.len() {
        2 => Ok(i64::from(i16::from_be_bytes(array(raw)?))),
        4 => Ok(i64::from(i32(raw)?)),
        _ => i64(raw),
    }
}

/// Days since 1970; infinities stay what they are, the largest and the smallest number.
pub(super) fn date(raw: &[u8]) -> Result<i32> {
    match i32(raw)? {
        infinity @ (i32::MAX | i32::MIN) => Ok(infinity),
        days => days.checked_add(EPOCH_DAYS).ok_or_else(malformed),
    }
}

/// Microseconds since 1970; infinities stay what they are.
pub(super) fn timestamp(raw: &[u8]) -> Result<i64> {
    match i64(raw)? {
        infinity @ (i64::MAX | i64::MIN) => Ok(infinity),
        micros => micros.checked_add(EPOCH_MICROS).ok_or_else(|| {
            Fault::new(Code::Unsupported, "a moment is after the year 294246; cast it to text")
        }),
    }
}

/// Months, days and time, which the server keeps apart too.
pub(super) fn interval(raw: &[u8]) -> Result<IntervalMonthDayNano> {
    let bytes: [u8; 16] = array(raw)?;
    let micros = i64(&bytes[..8])?;
    let nanos = micros.checked_mul(1000).ok_or_else(|| {
        Fault::new(Code::Unsupported, "an interval is longer than 292 years; cast it to text")
    })?;
    let (days, months) = (i32(&bytes[8..12])?, i32(&bytes[12..])?);
    Ok(IntervalMonthDayNanoType::make_value(months, days, nanos))
}

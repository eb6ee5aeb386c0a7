//! What the encoders guarantee, format by format.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod columnar;
mod json;
mod properties;
mod sample;
mod text;
mod xls;
mod xlsx;

//! What the encoders guarantee, format by format.

mod columnar;
mod json;
mod properties;
mod sample;
mod text;
mod xlsx;

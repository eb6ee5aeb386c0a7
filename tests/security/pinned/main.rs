//! What a key fixes stays fixed: pinned values, keys below keys, and tokens of visitors.

mod attenuation;
mod values;

//! What makes two results the same: all that the rows depend on, byte for byte.

use sha2::{Digest, Sha256};
use tessera_kernel::ids::SourceId;

/// All that the rows of a result depend on.
#[derive(Debug, Clone, Copy)]
pub struct CacheIdentity<'a> {
    /// The data source.
    pub source: SourceId,
    /// Its settings.
    pub source_version: i64,
    /// The text as it is run, before values are put in.
    pub text: &'a str,
    /// The values with their types, in a form that is the same for equal ones only.
    pub values: &'a str,
    /// Limits that decide whether there is a result at all.
    pub rows_max: u64,
    /// See `rows_max`.
    pub bytes_max: u64,
}

/// The identity as a digest. Every part carries its length, so that no two can run together.
#[must_use]
pub fn cache_key(identity: &CacheIdentity<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"result.v1\0");
    hash.update(identity.source.0.to_be_bytes());
    hash.update(identity.source_version.to_be_bytes());
    hash.update(identity.rows_max.to_be_bytes());
    hash.update(identity.bytes_max.to_be_bytes());
    for part in [identity.text, identity.values] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Which text on which data source a result came from, whatever the values.
#[must_use]
pub fn template_digest(source: SourceId, text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"template.v1\0");
    hash.update(source.0.to_be_bytes());
    hash.update(text.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: CacheIdentity<'static> = CacheIdentity {
        source: SourceId(1),
        source_version: 1,
        text: "select 'a b'",
        values: "{}",
        rows_max: 10,
        bytes_max: 10,
    };

    #[test]
    fn whatever_the_rows_depend_on_is_part_of_the_identity() {
        let variants = [
            CacheIdentity { source: SourceId(2), ..BASE },
            CacheIdentity { source_version: 2, ..BASE },
            CacheIdentity { text: "select 'ab'", ..BASE },
            CacheIdentity { text: "select 'a b' -- hint", ..BASE },
            CacheIdentity { text: "select 'A b'", ..BASE },
            CacheIdentity { values: "{\"n\":1}", ..BASE },
            CacheIdentity { rows_max: 11, ..BASE },
        ];
        for variant in variants {
            assert_ne!(cache_key(&BASE), cache_key(&variant), "{variant:?}");
        }
        assert_eq!(cache_key(&BASE), cache_key(&BASE.clone()));
    }

    #[test]
    fn text_and_values_cannot_run_together() {
        let one = CacheIdentity { text: "ab", values: "c", ..BASE };
        let other = CacheIdentity { text: "a", values: "bc", ..BASE };
        assert_ne!(cache_key(&one), cache_key(&other));
    }
}

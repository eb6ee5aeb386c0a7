//! What makes two results the same: all that the rows depend on, byte for byte.

use sha2::{Digest, Sha256};
use tessera_access::Viewer;
use tessera_kernel::ids::SourceId;
use tessera_sqltext::Bound;

/// All that the rows of a result depend on.
#[derive(Debug, Clone, Copy)]
pub struct CacheIdentity<'a> {
    /// The data source.
    pub source: SourceId,
    /// Its settings.
    pub source_version: i64,
    /// The text as it is run, before values are put in.
    pub text: &'a str,
    /// The statement and the values bound to it, which the definitions of parameters shape too.
    pub bound: &'a Bound,
    /// Limits that decide whether there is a result at all.
    pub rows_max: u64,
    /// See `rows_max`.
    pub bytes_max: u64,
    /// On a data source with a row policy: for whom the rows are.
    pub viewer: Option<Viewer>,
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
    hash.update((identity.text.len() as u64).to_be_bytes());
    hash.update(identity.text.as_bytes());
    identity.bound.digest_into(&mut hash);
    if let Some(viewer) = identity.viewer {
        hash.update(b"viewer\0");
        hash.update(viewer.label().as_bytes());
    }
    hash.finalize().into()
}

/// [`template_digest`] of a run for one viewer. No query has it: such a result is never the latest
/// of a query, nor one that the key of a query opens.
#[must_use]
pub(crate) fn viewed_digest(template: [u8; 32], viewer: Option<Viewer>) -> [u8; 32] {
    let Some(viewer) = viewer else { return template };
    let mut hash = Sha256::new();
    hash.update(b"viewed.v1\0");
    hash.update(template);
    hash.update(viewer.label().as_bytes());
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

    use tessera_kernel::ids::UserId;
    use tessera_sqltext::Bind;

    fn bound(sql: &str, binds: Vec<Bind>) -> Bound {
        Bound { sql: sql.to_owned(), binds, display: String::new() }
    }

    fn base(bound: &Bound) -> CacheIdentity<'_> {
        CacheIdentity {
            source: SourceId(1),
            source_version: 1,
            text: "select 'a b'",
            bound,
            rows_max: 10,
            bytes_max: 10,
            viewer: None,
        }
    }

    #[test]
    fn whatever_the_rows_depend_on_is_part_of_the_identity() {
        let plain = bound("select 'a b'", Vec::new());
        let other = bound("select 'ab'", Vec::new());
        let number = bound("select 'a b'", vec![Bind::Integer(1)]);
        let text = bound("select 'a b'", vec![Bind::Text("1".to_owned())]);
        let variants = [
            CacheIdentity { source: SourceId(2), ..base(&plain) },
            CacheIdentity { source_version: 2, ..base(&plain) },
            CacheIdentity { text: "select 'ab'", ..base(&plain) },
            CacheIdentity { text: "select 'a b' -- hint", ..base(&plain) },
            CacheIdentity { text: "select 'A b'", ..base(&plain) },
            CacheIdentity { rows_max: 11, ..base(&plain) },
            base(&other),
            base(&number),
            base(&text),
            CacheIdentity { viewer: Some(Viewer::Everything), ..base(&plain) },
            CacheIdentity { viewer: Some(Viewer::User(UserId(7))), ..base(&plain) },
            CacheIdentity { viewer: Some(Viewer::User(UserId(8))), ..base(&plain) },
        ];
        let mut keys: Vec<_> = variants.iter().map(cache_key).collect();
        keys.push(cache_key(&base(&plain)));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), variants.len() + 1, "no two are the same");
        assert_eq!(cache_key(&base(&plain)), cache_key(&base(&plain.clone())));
    }

    #[test]
    fn a_result_for_one_viewer_is_no_result_of_a_query() {
        let template = template_digest(SourceId(1), "select 1");
        let one = viewed_digest(template, Some(Viewer::User(UserId(7))));
        let other = viewed_digest(template, Some(Viewer::User(UserId(8))));
        assert_eq!(viewed_digest(template, None), template);
        assert!(one != template && other != template && one != other);
    }
}

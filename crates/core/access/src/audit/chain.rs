//! The canonical form of a record, and the hash that ties it to the one before.
//!
//! Version 1: compact JSON in UTF-8 with the members `action`, `actor`, `address`, `at`, `detail`,
//! `object`, `seq`, `v` in this order (that of their code points), `at` in UTC with six decimals.
//! Inside `detail` members are sorted the same way and numbers are whole. The hash of a record is
//! SHA-256 over the hash of the record before (32 zero bytes for the first) and these bytes. JSON
//! ends itself and the hash before has a fixed length, so no two records have the same bytes.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::AuditEvent;
use crate::keys::hex;

/// Version of the canonical form; part of it.
const VERSION: u64 = 1;

/// The end of a chain: its length and the hash of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of the last record; 0 for an empty chain.
    pub seq: u64,
    /// Hash of the last record; zeros for an empty chain.
    pub hash: [u8; 32],
}

impl ChainHead {
    /// The head of a chain without records.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };

    /// The hash in hexadecimal.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }
}

/// A record in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// When; exact to a microsecond.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// Particulars as canonical JSON.
    pub detail: String,
    /// The address the request came from.
    pub address: Option<String>,
    /// Hash of the record before.
    pub prev_hash: [u8; 32],
    /// Hash of this record.
    pub hash: [u8; 32],
}

/// A record as a line of an export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    action: String,
    actor: String,
    address: Option<String>,
    at: String,
    detail: Json,
    object: String,
    seq: u64,
    v: u64,
    prev_hash: String,
    hash: String,
}

impl AuditRecord {
    /// The record of an event, after the end of a chain.
    #[must_use]
    pub fn after(head: &ChainHead, event: &AuditEvent) -> Self {
        Self {
            seq: 0,
            at: event.at,
            actor: event.actor.clone(),
            action: event.action.to_owned(),
            object: event.object.clone(),
            detail: canonical_json(&event.detail),
            address: event.address.clone(),
            prev_hash: [0; 32],
            hash: [0; 32],
        }
        .linked(head)
    }

    /// The same content, after the end of a chain.
    #[must_use]
    pub fn linked(mut self, head: &ChainHead) -> Self {
        self.seq = head.seq + 1;
        self.prev_hash = head.hash;
        self.hash = self.computed_hash();
        self
    }

    /// The head of a chain that ends with this record.
    #[must_use]
    pub const fn head(&self) -> ChainHead {
        ChainHead { seq: self.seq, hash: self.hash }
    }

    /// The canonical form.
    #[must_use]
    pub fn canonical(&self) -> String {
        let address = self.address.as_deref().map_or_else(|| "null".to_owned(), quoted);
        format!(
            "{{\"action\":{},\"actor\":{},\"address\":{address},\"at\":{},\"detail\":{},\
             \"object\":{},\"seq\":{},\"v\":{VERSION}}}",
            quoted(&self.action),
            quoted(&self.actor),
            quoted(&time_text(self.at)),
            self.detail,
            quoted(&self.object),
            self.seq
        )
    }

    /// The hash that this content has after the record before.
    #[must_use]
    pub fn computed_hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(self.prev_hash).chain_update(self.canonical()).finalize().into()
    }

    /// A line of an export: the canonical form with the two hashes, without line end.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self.canonical();
        line.pop();
        line.push_str(&format!(
            ",\"prev_hash\":\"{}\",\"hash\":\"{}\"}}",
            hex(&self.prev_hash),
            hex(&self.hash)
        ));
        line
    }

    /// Reads a line of an export.
    ///
    /// # Errors
    /// `Malformed` if it is no record in the present form.
    pub fn parse_line(text: &str) -> Result<Self> {
        let bad = |what: &str| Fault::new(Code::Malformed, format!("no audit record: {what}"));
        let line: Line = serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?;
        let at: DateTime<Utc> = line.at.parse().map_err(|_| bad("at is no time"))?;
        if line.v != VERSION || time_text(at) != line.at {
            return Err(bad("its version or its time is not written as version 1 writes it"));
        }
        Ok(Self {
            seq: line.seq,
            at,
            actor: line.actor,
            action: line.action,
            object: line.object,
            detail: canonical_json(&line.detail),
            address: line.address,
            prev_hash: unhex(&line.prev_hash).ok_or_else(|| bad("prev_hash"))?,
            hash: unhex(&line.hash).ok_or_else(|| bad("hash"))?,
        })
    }
}

/// A time as the canonical form has it.
pub(super) fn time_text(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Compact JSON with sorted members and whole numbers; other numbers become texts, because no two
/// programs write them alike.
#[must_use]
pub fn canonical_json(value: &Json) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(name));
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Json::Array(elements) => {
            out.push('[');
            for (at, value) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Json::Number(number) if number.is_f64() => out.push_str(&quoted(&number.to_string())),
        Json::Null | Json::Bool(_) | Json::Number(_) => out.push_str(&value.to_string()),
        Json::String(text) => out.push_str(&quoted(text)),
    }
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// 32 bytes in lower-case hexadecimal.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || text.bytes().any(|byte| !b"0123456789abcdef".contains(&byte)) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> AuditEvent {
        AuditEvent {
            at: DateTime::from_timestamp(1_800_000_000, 123_456_789).expect("a time"),
            actor: "user:7".to_owned(),
            action: "groups.administer",
            object: "group:3".to_owned(),
            detail: json!({ "name": "a \"b\"\n\u{1}é", "b": [1, -2, 0.5], "a": { "z": null, "y": true } }),
            address: None,
        }
    }

    #[test]
    fn the_canonical_form_and_its_hash_are_fixed() {
        let record = AuditRecord::after(&ChainHead::EMPTY, &event());
        assert_eq!(
            record.canonical(),
            "{\"action\":\"groups.administer\",\"actor\":\"user:7\",\"address\":null,\
             \"at\":\"2027-01-15T08:00:00.123456Z\",\"detail\":{\"a\":{\"y\":true,\"z\":null},\
             \"b\":[1,-2,\"0.5\"],\"name\":\"a \\\"b\\\"\\n\\u0001é\"},\"object\":\"group:3\",\
             \"seq\":1,\"v\":1}"
        );
        let fixed = "5e182ad5";
        assert_eq!(&record.head().hash_hex()[..8], fixed, "a change of the form breaks old chains");
    }

    #[test]
    fn a_line_is_read_back_whatever_wrote_it() {
        let record = AuditRecord::after(&ChainHead { seq: 4, hash: [7; 32] }, &event());
        let back = AuditRecord::parse_line(&record.line()).expect("read");
        assert_eq!((back.computed_hash(), back.canonical()), (record.hash, record.canonical()));
        // Another program may write members in another order and with spaces.
        let other: Json = serde_json::from_str(&record.line()).expect("JSON");
        let other = serde_json::to_string_pretty(&other).expect("JSON");
        assert_eq!(AuditRecord::parse_line(&other).expect("read").computed_hash(), record.hash);
        assert!(AuditRecord::parse_line(&record.line().replace("\"v\":1", "\"v\":2")).is_err());
        assert!(AuditRecord::parse_line("{}").is_err());
    }
}

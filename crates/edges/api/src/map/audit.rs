//! The audit log from the core to the wire.

use tessera_access as core;
use tessera_access::CheckpointKey;

use crate::wire::audit::{AuditBreak, AuditRecord, AuditVerification};

pub(crate) fn record(record: core::AuditRecord) -> AuditRecord {
    let (before, own) = (
        core::ChainHead { seq: record.seq, hash: record.prev_hash }.hash_hex(),
        record.head().hash_hex(),
    );
    AuditRecord {
        seq: record.seq,
        at: record.at,
        actor: record.actor,
        action: record.action,
        object: record.object,
        // What is no JSON any more was tampered with, and is shown as it is.
        detail: serde_json::from_str(&record.detail).unwrap_or_else(|_| record.detail.into()),
        address: record.address,
        prev_hash: before,
        hash: own,
    }
}

pub(crate) fn verification(
    found: &core::AuditVerification,
    key: Option<CheckpointKey>,
) -> AuditVerification {
    AuditVerification {
        is_good: found.is_good(),
        count: found.count,
        head_seq: found.head.seq,
        head_hash: found.head.hash_hex(),
        broken: found.broken.map(|broken| AuditBreak {
            index: broken.index,
            kind: broken.kind.as_str(),
            until: broken.until,
        }),
        checkpoints: found.checkpoints,
        checkpoints_refused: found.checkpoints_refused,
        public_key: key.map(|key| key.to_hex()),
    }
}

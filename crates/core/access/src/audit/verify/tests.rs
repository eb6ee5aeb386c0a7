//! Whatever is done to a chain, the first wrong place is named.

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;

use super::super::AuditEvent;
use super::*;

fn chain(length: u64) -> Vec<AuditRecord> {
    let mut head = ChainHead::EMPTY;
    let next = |number| {
        let event = AuditEvent {
            at: DateTime::from_timestamp(1_800_000_000 + number, 0).expect("a time"),
            actor: format!("user:{}", number % 3),
            action: "groups.administer",
            object: format!("group:{number}"),
            detail: json!({ "request_id": format!("r{number}") }),
            address: (number % 2 == 0).then(|| "127.0.0.1".to_owned()),
        };
        let record = AuditRecord::after(&head, &event);
        head = record.head();
        record
    };
    (1..=i64::try_from(length).expect("small")).map(next).collect()
}

/// The chain from a place on, written anew.
fn relink(records: &mut [AuditRecord], from: usize) {
    for at in from..records.len() {
        let head = if at == 0 { ChainHead::EMPTY } else { records[at - 1].head() };
        records[at] = records[at].clone().linked(&head);
    }
}

fn check(
    records: &[AuditRecord],
    marks: &[ChainHead],
    head: Option<ChainHead>,
) -> AuditVerification {
    let mut verifier = AuditVerifier::new(marks.iter().copied());
    records.iter().for_each(|record| verifier.push(record));
    verifier.finish(head, 0)
}

fn place(found: &AuditVerification) -> Option<(u64, BreakKind)> {
    found.broken.map(|broken| (broken.index, broken.kind))
}

/// Changes one thing about a record.
fn flip(record: &mut AuditRecord, what: u8, bit: u8) {
    let text = |text: &mut String| text.push(char::from(b'a' + bit % 26));
    match what % 8 {
        0 => record.at += chrono::TimeDelta::microseconds(1),
        1 => text(&mut record.actor),
        2 => text(&mut record.action),
        3 => text(&mut record.object),
        4 => record.detail = "{}".to_owned(),
        5 => record.address = Some("10.0.0.9".to_owned()),
        6 => record.prev_hash[usize::from(bit % 32)] ^= 1 << (bit % 8),
        _ => record.hash[usize::from(bit % 32)] ^= 1 << (bit % 8),
    }
}

proptest! {
    #[test]
    fn an_untouched_chain_is_good(length in 0_u64..40, mark in 0_u64..40) {
        let records = chain(length);
        let head = records.last().map_or(ChainHead::EMPTY, AuditRecord::head);
        let marks: Vec<_> = records.iter().filter(|r| r.seq == mark).map(AuditRecord::head).collect();
        let found = check(&records, &marks, Some(head));
        prop_assert!(found.is_good());
        prop_assert_eq!((found.count, found.head, found.checkpoints), (length, head, marks.len() as u64));
    }

    #[test]
    fn a_changed_record_is_named(length in 1_u64..30, at in 0_usize..30, what in 0_u8..8, bit: u8) {
        let mut records = chain(length);
        let at = at % records.len();
        let head = records[records.len() - 1].head();
        flip(&mut records[at], what, bit);
        let found = check(&records, &[], Some(head));
        prop_assert_eq!(place(&found), Some((at as u64 + 1, BreakKind::Changed)));
    }

    #[test]
    fn a_changed_record_with_a_new_hash_is_named(length in 1_u64..30, at in 0_usize..30, what in 0_u8..6) {
        let mut records = chain(length);
        let at = at % records.len();
        let head = records[records.len() - 1].head();
        flip(&mut records[at], what, 1);
        relink(&mut records[..=at], at);
        let found = check(&records, &[], Some(head));
        prop_assert_eq!(place(&found), Some((at as u64 + 1, BreakKind::Changed)));
    }

    #[test]
    fn a_deleted_record_is_named(length in 1_u64..30, at in 0_usize..30) {
        let mut records = chain(length);
        let at = at % records.len();
        let head = records[records.len() - 1].head();
        records.remove(at);
        let found = check(&records, &[], Some(head));
        prop_assert_eq!(place(&found), Some((at as u64 + 1, BreakKind::Deleted)));
    }

    #[test]
    fn swapped_records_are_named_by_the_first(length in 2_u64..30, one in 0_usize..30, other in 0_usize..30) {
        let mut records = chain(length);
        let (one, other) = (one % records.len(), other % records.len());
        prop_assume!(one != other);
        records.swap(one, other);
        let found = check(&records, &[], None);
        prop_assert_eq!(place(&found), Some((one.min(other) as u64 + 1, BreakKind::Reordered)));
    }

    #[test]
    fn records_with_swapped_numbers_are_named_by_the_first(length in 2_u64..30, one in 0_usize..30, other in 0_usize..30) {
        let mut records = chain(length);
        let (one, other) = (one % records.len(), other % records.len());
        prop_assume!(one != other);
        records.swap(one, other);
        for (at, record) in records.iter_mut().enumerate() {
            record.seq = at as u64 + 1;
        }
        let found = check(&records, &[], None);
        prop_assert_eq!(found.broken.map(|broken| broken.index), Some(one.min(other) as u64 + 1));
    }

    #[test]
    fn an_inserted_record_is_named(length in 1_u64..30, at in 0_usize..30, sound: bool) {
        let mut records = chain(length);
        let at = at % records.len();
        let head = records[records.len() - 1].head();
        let before = if at == 0 { ChainHead::EMPTY } else { records[at - 1].head() };
        let mut forged = chain(1).remove(0);
        forged.actor = "user:99".to_owned();
        forged = forged.linked(&before);
        if !sound {
            forged.hash = [9; 32];
        }
        records.insert(at, forged);
        let found = check(&records, &[], Some(head));
        // A forged record that fits is in the place of the true one, which then follows it.
        let place = found.broken.map(|broken| broken.index);
        let expected = if sound { [at as u64 + 1, at as u64 + 2] } else { [at as u64 + 1; 2] };
        prop_assert!(place.is_some_and(|place| expected.contains(&place)), "{:?}", found);
    }

    #[test]
    fn a_copied_record_is_named(length in 1_u64..30, at in 0_usize..30) {
        let mut records = chain(length);
        let at = at % records.len();
        records.insert(at, records[at].clone());
        let found = check(&records, &[], None);
        prop_assert_eq!(place(&found), Some((at as u64 + 2, BreakKind::Inserted)));
    }

    #[test]
    fn a_cut_tail_is_found_by_head_or_checkpoint(length in 1_u64..30, kept in 0_usize..30) {
        let mut records = chain(length);
        let head = records[records.len() - 1].head();
        let kept = kept % records.len();
        records.truncate(kept);
        let wanted = Some((kept as u64 + 1, BreakKind::Deleted));
        prop_assert_eq!(place(&check(&records, &[], Some(head))), wanted);
        prop_assert_eq!(place(&check(&records, &[head], None)), wanted);
        prop_assert_eq!(place(&check(&records, &[], None)), None, "nothing else can tell");
    }

    #[test]
    fn a_chain_written_anew_does_not_fit_its_checkpoints(
        length in 2_u64..30, at in 0_usize..30, first in 0_usize..30, second in 0_usize..30,
    ) {
        let mut records = chain(length);
        let count = records.len();
        let (at, first, second) = (at % count, first % count, second % count);
        prop_assume!(at <= first.max(second));
        let marks = [records[first].head(), records[second].head()];
        flip(&mut records[at], 1, 1);
        relink(&mut records, at);
        let head = records[count - 1].head();
        let broken = check(&records, &marks, Some(head)).broken.expect("found");
        prop_assert_eq!(broken.kind, BreakKind::Rewritten);
        prop_assert!((broken.index..=broken.until).contains(&(at as u64 + 1)), "{:?}", broken);
    }
}

#[test]
fn a_record_with_a_foreign_predecessor_is_named_itself() {
    let mut records = chain(6);
    records[3] = records[3].clone().linked(&ChainHead { seq: 3, hash: [8; 32] });
    assert_eq!(place(&check(&records, &[], None)), Some((4, BreakKind::Changed)));
}

#[test]
fn something_unreadable_is_named() {
    let records = chain(3);
    let mut verifier = AuditVerifier::default();
    verifier.push(&records[0]);
    verifier.push_unreadable();
    verifier.push(&records[2]);
    let found = verifier.finish(None, 0);
    assert_eq!((place(&found), found.count), (Some((2, BreakKind::Changed)), 3));
}

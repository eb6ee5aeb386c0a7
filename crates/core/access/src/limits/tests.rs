//! Meters: all or none, exact with many threads; what was used reaches the others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use tessera_kernel::ids::KeyId;
use tessera_kernel::{TestClock, Timestamp};

use super::bucket::Bucket;
use super::meter::{Part, spend};
use super::rate::SECOND;
use super::service::nanoseconds;
use super::*;
use crate::keys::terms::{Limit, Unit};

fn clock() -> TestClock {
    TestClock::at(Timestamp::from_timestamp(1_800_000_000, 0).expect("a moment"))
}

fn limit(name: &str, unit: Unit, quota: u64) -> Limit {
    Limit { name: name.to_owned(), quota, unit, window_seconds: 60, bucket: None }
}

/// A meter over buckets that are named after their limits.
fn meter(clock: &TestClock, buckets: &mut HashMap<String, Arc<Bucket>>, limits: &[Limit]) -> Meter {
    let parts = limits.iter().enumerate().map(|(place, limit)| {
        let bucket = buckets.entry(limit.name.clone());
        let bucket = Arc::clone(bucket.or_insert_with(|| Arc::new(Bucket::new(&limit.name))));
        Part::new(limit.clone(), bucket, place)
    });
    Meter::new(KeyId(1), parts.collect(), Vec::new(), Arc::new(clock.clone()), None)
}

#[test]
fn threads_get_exactly_what_there_is() {
    let (clock, mut buckets) = (clock(), HashMap::new());
    let limits = [limit("a", Unit::Requests, 1000), limit("b", Unit::Requests, 1500)];
    let reversed = [limits[1].clone(), limits[0].clone()];
    let one = meter(&clock, &mut buckets, &limits);
    let other = meter(&clock, &mut buckets, &reversed);
    let only_b = meter(&clock, &mut buckets, &limits[1..]);
    let allowed: [AtomicU64; 2] = Default::default();
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (meter, place) = match thread % 3 {
                0 => (&one, 0),
                1 => (&other, 0),
                _ => (&only_b, 1),
            };
            let count = &allowed[place];
            scope.spawn(move || {
                for _ in 0..2000 {
                    if meter.take_request().1.is_ok() {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let [both, only_b] = allowed.map(AtomicU64::into_inner);
    assert!(both <= 1000, "{both}");
    assert_eq!(both + only_b, 1500, "b is used up exactly, and nothing was taken in vain");
}

#[test]
fn what_is_refused_takes_nothing() {
    let (clock, mut buckets) = (clock(), HashMap::new());
    let tight = meter(
        &clock,
        &mut buckets,
        &[limit("tight", Unit::Requests, 1), limit("wide", Unit::Requests, 100)],
    );
    assert!(tight.take_request().1.is_ok());
    for _ in 0..10 {
        let (standing, refused) = tight.take_request();
        let fault = refused.expect_err("used up");
        assert_eq!((fault.reason(), fault.retry_after_seconds()), (Some("rate_limited"), Some(60)));
        assert_eq!(fault.names(), ["tight"]);
        let left: Vec<_> = standing.iter().map(|one| (one.name.as_str(), one.remaining)).collect();
        assert_eq!(left, [("tight", 0), ("wide", 99)]);
    }
    clock.advance(TimeDelta::seconds(60));
    assert!(tight.take_request().1.is_ok(), "after the time that was told");
}

#[test]
fn rows_are_paid_after_they_were_given() {
    let (clock, mut buckets) = (clock(), HashMap::new());
    let meter = meter(
        &clock,
        &mut buckets,
        &[limit("rows", Unit::Rows, 60), limit("burst", Unit::Requests, 100)],
    );
    meter.charge(Unit::Rows, 59);
    assert!(meter.take_request().1.is_ok(), "one row is left");
    meter.charge(Unit::Rows, 11);
    let (standing, refused) = meter.take_request();
    let fault = refused.expect_err("ten rows in debt");
    assert_eq!((fault.reason(), fault.retry_after_seconds()), (Some("budget_exceeded"), Some(11)));
    assert_eq!(standing[1].remaining, 99, "a refused request is not counted");
    clock.advance(TimeDelta::seconds(11));
    assert!(meter.take_request().1.is_ok());
}

#[test]
fn seconds_of_databases_stop_runs_and_not_the_fetching_of_answers() {
    let (clock, mut buckets) = (clock(), HashMap::new());
    let meter = meter(&clock, &mut buckets, &[limit("work", Unit::QuerySeconds, 10)]);
    let payers = meter.allow_run().expect("nothing used yet").payers;
    assert_eq!(payers.len(), 1);
    let rate = super::meter::rate(Unit::QuerySeconds, 10, 60);
    let now = nanoseconds(&clock);
    spend(&buckets["work"], rate, 9_400, now);
    assert_eq!(meter.take_request().0[0].remaining, 0, "six tenths of a second are left");
    assert!(meter.allow_run().is_ok());
    spend(&buckets["work"], rate, 2_600, now);
    let fault = meter.allow_run().expect_err("two seconds in debt");
    assert_eq!((fault.reason(), fault.retry_after_seconds()), (Some("budget_exceeded"), Some(13)));
    assert!(meter.take_request().1.is_ok());
}

/// What the store does with a report.
fn exchange(stored: &mut u64, bucket: &Bucket, now: u64) {
    let report = bucket.report(now, SECOND).expect("something to tell");
    *stored = (*stored).max(report.since).saturating_add(report.added).max(report.state);
    bucket.merge(*stored);
}

#[test]
fn alone_a_node_is_as_exact_with_the_exchange_as_without() {
    let rate = Rate::new(7, 3);
    let (bucket, plain) = (Bucket::new("a"), Bucket::new("a"));
    let (mut stored, mut now) = (0, 1_800_000_000 * SECOND);
    for step in 0..10_000_u64 {
        now += (step * 7919) % (SECOND / 2);
        let waits = [&bucket, &plain].map(|one| rate.wait(one.lock().at, now, 1));
        assert_eq!(waits[0], waits[1], "step {step}");
        if waits[0] == 0 {
            spend(&bucket, rate, 1, now);
            spend(&plain, rate, 1, now);
        }
        if step % 3 == 0 {
            exchange(&mut stored, &bucket, now);
        }
    }
}

#[test]
fn several_nodes_exceed_a_limit_by_no_more_than_one_interval_of_the_others() {
    let quota = 1000;
    let rate = Rate::new(quota, 60);
    for nodes in [2_u64, 3, 5] {
        let buckets: Vec<Bucket> = (0..nodes).map(|_| Bucket::new("a")).collect();
        let (mut stored, start) = (0, 1_800_000_000 * SECOND);
        let (mut allowed, mut most_in_interval, seconds) = (0, 0, 120);
        for second in 0..seconds {
            for bucket in &buckets {
                let mut of_node = 0;
                for attempt in 0..400 {
                    let now = start + second * SECOND + attempt * (SECOND / 400);
                    if rate.wait(bucket.lock().at, now, 1) == 0 {
                        spend(bucket, rate, 1, now);
                        of_node += 1;
                    }
                }
                allowed += of_node;
                most_in_interval = most_in_interval.max(of_node);
            }
            for bucket in &buckets {
                exchange(&mut stored, bucket, start + (second + 1) * SECOND);
            }
            for bucket in &buckets {
                exchange(&mut stored, bucket, start + (second + 1) * SECOND);
            }
        }
        let exact = quota + quota * seconds / 60;
        let bound = (nodes - 1) * most_in_interval;
        assert!(allowed <= exact + bound, "{nodes} nodes: {allowed} of {exact} + {bound}");
    }
}

#[test]
fn a_report_that_failed_is_told_again() {
    let rate = Rate::new(60, 60);
    let bucket = Bucket::new("a");
    let now = 1_800_000_000 * SECOND;
    spend(&bucket, rate, 5, now);
    let report = bucket.report(now, SECOND).expect("something to tell");
    assert_eq!(report.added, 5 * SECOND);
    spend(&bucket, rate, 1, now + SECOND);
    bucket.take_back(&report);
    let report = bucket.report(now + SECOND, SECOND).expect("something to tell");
    assert_eq!((report.added, report.since), (6 * SECOND, now));
}

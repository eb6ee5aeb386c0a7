//! Schedules over months on a clock that the test moves: each moment is run once.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Europe::Berlin;
use serde_json::{Value as Json, json};
use tessera_access::ports::GroupRepo;
use tessera_bi::ports::{AlertRepo, JobRepo, OutboxRepo, QueryRepo, ScheduleRepo, SourceRepo};
use tessera_bi::{BlockedReason, QueryChange, ScheduledRunState, StatusWord};
use tessera_kernel::{Code, Timestamp};
use tessera_store::{Store, StoreSettings};

use crate::common::{add, at, change, on_both, page, postgres_url, query};
use crate::schedule_world::{World, moment, parameters};

on_both! {
    months_with_both_changes_of_clocks_are_exact missed_moments_are_one_run
    failures_delay_and_a_success_ends_the_delay an_invalid_default_is_a_failure_with_a_reason
    what_cannot_run_says_why_and_runs_once_when_it_can a_schedule_ends_on_its_day
    the_run_of_somebody_else_counts_for_an_interval a_long_run_is_not_run_twice_at_once
    a_run_with_own_values_becomes_the_latest_result dates_are_those_of_the_moment_in_its_zone
    people_come_first_and_turn_a_scheduled_job_into_theirs a_changed_query_is_not_delayed_any_more
    a_query_without_schedule_is_left_alone a_cancelled_or_lost_run_is_over
    schedules_are_checked_and_need_the_right lists_are_ordered_by_interval
    alerts_look_at_a_run_that_a_schedule_joined
}

fn hourly() -> Json {
    json!({ "interval": 3600, "time": null, "day_of_week": null, "until": null })
}

async fn months_with_both_changes_of_clocks_are_exact(store: Store) {
    let world = World::over(store, "2027-03-20T00:00:00Z").await;
    let cron = json!({ "cron": "30 2 * * 0", "time_zone": "Europe/Berlin" });
    let nightly = world.query("select 1", cron).await;
    let daily = world.query("select 2", json!({ "interval": 432_000, "time": "00:15" })).await;
    let weekly = json!({ "interval": 604_800, "time": "09:00", "day_of_week": "Monday" });
    let weekly = world.query("select 3", weekly).await;
    world.travel("2027-11-10T00:00:00Z", false).await;
    let days = |from: &str, to: &str| {
        let from: NaiveDate = from.parse().unwrap();
        from.iter_days().take_while(move |day| *day < to.parse().unwrap()).collect::<Vec<_>>()
    };
    let time = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
    let sundays = days("2027-03-21", "2027-11-10").into_iter().step_by(7);
    let nights = sundays.map(|day| {
        let local = Berlin.from_local_datetime(&day.and_time(time)).earliest();
        // 02:30 is skipped on the last Sunday of March.
        local.map_or_else(|| moment("2027-03-28T01:00:00Z"), |local| local.to_utc())
    });
    assert_eq!(world.ran(nightly).await, nights.collect::<Vec<_>>());
    let mut expected: Vec<Timestamp> = vec![moment("2027-03-20T00:00:00Z")];
    let quarter = NaiveTime::from_hms_opt(0, 15, 0).unwrap();
    // The day before the first run had the last moment at that time.
    let every_fifth = days("2027-03-24", "2027-11-10").into_iter().step_by(5);
    expected.extend(every_fifth.map(|day| day.and_time(quarter).and_utc()));
    assert_eq!(world.ran(daily).await, expected, "never run is due at once");
    let mondays = world.ran(weekly).await;
    assert_eq!(mondays[1], moment("2027-03-22T09:00:00Z"));
    assert!(mondays[1..].windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(7)));
    assert_eq!(mondays.len(), 1 + 34);
    let jobs: HashSet<_> =
        world.runs(nightly).await.into_iter().map(|run| run.job.unwrap()).collect();
    assert_eq!(jobs.len(), world.ran(nightly).await.len());
}

async fn missed_moments_are_one_run(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let daily = world.query("select 1", json!({ "cron": "15 0 * * *" })).await;
    let hours = world.query("select 2", hourly()).await;
    world.travel("2027-01-02T10:00:00Z", false).await;
    world.pass(TimeDelta::days(5) + TimeDelta::minutes(20));
    world.travel("2027-01-07T12:10:00Z", false).await;
    let ran = world.ran(daily).await;
    assert_eq!(ran, ["2027-01-02T00:15:00Z", "2027-01-07T00:15:00Z"].map(moment));
    let ran = world.ran(hours).await;
    let expected = [
        "2027-01-02T10:00:00Z",
        "2027-01-07T10:00:00Z",
        "2027-01-07T11:00:00Z",
        "2027-01-07T12:00:00Z",
    ];
    assert_eq!(ran[24..], expected.map(moment));
}

async fn failures_delay_and_a_success_ends_the_delay(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 1", hourly()).await;
    world.travel("2027-01-01T13:20:00Z", true).await;
    let expected = [
        "2027-01-01T10:00:00Z",
        "2027-01-01T11:02:00Z",
        "2027-01-01T12:06:00Z",
        "2027-01-01T13:14:00Z",
    ];
    assert_eq!(world.ran(query).await, expected.map(moment));
    let status = world.status(query).await;
    assert_eq!((status.word, status.failures), (StatusWord::Delayed, 4));
    assert_eq!(status.next[0], moment("2027-01-01T14:30:00Z"));
    assert_eq!(status.runs[0].error.as_ref().unwrap().detail, "the table is gone");
    world.travel("2027-01-01T15:40:00Z", false).await;
    let status = world.status(query).await;
    assert_eq!((status.word, status.failures), (StatusWord::Waiting, 0));
    assert_eq!(status.runs[0].due_at, moment("2027-01-01T15:30:00Z"));
    assert_eq!(status.runs[0].state, ScheduledRunState::Succeeded);
}

async fn an_invalid_default_is_a_failure_with_a_reason(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let options = parameters(json!([{ "name": "n", "type": "number", "value": "many" }]));
    let query = world.try_query("select {{ n }}", options, hourly()).await.unwrap();
    world.travel("2027-01-01T10:30:00Z", false).await;
    let status = world.status(query).await;
    assert_eq!(status.failures, 1);
    let run = &status.runs[0];
    assert_eq!((run.state, run.job), (ScheduledRunState::Failed, None));
    let error = run.error.as_ref().unwrap();
    assert_eq!(error.code, Code::InvalidParameters);
    assert!(error.detail.contains('n'), "{}", error.detail);
    assert_eq!(world.store.count_jobs().await.unwrap(), (0, 0));
    assert_eq!(status.next[0], moment("2027-01-01T11:02:00Z"));
}

async fn what_cannot_run_says_why_and_runs_once_when_it_can(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 1", hourly()).await;
    world.travel("2027-01-01T10:30:00Z", false).await;
    world.pause(true).await;
    world.travel("2027-01-01T14:30:00Z", false).await;
    let status = world.status(query).await;
    let blocked = status.blocked.unwrap();
    assert_eq!(status.word, StatusWord::Blocked);
    assert_eq!(
        (blocked.reason, blocked.since),
        (BlockedReason::SourcePaused, moment("2027-01-01T11:00:00Z"))
    );
    assert!(blocked.detail.contains("moving house"), "{}", blocked.detail);
    let outdated = world.store.outdated_queries(world.now(), 10).await.unwrap();
    assert_eq!(outdated.len(), 1);
    world.pause(false).await;
    world.disable_owner(true).await;
    world.travel("2027-01-01T15:30:00Z", false).await;
    let state = world.store.schedule_state(query).await.unwrap().unwrap();
    assert_eq!(state.blocked.unwrap().reason, BlockedReason::OwnerInactive);
    assert_eq!(state.failures, 0, "what cannot run has not failed");
    world.disable_owner(false).await;
    world.travel("2027-01-01T16:30:00Z", false).await;
    let expected = ["2027-01-01T10:00:00Z", "2027-01-01T15:00:00Z", "2027-01-01T16:00:00Z"];
    assert_eq!(world.ran(query).await, expected.map(moment));
    // Without rights to the data source, and without the data source.
    let groups = world.store.groups().await.unwrap();
    world.store.remove_group_source(groups[0].id, world.source).await.unwrap();
    world.access.gate.forget_users();
    world.travel("2027-01-01T17:30:00Z", false).await;
    let state = world.store.schedule_state(query).await.unwrap().unwrap();
    assert_eq!(state.blocked.unwrap().reason, BlockedReason::OwnerNotAllowed);
    world.store.delete_source(world.source).await.unwrap();
    world.travel("2027-01-01T18:30:00Z", false).await;
    let state = world.store.schedule_state(query).await.unwrap().unwrap();
    assert_eq!(state.blocked.unwrap().reason, BlockedReason::SourceMissing);
}

async fn a_schedule_ends_on_its_day(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let daily = json!({ "interval": 86400, "time": "00:15", "until": "2027-01-04" });
    let query = world.query("select 1", daily.clone()).await;
    world.travel("2027-01-03T12:00:00Z", false).await;
    let before = world.store.query(query).await.unwrap().unwrap();
    assert_eq!(before.schedule, Some(daily));
    assert!(world.status(query).await.next.is_empty());
    world.travel("2027-01-04T00:00:01Z", false).await;
    let after = world.store.query(query).await.unwrap().unwrap();
    assert_eq!((after.schedule, after.version), (None, before.version));
    world.travel("2027-01-09T00:00:00Z", false).await;
    assert_eq!(world.ran(query).await.len(), 3);
    assert_eq!(world.status(query).await.word, StatusWord::None);
}

async fn the_run_of_somebody_else_counts_for_an_interval(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 1", hourly()).await;
    world.travel("2027-01-01T10:30:00Z", false).await;
    let grant = world.permit(tessera_access::RunQuery { query }).await;
    let request = tessera_bi::RunRequest {
        parameters: serde_json::Map::new(),
        freshness: tessera_bi::Freshness::Always,
        auto_limit: None,
    };
    world.bi.jobs.run_query(&grant, &request).await.unwrap();
    assert_eq!(world.work(false).await.len(), 1);
    world.travel("2027-01-01T11:10:00Z", false).await;
    assert_eq!(world.ran(query).await.len(), 1, "it was run half an hour ago");
    world.travel("2027-01-01T12:40:00Z", false).await;
    let expected = ["2027-01-01T10:00:00Z", "2027-01-01T11:30:00Z", "2027-01-01T12:30:00Z"];
    assert_eq!(world.ran(query).await, expected.map(moment));
}

async fn a_long_run_is_not_run_twice_at_once(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 1", json!({ "interval": 60 })).await;
    world.tick().await;
    let job = world.claim().await.unwrap();
    assert_eq!(world.status(query).await.word, StatusWord::Running);
    for _ in 0..10 {
        world.pass(TimeDelta::seconds(40));
        world.tick().await;
    }
    assert_eq!(world.claim().await, None);
    world.end(&job, false).await;
    world.tick().await;
    assert_eq!(world.work(false).await.len(), 1, "one run for all that was missed");
    let expected = ["2027-01-01T10:00:00Z", "2027-01-01T10:06:00Z"];
    assert_eq!(world.ran(query).await, expected.map(moment));
}

async fn a_run_with_own_values_becomes_the_latest_result(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let options = parameters(json!([{ "name": "n", "type": "number", "value": 5 }]));
    let query = world.try_query("select {{ n }}", options, hourly()).await.unwrap();
    world.tick().await;
    assert_eq!(world.work(false).await, ["select 5"]);
    let (found, result) = world.store.query_with_result(query).await.unwrap().unwrap();
    let result = result.unwrap();
    assert_eq!((found.latest_result, result.has_parameters), (Some(result.id), true));
    assert_eq!(world.runs(query).await[0].result, Some(result.id));
    // A run with other values, by a person, does not.
    let grant = world.permit(tessera_access::RunQuery { query }).await;
    let request = tessera_bi::RunRequest {
        parameters: serde_json::Map::from_iter([("n".to_owned(), json!(6))]),
        freshness: tessera_bi::Freshness::Always,
        auto_limit: None,
    };
    world.bi.jobs.run_query(&grant, &request).await.unwrap();
    assert_eq!(world.work(false).await, ["select 6"]);
    let after = world.store.query(query).await.unwrap().unwrap();
    assert_eq!(after.latest_result, Some(result.id));
}

async fn alerts_look_at_a_run_that_a_schedule_joined(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let mut twins = Vec::new();
    for _ in 0..2 {
        let options = parameters(json!([{ "name": "n", "type": "number", "value": 5 }]));
        twins.push(world.try_query("select {{ n }}", options, hourly()).await.unwrap());
    }
    // One job does for both queries; it is that of one of them, and the other has the alert, or this.
    let mut watched = Vec::new();
    for twin in &twins {
        let alert = crate::alerts::alert(world.bob, *twin);
        watched.push(world.store.insert_alert(&alert).await.unwrap());
    }
    for (gone, left) in [(0, 1), (1, 0)] {
        world.tick().await;
        let job = world.claim().await.unwrap();
        assert!(world.claim().await.is_none(), "the second schedule joined the first one's job");
        world.store.delete_alert(watched[gone]).await.unwrap();
        world.end(&job, false).await;
        let now = world.now();
        let due = world.store.claim_evaluation("node", now, now).await.unwrap().unwrap();
        assert_eq!(due.alert, watched[left]);
        assert!(world.store.settle_evaluation(due.id, "node", None).await.unwrap());
        let alert = crate::alerts::alert(world.bob, twins[gone]);
        watched[gone] = world.store.insert_alert(&alert).await.unwrap();
        world.pass(TimeDelta::hours(1));
    }
}

async fn dates_are_those_of_the_moment_in_its_zone(store: Store) {
    let world = World::over(store, "2027-06-01T10:00:00Z").await;
    let options = parameters(json!([{ "name": "d", "type": "date", "value": "d_yesterday" }]));
    let cron = json!({ "cron": "30 0 * * *", "time_zone": "Asia/Tokyo" });
    let query = world.try_query("select {{ d }}", options, cron).await.unwrap();
    world.tick().await;
    // 00:30 on 2 June in Tokyo is 15:30 on 1 June in UTC; it runs late, for its own moment.
    world.pass(moment("2027-06-02T14:00:00Z") - world.now());
    world.tick().await;
    assert_eq!(world.ran(query).await, [moment("2027-06-01T15:30:00Z")]);
    assert_eq!(world.work(false).await, ["select 2027-06-01"]);
}

async fn people_come_first_and_turn_a_scheduled_job_into_theirs(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 'scheduled'", hourly()).await;
    world.tick().await;
    let run = async |text: &str| {
        let source = world.source;
        let grant = world.permit(tessera_access::RunStatement { source }).await;
        let request = tessera_bi::RunRequest {
            parameters: serde_json::Map::new(),
            freshness: tessera_bi::Freshness::Always,
            auto_limit: None,
        };
        world.bi.jobs.run_statement(&grant, text, &json!({}), &request).await.unwrap();
    };
    world.pass(TimeDelta::seconds(1));
    run("select 'person'").await;
    assert_eq!(world.store.count_scheduled_jobs().await.unwrap(), (1, 0));
    let now = world.now();
    let first = world.store.claim_urgent_job("node", now, now).await.unwrap().unwrap();
    assert_eq!(first.run.as_ref().unwrap().text, "select 'person'");
    assert_eq!(world.store.claim_urgent_job("node", now, now).await.unwrap(), None);
    // Somebody asks for what the schedule asked for: nobody waits for a place of schedules.
    run("select 'scheduled'").await;
    let second = world.store.claim_urgent_job("node", now, now).await.unwrap().unwrap();
    assert!(second.run.as_ref().unwrap().scheduled);
    assert_eq!(world.claim().await, None);
    world.end(&second, false).await;
    assert_eq!(world.runs(query).await[0].state, ScheduledRunState::Succeeded);
}

async fn a_changed_query_is_not_delayed_any_more(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select nothing", hourly()).await;
    world.travel("2027-01-01T12:20:00Z", true).await;
    assert_eq!(world.status(query).await.failures, 3);
    let text = QueryChange { text: Some("select 1".to_owned()), ..QueryChange::default() };
    world.change(query, text).await;
    world.travel("2027-01-01T13:07:00Z", false).await;
    assert_eq!(world.ran(query).await.last(), Some(&moment("2027-01-01T13:06:00Z")));
    // Another name changes nothing, another schedule does.
    let before = world.store.schedule_state(query).await.unwrap();
    let name = QueryChange { name: Some("other".to_owned()), ..QueryChange::default() };
    world.change(query, name).await;
    assert_eq!(world.store.schedule_state(query).await.unwrap(), before);
    let none = QueryChange { schedule: Some(None), ..QueryChange::default() };
    world.change(query, none).await;
    world.travel("2027-01-02T00:00:00Z", false).await;
    assert_eq!(world.ran(query).await.len(), 4);
    let again = QueryChange { schedule: Some(Some(hourly())), ..QueryChange::default() };
    world.change(query, again).await;
    world.travel("2027-01-02T00:05:00Z", false).await;
    assert_eq!(world.ran(query).await.len(), 5, "what is overdue runs once");
}

async fn a_query_without_schedule_is_left_alone(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let nulls = json!({ "interval": null, "time": null, "day_of_week": null, "until": null });
    let empty = world.query("select 1", nulls).await;
    let off = world.query("select 2", json!({ "interval": 60, "disabled": true })).await;
    let plain = add(&world.store, &query(world.bob, world.source, "plain", "select 3")).await;
    assert_eq!(world.tick().await, None, "there is nothing to wait for");
    world.pass(TimeDelta::days(400));
    assert_eq!(world.tick().await, None);
    assert_eq!(world.status(empty).await.word, StatusWord::None);
    assert_eq!(world.status(off).await.word, StatusWord::Disabled);
    assert_eq!(world.store.schedule_state(plain).await.unwrap(), None);
    let archived = world.query("select 4", hourly()).await;
    let history = change("queries", archived.0, 2, world.bob);
    world.store.archive_query(archived, world.now(), &history).await.unwrap();
    assert_eq!(world.tick().await, None);
    assert!(world.ran(archived).await.is_empty());
}

async fn a_cancelled_or_lost_run_is_over(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let query = world.query("select 1", hourly()).await;
    world.tick().await;
    let job = world.claim().await.unwrap();
    world.store.cancel_job(job.uid, world.now()).await.unwrap();
    let status = world.status(query).await;
    assert_eq!((status.runs[0].state, status.failures), (ScheduledRunState::Cancelled, 0));
    world.travel("2027-01-01T10:59:00Z", false).await;
    world.pass(TimeDelta::minutes(1));
    world.tick().await;
    let lost = world.claim().await.unwrap();
    world.pass(TimeDelta::minutes(5));
    assert_eq!(world.store.reap_jobs(world.now(), 1).await.unwrap(), (0, 1));
    let status = world.status(query).await;
    assert_eq!((status.runs[0].job, status.failures), (Some(lost.uid), 1));
    assert_eq!(status.runs[0].error.as_ref().unwrap().code, Code::Unavailable);
    // With its data source the job goes too, and nobody tells of its end.
    world.travel("2027-01-01T12:01:00Z", false).await;
    world.pass(TimeDelta::minutes(1));
    world.tick().await;
    world.store.delete_source(world.source).await.unwrap();
    world.travel("2027-01-01T14:00:00Z", false).await;
    let status = world.status(query).await;
    assert_eq!(status.blocked.unwrap().reason, BlockedReason::SourceMissing);
    assert!(status.runs.iter().all(|run| run.state != ScheduledRunState::Running));
}

async fn schedules_are_checked_and_need_the_right(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let refused = async |schedule| {
        world.try_query("select 1", json!({}), schedule).await.expect_err("refused")
    };
    let fault = refused(json!({ "interval": 59 })).await;
    assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some("schedule.interval")));
    assert_eq!(refused(json!({ "cron": "x" })).await.field(), Some("schedule.cron"));
    let group = world.store.groups().await.unwrap().remove(0);
    let mut less = group.clone();
    less.permissions.retain(|word| word != "schedule_query");
    world.store.update_group(&less).await.unwrap();
    world.access.gate.forget_users();
    assert_eq!(refused(hourly()).await.code(), Code::Forbidden);
    // Who may not schedule may still take a schedule away, and edit what has one.
    world.store.update_group(&group).await.unwrap();
    world.access.gate.forget_users();
    let query = world.query("select 1", hourly()).await;
    world.store.update_group(&less).await.unwrap();
    world.access.gate.forget_users();
    let same = QueryChange {
        schedule: Some(Some(hourly())),
        name: Some("other".to_owned()),
        ..QueryChange::default()
    };
    assert_eq!(world.change(query, same).await.schedule, Some(hourly()));
    let none = QueryChange { schedule: Some(None), ..QueryChange::default() };
    assert_eq!(world.change(query, none).await.schedule, None);
}

async fn lists_are_ordered_by_interval(store: Store) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let daily = world.query("select 1", json!({ "interval": 86400, "time": "00:15" })).await;
    let hours = world.query("select 2", json!({ "interval": "3600" })).await;
    let mut filter = crate::common::filter(crate::common::all(world.bob));
    (filter.order, filter.descending) = (tessera_bi::QueryOrder::Schedule, false);
    let found = world.store.queries(&filter, page()).await.unwrap();
    let ids: Vec<_> = found.items.iter().map(|listing| listing.query.id).collect();
    assert_eq!(ids, [hours, daily]);
    assert_eq!(world.store.purge_scheduled_runs(at(0)).await.unwrap(), 0);
}

/// Two nodes that look at the same moments at the same time.
async fn race(one: Store, other: Store) {
    const ROUNDS: usize = 12;
    const QUERIES: usize = 3;
    let one = World::over(one, "2027-01-01T10:00:00Z").await;
    let other = World::node(other, one.clock.clone(), one.bob, one.source);
    let mut queries = Vec::new();
    for number in 0..QUERIES {
        queries.push(one.query(&format!("select {number}"), json!({ "interval": 60 })).await);
    }
    for _ in 0..ROUNDS {
        let (mine, theirs) = futures::join!(one.bi.schedules.tick(), other.bi.schedules.tick());
        mine.and(theirs).unwrap();
        assert_eq!(one.work(false).await.len(), QUERIES, "one job for each moment");
        let (mine, theirs) = futures::join!(one.bi.schedules.tick(), other.bi.schedules.tick());
        mine.and(theirs).unwrap();
        one.pass(TimeDelta::seconds(60));
    }
    for query in queries {
        let runs = one.runs(query).await;
        assert_eq!(runs.len(), ROUNDS);
        let moments: HashSet<_> = runs.iter().map(|run| run.due_at).collect();
        let jobs: HashSet<_> = runs.iter().map(|run| run.job.unwrap()).collect();
        assert_eq!((moments.len(), jobs.len()), (ROUNDS, ROUNDS));
        assert!(runs.iter().all(|run| run.state == ScheduledRunState::Succeeded));
    }
}

async fn open(url: &str) -> Store {
    Store::open(StoreSettings { url: url.to_owned(), ..StoreSettings::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_postgresql_run_each_moment_once() {
    let url = postgres_url();
    race(open(&url).await, open(&url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_file_run_each_moment_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    race(open(&url).await, open(&url).await).await;
}

//! When schedules are due: examples, and rules that hold for every schedule and moment.

use chrono::{DateTime, Datelike, TimeZone, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn schedule(json: &Json) -> Schedule {
    Schedule::read(json).expect("a schedule")
}

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).expect("a moment").to_utc()
}

fn past(ran: Option<&str>, failures: u32) -> Past {
    Past {
        set_at: at("2024-01-03T10:00:00Z"),
        last_due: ran.map(at),
        other_run: None,
        failures,
        first_delay: TimeDelta::zero(),
        delay_max: TimeDelta::days(30),
    }
}

fn next(json: &Json, ran: Option<&str>) -> String {
    match schedule(json).next(&past(ran, 0)) {
        Next::At(due) => due.to_rfc3339(),
        other => format!("{other:?}"),
    }
}

#[test]
fn redashs_schedules_are_due_when_its_users_expect_them() {
    let hourly = json!({ "interval": 3600, "time": null });
    assert_eq!(next(&hourly, None), "2024-01-03T10:00:00+00:00");
    assert_eq!(next(&hourly, Some("2024-01-03T10:00:00Z")), "2024-01-03T11:00:00+00:00");
    let daily = json!({ "interval": 86400, "time": "00:15" });
    assert_eq!(next(&daily, Some("2024-01-03T10:00:00Z")), "2024-01-04T00:15:00+00:00");
    let midnight = json!({ "interval": 86400, "time": "23:59" });
    // It was to run at 23:59 and began after midnight: the next time is on the same day.
    assert_eq!(next(&midnight, Some("2024-01-04T00:01:00Z")), "2024-01-04T23:59:00+00:00");
    let third_day = json!({ "interval": 3 * 86400, "time": "08:00" });
    assert_eq!(next(&third_day, Some("2024-01-03T08:00:00Z")), "2024-01-06T08:00:00+00:00");
    let weekly = json!({ "interval": 604_800, "time": "09:00", "day_of_week": "Monday" });
    assert_eq!(next(&weekly, Some("2024-01-03T10:00:00Z")), "2024-01-08T09:00:00+00:00");
    assert_eq!(next(&weekly, Some("2024-01-08T08:59:00Z")), "2024-01-08T09:00:00+00:00");
    assert_eq!(next(&weekly, Some("2024-01-08T09:00:00Z")), "2024-01-15T09:00:00+00:00");
    let fortnight = json!({ "interval": 1_209_600, "time": "09:00", "day_of_week": "Monday" });
    assert_eq!(next(&fortnight, Some("2024-01-08T09:00:00Z")), "2024-01-22T09:00:00+00:00");
}

#[test]
fn who_made_a_query_may_run_it_first() {
    let hourly = schedule(&json!({ "interval": 3600 }));
    let new = Past { first_delay: TimeDelta::seconds(30), ..past(None, 0) };
    assert_eq!(hourly.next(&new), Next::At(at("2024-01-03T10:00:30Z")));
    let ran = Past { other_run: Some(at("2024-01-03T10:00:05Z")), ..new };
    assert_eq!(hourly.next(&ran), Next::At(at("2024-01-03T11:00:05Z")));
}

#[test]
fn a_cron_expression_waits_for_its_first_moment_and_knows_zones() {
    let berlin = json!({ "cron": "30 2 * * *", "time_zone": "Europe/Berlin" });
    assert_eq!(next(&berlin, None), "2024-01-04T01:30:00+00:00");
    // 02:30 is skipped on 31 March 2024 and comes twice on 27 October.
    let run = schedule(&berlin).upcoming(at("2024-03-30T12:00:00Z"), 2);
    assert_eq!(run, [at("2024-03-31T01:00:00Z"), at("2024-04-01T00:30:00Z")]);
    let run = schedule(&berlin).upcoming(at("2024-10-26T12:00:00Z"), 2);
    assert_eq!(run, [at("2024-10-27T00:30:00Z"), at("2024-10-28T01:30:00Z")]);
    let workdays = json!({ "cron": "0 7 * * 1-5", "time_zone": "America/New_York" });
    let run = schedule(&workdays).upcoming(at("2024-03-08T13:00:00Z"), 2);
    assert_eq!(run, [at("2024-03-11T11:00:00Z"), at("2024-03-12T11:00:00Z")]);
}

#[test]
fn a_time_of_day_keeps_its_place_on_the_clock_of_its_zone() {
    let daily = json!({ "interval": 86400, "time": "09:00", "time_zone": "Europe/Berlin" });
    let run = schedule(&daily).upcoming(at("2024-03-29T12:00:00Z"), 3);
    let expected = ["2024-03-30T08:00:00Z", "2024-03-31T07:00:00Z", "2024-04-01T07:00:00Z"].map(at);
    assert_eq!(run, expected);
}

#[test]
fn it_ends_on_its_last_day() {
    let daily = json!({ "interval": 86400, "time": "00:15", "until": "2024-01-05" });
    let end = Next::Ends(at("2024-01-05T00:00:00Z"));
    assert_eq!(next(&daily, Some("2024-01-03T10:00:00Z")), "2024-01-04T00:15:00+00:00");
    assert_eq!(schedule(&daily).next(&past(Some("2024-01-04T00:15:00Z"), 0)), end);
    assert_eq!(schedule(&daily).upcoming(at("2024-01-02T00:00:00Z"), 9).len(), 3);
    let off = json!({ "interval": 60, "disabled": true });
    assert_eq!(schedule(&off).next(&past(None, 0)), Next::Never);
}

#[test]
fn failures_double_the_delay_up_to_a_limit() {
    let hourly = schedule(&json!({ "interval": 3600 }));
    let ran = Some("2024-01-03T10:00:00Z");
    let due = |failures| match hourly.next(&past(ran, failures)) {
        Next::At(due) => (due - at("2024-01-03T11:00:00Z")).num_minutes(),
        other => panic!("{other:?}"),
    };
    assert_eq!([0, 1, 2, 3, 10].map(due), [0, 2, 4, 8, 1024]);
    for many in [17, 62, 63, 64, u32::MAX] {
        assert_eq!(due(many), 30 * 24 * 60, "{many}");
    }
}

#[test]
fn missed_moments_are_one_run_for_the_last_of_them() {
    let daily = schedule(&json!({ "interval": 86400, "time": "00:15" }));
    let due = at("2024-01-04T00:15:00Z");
    assert_eq!(daily.latest(due, at("2024-01-07T09:00:00Z")), at("2024-01-07T00:15:00Z"));
    assert_eq!(daily.latest(due, at("2024-01-04T00:20:00Z")), due);
    let hourly = schedule(&json!({ "interval": 3600 }));
    assert_eq!(hourly.latest(due, at("2024-01-04T05:00:00Z")), at("2024-01-04T04:15:00Z"));
    let cron = schedule(&json!({ "cron": "*/10 * * * *" }));
    let late = cron.latest(at("2024-01-04T00:20:00Z"), at("2025-01-04T05:03:00Z"));
    assert_eq!(late, at("2025-01-04T05:00:00Z"));
    // A delay after failures is no moment that was missed.
    let delayed = at("2024-01-04T00:19:00Z");
    assert_eq!(daily.latest(delayed, at("2024-01-04T00:20:00Z")), delayed);
}

/// Zones with and without changes, by whole and by half hours.
const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
];

fn any_schedule() -> impl Strategy<Value = Json> {
    let zone = proptest::option::of(proptest::sample::select(&ZONES[..]));
    let every = (60_i64..5_000_000).prop_map(|interval| json!({ "interval": interval }));
    let day = proptest::sample::select(vec![
        json!(null),
        json!("Monday"),
        json!("Thursday"),
        json!("Sunday"),
    ]);
    let time_of_day = (1_i64..40, 0_u32..24, 0_u32..60, day, zone.clone()).prop_map(
        |(days, hour, minute, day, zone)| {
            json!({
                "interval": days * 86400, "time": format!("{hour:02}:{minute:02}"),
                "day_of_week": day, "time_zone": zone,
            })
        },
    );
    let minutes = proptest::sample::select(vec!["*", "*/7", "0", "30", "5,35"]);
    let hours = proptest::sample::select(vec!["*", "2", "*/3", "1-4", "23"]);
    let days = proptest::sample::select(vec!["* * *", "1 * *", "* * 1-5", "L * *", "29 2 *"]);
    let cron = (minutes, hours, days, zone).prop_map(|(minutes, hours, days, zone)| {
        json!({ "cron": format!("{minutes} {hours} {days}"), "time_zone": zone })
    });
    prop_oneof![every, time_of_day, cron]
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000_000_000_i64..1_900_000_000_000_000)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).expect("a moment"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn moments_only_go_forward(json in any_schedule(), from in any_moment()) {
        let schedule = schedule(&json);
        let mut last = from;
        for due in schedule.upcoming(from, 12) {
            prop_assert!(due > last, "{due} follows {last}");
            last = due;
        }
        prop_assert!(last > from);
    }

    #[test]
    fn what_runs_late_is_past_and_nothing_missed_is_left(
        json in any_schedule(),
        from in any_moment(),
        late in 0_i64..40_000_000,
    ) {
        let schedule = schedule(&json);
        let due = schedule.after(from).expect("a moment");
        let now = due + TimeDelta::seconds(late);
        let run = schedule.latest(due, now);
        prop_assert!((due..=now).contains(&run));
        // An interval of several days or weeks counts from its last run, not from a calendar.
        let follows = schedule.after(run).expect("a moment");
        prop_assert!(follows > now, "{run} is run, and {follows} is missed as well");
    }

    #[test]
    fn a_daily_time_comes_once_a_day_on_the_clock(
        hour in 0_u32..24,
        minute in 0_u32..60,
        zone in proptest::sample::select(&ZONES[..]),
        from in any_moment(),
    ) {
        let time = format!("{hour:02}:{minute:02}");
        let daily = json!({ "interval": 86400, "time": time, "time_zone": zone });
        let zone: Tz = zone.parse().expect("a zone");
        let moments = schedule(&daily).upcoming(from, 400);
        prop_assert_eq!(moments.len(), 400);
        for pair in moments.windows(2) {
            let [one, two] = [pair[0], pair[1]].map(|due| due.with_timezone(&zone));
            prop_assert_eq!(one.num_days_from_ce() + 1, two.num_days_from_ce());
            let shown = (two.hour(), two.minute());
            let wanted = two.date_naive().and_hms_opt(hour, minute, 0).expect("a time");
            let skipped = zone.from_local_datetime(&wanted).earliest().is_none();
            prop_assert!(skipped || shown == (hour, minute), "{two}");
        }
    }

    #[test]
    fn what_is_due_follows_the_last_run_and_failures_only_delay_it(
        json in any_schedule(),
        ran in any_moment(),
        failures in 0_u32..70,
    ) {
        let schedule = schedule(&json);
        let past = Past {
            set_at: ran - TimeDelta::days(1),
            last_due: Some(ran),
            other_run: None,
            failures: 0,
            first_delay: TimeDelta::zero(),
            delay_max: TimeDelta::days(30),
        };
        let Next::At(regular) = schedule.next(&past) else { panic!("it does not end") };
        let Next::At(delayed) = schedule.next(&Past { failures, ..past }) else {
            panic!("it does not end")
        };
        prop_assert!(regular > ran && delayed >= regular);
        prop_assert!(delayed - regular <= TimeDelta::days(30));
        prop_assert_eq!(failures > 0, delayed > regular);
    }
}

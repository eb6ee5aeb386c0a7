//! Reports of failures: one mail for each owner and time, and an end to them.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tessera_access::ports::SettingRepo;
use tessera_access::{Mail, Mailer};
use tessera_bi::ReportClaim;
use tessera_bi::ports::ScheduleRepo;
use tessera_kernel::{Code, Fault, Random as _, Result, SystemRandom, Timestamp};
use tessera_store::Store;

use crate::common::on_both;
use crate::schedule_world::World;

on_both! {
    failures_of_an_hour_are_one_mail_and_some_number_is_the_last
    a_mail_server_that_is_away_is_asked_again nobody_is_told_who_did_not_ask
    two_nodes_send_one_mail a_report_that_was_broken_off_is_made_again_of_the_same_failures
    a_mail_describes_so_many_failures_and_counts_the_others
    a_report_that_cannot_be_queued_is_neither_lost_nor_doubled
}

/// Remembers what it is given.
#[derive(Default)]
struct Recorder {
    mails: Mutex<Vec<Mail>>,
    is_away: Mutex<bool>,
}

#[async_trait]
impl Mailer for Recorder {
    fn configured(&self) -> bool {
        true
    }
    async fn send(&self, mail: &Mail) -> Result<()> {
        if *self.is_away.lock() {
            return Err(Fault::new(Code::Unavailable, "no answer"));
        }
        self.mails.lock().push(mail.clone());
        Ok(())
    }
}

fn minutely() -> Json {
    json!({ "interval": 60 })
}

fn mailing(world: &World, recorder: &Arc<Recorder>) {
    let mailer: Arc<dyn Mailer> = Arc::<Recorder>::clone(recorder);
    let access = world.access.clone().mailing(mailer);
    world.bi.schedules.mail_through(access.mails.clone(), access.organization.clone());
}

async fn world(store: Store) -> (World, Arc<Recorder>) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let recorder = Arc::new(Recorder::default());
    mailing(&world, &recorder);
    (world, recorder)
}

/// Puts reports into the queue, and sends what is in it.
async fn report(world: &World) -> Option<Timestamp> {
    let next = world.bi.schedules.report().await.unwrap();
    world.access.mails.send_due().await.unwrap();
    next
}

async fn failures_of_an_hour_are_one_mail_and_some_number_is_the_last(store: Store) {
    let (world, recorder) = world(store).await;
    let (one, two) =
        (world.query("select 1", minutely()).await, world.query("select 2", minutely()).await);
    let begun = world.now();
    world.tick().await;
    assert_eq!(report(&world).await, None, "nothing failed");
    world.work(true).await;
    let due = report(&world).await;
    assert_eq!(due, Some(begun + TimeDelta::minutes(60)));
    world.travel("2027-01-01T11:00:00Z", true).await;
    assert_eq!(report(&world).await, None);
    let mail = recorder.mails.lock().remove(0);
    assert!(recorder.mails.lock().is_empty(), "one mail for both queries");
    assert_eq!(mail.to, ["bob@example.com"]);
    assert_eq!(mail.subject, "2 scheduled queries of yours failed");
    for query in [one, two] {
        assert!(mail.text.contains(&format!("(query {query})")), "{}", mail.text);
    }
    assert!(mail.text.contains("the table is gone"), "{}", mail.text);
    assert!(!mail.text.contains("not told any more"), "{}", mail.text);
    // Failures without an end: the delay grows to a month.
    let mut last = String::new();
    while world.status(one).await.failures < 20 {
        let next = world.tick().await.unwrap();
        world.pass(next - world.now());
        world.tick().await;
        world.work(true).await;
        world.pass(TimeDelta::minutes(61));
        report(&world).await;
        if let Some(mail) = recorder.mails.lock().pop() {
            last = mail.text;
        }
    }
    assert!(last.contains("It has failed 16 times in a row"), "{last}");
    assert_eq!(report(&world).await, None);
}

async fn a_mail_server_that_is_away_is_asked_again(store: Store) {
    let (world, recorder) = world(store).await;
    world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    *recorder.is_away.lock() = true;
    world.pass(TimeDelta::minutes(60));
    assert_eq!(report(&world).await, None, "the queue of mails has it now");
    assert!(recorder.mails.lock().is_empty());
    *recorder.is_away.lock() = false;
    world.pass(TimeDelta::minutes(1));
    world.access.mails.send_due().await.unwrap();
    assert_eq!(recorder.mails.lock().len(), 1);
}

async fn nobody_is_told_who_did_not_ask(store: Store) {
    let (world, recorder) = world(store).await;
    let name = "send_email_on_failed_scheduled_queries".to_owned();
    world.query("select 1", minutely()).await;
    world.store.set_settings(&[(name.clone(), json!(false))]).await.unwrap();
    world.travel("2027-01-01T11:30:00Z", true).await;
    assert_eq!(report(&world).await.map(|due| due > world.now()), None);
    world.store.set_settings(&[(name, json!(true))]).await.unwrap();
    world.pass(TimeDelta::minutes(10));
    world.disable_owner(true).await;
    report(&world).await;
    world.disable_owner(false).await;
    assert!(recorder.mails.lock().is_empty(), "what failed before is not told later");
}

async fn two_nodes_send_one_mail(store: Store) {
    let (world, recorder) = world(store).await;
    let other = World::node(world.store.clone(), world.clock.clone(), world.bob, world.source);
    mailing(&other, &recorder);
    world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    world.pass(TimeDelta::minutes(60));
    let (one, two) = futures::join!(world.bi.schedules.report(), other.bi.schedules.report());
    one.and(two).unwrap();
    let (one, two) = futures::join!(world.access.mails.send_due(), other.access.mails.send_due());
    one.and(two).unwrap();
    assert_eq!(recorder.mails.lock().len(), 1);
}

async fn a_report_that_was_broken_off_is_made_again_of_the_same_failures(store: Store) {
    let (world, recorder) = world(store).await;
    let first = world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    world.pass(TimeDelta::minutes(60));
    let now = world.now();
    let claim = claim(now);
    let taken = world.store.claim_failures(&claim).await.unwrap().expect("a report");
    assert_eq!(taken.entries.iter().map(|failure| failure.query).collect::<Vec<_>>(), [first]);
    assert!(world.store.claim_failures(&claim).await.unwrap().is_none(), "somebody is at it");
    // That node is gone; meanwhile something else fails.
    let second = world.query("select 2", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    assert_eq!(report(&world).await, Some(claim.lease_until));
    world.pass(TimeDelta::minutes(70));
    while report(&world).await.is_some() {}
    let mails = std::mem::take(&mut *recorder.mails.lock());
    assert_eq!(mails.len(), 2, "each failure is told once");
    for (mail, query) in mails.iter().zip([first, second]) {
        assert!(mail.text.contains(&format!("(query {query})")), "{}", mail.text);
        assert_eq!(mail.subject, "A scheduled query of yours failed");
    }
    assert_eq!(taken.report, claim.report);
    assert_eq!(mails[0].deduplication, format!("failures-{}", claim.report));
}

fn claim(now: Timestamp) -> ReportClaim {
    ReportClaim {
        due: now,
        until: now,
        now,
        lease_until: now + TimeDelta::minutes(10),
        report: SystemRandom.uid(now),
        failures_max: 100,
        entries_max: 50,
        reason_characters_max: 500,
    }
}

async fn a_mail_describes_so_many_failures_and_counts_the_others(store: Store) {
    let (world, recorder) = world(store).await;
    for number in 0..60 {
        world.query(&format!("select {number}"), json!({ "interval": 86400 })).await;
    }
    world.tick().await;
    world.work(true).await;
    let now = world.now();
    let few = ReportClaim { entries_max: 3, reason_characters_max: 5, ..claim(now) };
    let taken = world.store.claim_failures(&few).await.unwrap().expect("a report");
    assert_eq!((taken.queries, taken.entries_total, taken.entries.len()), (60, 60, 3));
    assert!(taken.entries.iter().all(|entry| entry.detail == "the t" && entry.times == 1));
    // That node is gone; the report is made again, with the limit of the settings.
    world.pass(TimeDelta::minutes(61));
    assert_eq!(report(&world).await, None);
    let mails = std::mem::take(&mut *recorder.mails.lock());
    assert_eq!(mails.len(), 1, "sixty failures are one mail");
    assert_eq!(mails[0].subject, "60 scheduled queries of yours failed");
    assert_eq!(mails[0].text.matches("(query ").count(), 50);
    assert!(mails[0].text.ends_with("\nand 10 more, of 60 queries in all\n"), "{}", mails[0].text);
    assert_eq!(mails[0].deduplication, format!("failures-{}", few.report));
    world.pass(TimeDelta::minutes(20));
    assert_eq!(report(&world).await, None, "all of them were told, also those only counted");
    assert!(recorder.mails.lock().is_empty());
}

async fn a_report_that_cannot_be_queued_is_neither_lost_nor_doubled(store: Store) {
    let (world, recorder) = world(store).await;
    let query = world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    world.pass(TimeDelta::minutes(60));
    // Queued, and the process ends before that is noted.
    let claim = claim(world.now());
    world.store.claim_failures(&claim).await.unwrap().expect("a report");
    let mail = Mail {
        to: vec!["bob@example.com".to_owned()],
        subject: "A scheduled query of yours failed".to_owned(),
        text: format!("(query {query})"),
        html: None,
        deduplication: format!("failures-{}", claim.report),
    };
    assert!(world.access.mails.queue("failures", &mail).await.unwrap());
    // Others fail meanwhile: it is the same report all the same.
    world.query("select 2", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    world.pass(TimeDelta::minutes(11));
    report(&world).await;
    assert_eq!(recorder.mails.lock().len(), 1, "not doubled");
    world.pass(TimeDelta::minutes(60));
    assert_eq!(report(&world).await, None);
    assert_eq!(recorder.mails.lock().len(), 2, "and what failed since is not lost");
}

//! Reports of failures: one mail for each owner and time, and an end to them.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tessera_access::ports::SettingRepo;
use tessera_access::{Mail, Mailer};
use tessera_kernel::{Code, Fault, Result};
use tessera_store::Store;

use crate::common::on_both;
use crate::schedule_world::World;

on_both! {
    failures_of_an_hour_are_one_mail_and_some_number_is_the_last
    a_mail_server_that_is_away_is_asked_again nobody_is_told_who_did_not_ask
    two_nodes_send_one_mail
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

async fn world(store: Store) -> (World, Arc<Recorder>) {
    let world = World::over(store, "2027-01-01T10:00:00Z").await;
    let recorder = Arc::new(Recorder::default());
    let mailer: Arc<dyn Mailer> = Arc::<Recorder>::clone(&recorder);
    world.bi.schedules.mail_through(mailer);
    (world, recorder)
}

async fn failures_of_an_hour_are_one_mail_and_some_number_is_the_last(store: Store) {
    let (world, recorder) = world(store).await;
    let (one, two) =
        (world.query("select 1", minutely()).await, world.query("select 2", minutely()).await);
    let begun = world.now();
    world.tick().await;
    assert_eq!(world.bi.schedules.report().await.unwrap(), None, "nothing failed");
    world.work(true).await;
    let due = world.bi.schedules.report().await.unwrap();
    assert_eq!(due, Some(begun + TimeDelta::minutes(60)));
    world.travel("2027-01-01T11:00:00Z", true).await;
    assert_eq!(world.bi.schedules.report().await.unwrap(), None);
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
        world.bi.schedules.report().await.unwrap();
        if let Some(mail) = recorder.mails.lock().pop() {
            last = mail.text;
        }
    }
    assert!(last.contains("It has failed 16 times in a row"), "{last}");
    assert_eq!(world.bi.schedules.report().await.unwrap(), None);
}

async fn a_mail_server_that_is_away_is_asked_again(store: Store) {
    let (world, recorder) = world(store).await;
    world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    *recorder.is_away.lock() = true;
    world.pass(TimeDelta::minutes(60));
    let again = world.bi.schedules.report().await.unwrap().unwrap();
    assert!(again > world.now());
    *recorder.is_away.lock() = false;
    world.pass(again - world.now());
    assert_eq!(world.bi.schedules.report().await.unwrap(), None);
    assert_eq!(recorder.mails.lock().len(), 1);
}

async fn nobody_is_told_who_did_not_ask(store: Store) {
    let (world, recorder) = world(store).await;
    let name = "send_email_on_failed_scheduled_queries".to_owned();
    world.query("select 1", minutely()).await;
    world.store.set_settings(&[(name.clone(), json!(false))]).await.unwrap();
    world.travel("2027-01-01T11:30:00Z", true).await;
    assert_eq!(world.bi.schedules.report().await.unwrap().map(|due| due > world.now()), None);
    world.store.set_settings(&[(name, json!(true))]).await.unwrap();
    world.disable_owner(true).await;
    world.bi.schedules.report().await.unwrap();
    world.disable_owner(false).await;
    assert!(recorder.mails.lock().is_empty(), "what failed before is not told later");
}

async fn two_nodes_send_one_mail(store: Store) {
    let (world, recorder) = world(store).await;
    let other = World::node(world.store.clone(), world.clock.clone(), world.bob, world.source);
    let mailer: Arc<dyn Mailer> = Arc::<Recorder>::clone(&recorder);
    other.bi.schedules.mail_through(mailer);
    world.query("select 1", json!({ "interval": 86400 })).await;
    world.tick().await;
    world.work(true).await;
    world.pass(TimeDelta::minutes(60));
    let (one, two) = futures::join!(world.bi.schedules.report(), other.bi.schedules.report());
    one.and(two).unwrap();
    assert_eq!(recorder.mails.lock().len(), 1);
}

//! Alerts, destinations, due evaluations and the outbox.

use serde_json::json;
use tessera_access::Object;
use tessera_access::ports::{FactsRepo, UserRepo};
use tessera_bi::ports::{AlertRepo, DestinationRepo, JobRepo, OutboxRepo, QueryRepo};
use tessera_bi::{
    Alert, AlertFilter, AlertNotice, AlertState, AttemptOutcome, DeliveryScope, DeliveryState,
    Destination, EvaluationOutcome, NewDelivery,
};
use tessera_kernel::ids::{AlertId, DestinationId, QueryId, SourceId, SubscriptionId, Uid, UserId};
use tessera_kernel::{Code, Timestamp};
use tessera_store::Store;

use crate::common::{add, add_source, add_user, all, at, change, on_both, page, query};
use crate::jobs::run_result;

on_both! {
    alerts_are_written_and_read an_alert_that_changed_meanwhile_is_not_overwritten
    subscriptions_are_there_once destinations_have_names_of_their_own
    a_finished_run_makes_one_evaluation_for_each_alert runs_without_alerts_leave_nothing
    evaluations_of_one_alert_come_in_order an_evaluation_counts_once
    an_evaluation_of_an_old_version_changes_nothing a_dead_nodes_evaluation_is_taken_again
    deliveries_are_tried_again_and_end notices_to_one_receiver_keep_their_order
    deleting_a_destination_gives_up_what_waits archiving_a_query_deletes_its_alerts
    owners_of_alerts_are_not_deleted old_deliveries_are_purged
}

/// A user, a data source, and a query with an alert.
struct World {
    user: UserId,
    source: SourceId,
    query: QueryId,
    alert: AlertId,
}

async fn world(store: &Store) -> World {
    let user = add_user(store, "Ada").await;
    let source = add_source(store, "shop").await;
    let query = add(store, &query(user, source, "Orders", "select 1")).await;
    let alert = store.insert_alert(&alert(user, query)).await.unwrap();
    World { user, source, query, alert }
}

pub(crate) fn alert(owner: UserId, query: QueryId) -> Alert {
    Alert {
        id: AlertId(0),
        uid: Uid::now_v7(),
        name: "many".to_owned(),
        query,
        owner,
        options: json!({ "column": "n", "op": ">", "value": 1 }),
        parameters: None,
        rearm: Some(60),
        state: AlertState::Unknown,
        last_triggered_at: None,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn destination(name: &str) -> Destination {
    Destination {
        id: DestinationId(0),
        uid: Uid::now_v7(),
        name: name.to_owned(),
        kind: "webhook".to_owned(),
        options: json!({ "username": "u" }),
        sealed_options: Some(vec![0, 255]),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn notice(world: &World, at: Timestamp) -> AlertNotice {
    AlertNotice {
        delivery: Uid::now_v7(),
        at,
        alert: world.alert,
        name: "many".to_owned(),
        options: json!({}),
        state: AlertState::Triggered,
        rearm: None,
        last_triggered_at: Some(at),
        created_at: at,
        updated_at: at,
        user: world.user,
        query: world.query,
        query_name: "Orders".to_owned(),
        subject: None,
        body: Some("B".to_owned()),
        value: Some("7".to_owned()),
        base_url: "http://here".to_owned(),
        metadata: json!({ "Job ID": "x" }),
    }
}

/// That the alert became triggered, told to one destination.
fn triggered(
    world: &World,
    version: i64,
    destination: DestinationId,
    at: Timestamp,
) -> EvaluationOutcome {
    EvaluationOutcome {
        alert: world.alert,
        version,
        change: Some((AlertState::Triggered, at)),
        deliveries: vec![NewDelivery {
            destination: Some(destination),
            user: None,
            evaluation: Uid::now_v7(),
            notice: notice(world, at),
        }],
    }
}

async fn run(store: &Store, world: &World, seconds: i64) {
    run_result(store, world.source, Some(world.query), "select 1", seconds, false).await;
}

async fn log(store: &Store, world: &World) -> Vec<tessera_bi::Delivery> {
    store.deliveries(DeliveryScope::Alert(world.alert), page()).await.unwrap().items
}

async fn alerts_are_written_and_read(store: Store) {
    let world = world(&store).await;
    let mut wanted = alert(world.user, world.query);
    let found = store.alert(world.alert, None).await.unwrap().unwrap();
    (wanted.id, wanted.uid) = (world.alert, found.alert.uid);
    assert_eq!(found.alert, wanted);
    assert_eq!((found.owner.id, found.query.listing.query.id), (world.user, world.query));
    assert_eq!(store.alert_id(wanted.uid).await.unwrap(), Some(world.alert));
    wanted.name = "more".to_owned();
    wanted.parameters = Some(json!({ "tenant": 4 }));
    (wanted.rearm, wanted.version, wanted.updated_at) = (None, 2, at(1));
    assert!(store.update_alert(&wanted, 1).await.unwrap());
    assert_eq!(store.alert(world.alert, None).await.unwrap().unwrap().alert, wanted);
    let facts = store.facts(Object::Alert(world.alert)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.source), (Some(world.user), Some(world.source)));
    let bob = add_user(&store, "Bob").await;
    let list = async |filter: AlertFilter| {
        let found = store.alerts(&filter, page()).await.unwrap();
        assert_eq!(found.total, found.items.len() as u64);
        found.items.len()
    };
    let filter = |visible| AlertFilter { visible, query: None, state: None };
    assert_eq!(list(filter(all(bob))).await, 1);
    let mut visible = all(bob);
    visible.everything = false;
    assert_eq!(list(filter(visible.clone())).await, 0);
    visible.sources = vec![world.source];
    assert_eq!(list(filter(visible)).await, 1);
    let triggered = AlertFilter { state: Some(AlertState::Triggered), ..filter(all(bob)) };
    assert_eq!(list(triggered).await, 0);
    store.delete_alert(world.alert).await.unwrap();
    assert_eq!(store.delete_alert(world.alert).await.unwrap_err().code(), Code::NotFound);
}

async fn an_alert_that_changed_meanwhile_is_not_overwritten(store: Store) {
    let world = world(&store).await;
    let mut mine = store.alert(world.alert, None).await.unwrap().unwrap().alert;
    mine.version = 2;
    assert!(store.update_alert(&mine, 1).await.unwrap());
    assert!(!store.update_alert(&mine, 1).await.unwrap());
}

async fn subscriptions_are_there_once(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    let subscribe = async |user, destination| {
        store
            .insert_subscription(Uid::now_v7(), world.alert, user, destination, at(1))
            .await
            .unwrap()
    };
    let bob = add_user(&store, "Bob").await;
    let mail = subscribe(world.user, None).await;
    assert_eq!(subscribe(world.user, None).await, mail);
    let others = subscribe(bob, None).await;
    let hooked = subscribe(world.user, Some(hook)).await;
    assert_eq!(subscribe(bob, Some(hook)).await, hooked);
    let found = store.subscriptions(world.alert).await.unwrap();
    let ids: Vec<SubscriptionId> = found.iter().map(|found| found.id).collect();
    assert_eq!(ids, [mail, others, hooked]);
    assert_eq!(found[2].destination.as_ref().map(|found| found.id), Some(hook));
    let facts = store.facts(Object::Subscription(others)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.query), (Some(bob), Some(world.query)));
    store.delete_subscription(mail).await.unwrap();
    assert_eq!(store.subscription(mail).await.unwrap(), None);
}

async fn destinations_have_names_of_their_own(store: Store) {
    let mut hook = destination("hook");
    hook.id = store.insert_destination(&hook).await.unwrap();
    assert_eq!(store.destination(hook.id).await.unwrap().as_ref(), Some(&hook));
    let taken = store.insert_destination(&destination("hook")).await.unwrap_err();
    assert_eq!((taken.code(), taken.field()), (Code::Duplicate, Some("name")));
    (hook.name, hook.sealed_options) = ("other".to_owned(), None);
    hook.updated_at = at(1);
    assert!(store.update_destination(&hook, at(0)).await.unwrap());
    assert!(!store.update_destination(&destination("lost"), at(0)).await.unwrap());
    let stale = Destination { name: "stale".to_owned(), ..hook.clone() };
    assert!(!store.update_destination(&stale, at(0)).await.unwrap(), "it was changed since");
    assert_eq!(store.destinations().await.unwrap(), [hook.clone()]);
    store.delete_destination(hook.id, at(1)).await.unwrap();
    let gone = store.delete_destination(hook.id, at(1)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

async fn a_finished_run_makes_one_evaluation_for_each_alert(store: Store) {
    let world = world(&store).await;
    // Another query with the same text gets the result too, and an alert on another one does not.
    let twin = add(&store, &query(world.user, world.source, "Twin", "select 1")).await;
    let twins = store.insert_alert(&alert(world.user, twin)).await.unwrap();
    let other = add(&store, &query(world.user, world.source, "Other", "select 2")).await;
    store.insert_alert(&alert(world.user, other)).await.unwrap();
    run(&store, &world, 1).await;
    let mut seen = Vec::new();
    while let Some(due) = store.claim_evaluation("a", at(2), at(60)).await.unwrap() {
        assert_eq!((due.query, due.attempts, due.is_scheduled), (Some(world.query), 1, false));
        assert_eq!(due.participant.as_deref(), Some("user:1"));
        assert!(store.settle_evaluation(due.id, "a", None).await.unwrap());
        seen.push(due.alert);
    }
    assert_eq!(seen, [world.alert, twins]);
    assert_eq!(store.next_evaluation_at().await.unwrap(), None);
    // With values it is for alerts on the query of the job only.
    run_result(&store, world.source, Some(world.query), "select 1", 3, true).await;
    let due = store.claim_evaluation("a", at(4), at(60)).await.unwrap().unwrap();
    assert_eq!(due.alert, world.alert);
    assert!(store.settle_evaluation(due.id, "a", None).await.unwrap());
    assert_eq!(store.claim_evaluation("a", at(4), at(60)).await.unwrap(), None);
}

async fn runs_without_alerts_leave_nothing(store: Store) {
    let world = world(&store).await;
    store.delete_alert(world.alert).await.unwrap();
    run(&store, &world, 1).await;
    assert_eq!(store.next_evaluation_at().await.unwrap(), None);
    assert_eq!(store.claim_evaluation("a", at(2), at(60)).await.unwrap(), None);
}

async fn evaluations_of_one_alert_come_in_order(store: Store) {
    let world = world(&store).await;
    run(&store, &world, 1).await;
    run(&store, &world, 2).await;
    let first = store.claim_evaluation("a", at(3), at(60)).await.unwrap().unwrap();
    assert_eq!(store.claim_evaluation("b", at(3), at(60)).await.unwrap(), None);
    assert_eq!(store.next_evaluation_at().await.unwrap(), Some(at(60)));
    assert!(store.settle_evaluation(first.id, "a", None).await.unwrap());
    let second = store.claim_evaluation("b", at(3), at(60)).await.unwrap().unwrap();
    assert!(second.id > first.id);
}

async fn an_evaluation_counts_once(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    run(&store, &world, 1).await;
    let due = store.claim_evaluation("a", at(2), at(60)).await.unwrap().unwrap();
    let outcome = triggered(&world, 1, hook, at(2));
    assert!(!store.settle_evaluation(due.id, "b", Some(&outcome)).await.unwrap(), "not its node");
    assert!(store.settle_evaluation(due.id, "a", Some(&outcome)).await.unwrap());
    assert!(!store.settle_evaluation(due.id, "a", Some(&outcome)).await.unwrap(), "only once");
    let found = store.alert(world.alert, None).await.unwrap().unwrap().alert;
    assert_eq!((found.state, found.last_triggered_at), (AlertState::Triggered, Some(at(2))));
    let log = log(&store, &world).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].state, log[0].uid),
        (DeliveryState::Pending, outcome.deliveries[0].notice.delivery)
    );
    assert_eq!(log[0].notice, outcome.deliveries[0].notice);
    // The same evaluation has one delivery for each receiver, whatever happens.
    let mut again = outcome.clone();
    (again.version, again.change) = (2, None);
    again.deliveries[0].notice.delivery = Uid::now_v7();
    let twice = store.store_evaluation(&again).await.unwrap_err();
    assert_eq!(twice.code(), Code::Duplicate);
}

async fn an_evaluation_of_an_old_version_changes_nothing(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    run(&store, &world, 1).await;
    let due = store.claim_evaluation("a", at(2), at(60)).await.unwrap().unwrap();
    let mut edited = store.alert(world.alert, None).await.unwrap().unwrap().alert;
    edited.version = 2;
    assert!(store.update_alert(&edited, 1).await.unwrap());
    let late = triggered(&world, 1, hook, at(2));
    assert!(!store.settle_evaluation(due.id, "a", Some(&late)).await.unwrap());
    let mut telling = late.clone();
    telling.change = None;
    assert!(!store.store_evaluation(&telling).await.unwrap());
    assert!(log(&store, &world).await.is_empty());
    // It is still there, and counts with the present version.
    let good = triggered(&world, 2, hook, at(2));
    assert!(store.settle_evaluation(due.id, "a", Some(&good)).await.unwrap());
}

async fn a_dead_nodes_evaluation_is_taken_again(store: Store) {
    let world = world(&store).await;
    run(&store, &world, 1).await;
    let lost = store.claim_evaluation("a", at(2), at(10)).await.unwrap().unwrap();
    assert_eq!(store.claim_evaluation("b", at(9), at(20)).await.unwrap(), None);
    let taken = store.claim_evaluation("b", at(11), at(20)).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.attempts), (lost.id, 2));
    assert!(!store.settle_evaluation(lost.id, "a", None).await.unwrap());
    assert!(store.settle_evaluation(taken.id, "b", None).await.unwrap());
}

async fn deliveries_are_tried_again_and_end(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    assert!(store.store_evaluation(&triggered(&world, 1, hook, at(1))).await.unwrap());
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(1)));
    let first = store.claim_delivery("a", at(1), at(20)).await.unwrap().unwrap();
    assert_eq!((first.attempts, first.destination), (1, Some(hook)));
    assert_eq!(store.claim_delivery("b", at(1), at(20)).await.unwrap(), None);
    let again = AttemptOutcome::Again(at(30), "no answer".to_owned());
    assert!(!store.settle_delivery(first.uid, "b", &again, at(2)).await.unwrap());
    assert!(store.settle_delivery(first.uid, "a", &again, at(2)).await.unwrap());
    assert_eq!(store.claim_delivery("a", at(29), at(60)).await.unwrap(), None);
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(30)));
    // A node that dies while it sends: the next one sends the same again.
    let second = store.claim_delivery("a", at(30), at(40)).await.unwrap().unwrap();
    assert_eq!(store.claim_delivery("b", at(39), at(60)).await.unwrap(), None);
    let third = store.claim_delivery("b", at(41), at(60)).await.unwrap().unwrap();
    assert_eq!((second.uid, third.uid, third.attempts), (first.uid, first.uid, 3));
    let done = AttemptOutcome::Delivered("200 OK".to_owned());
    assert!(store.settle_delivery(third.uid, "b", &done, at(42)).await.unwrap());
    assert!(!store.settle_delivery(third.uid, "b", &done, at(42)).await.unwrap());
    let log = log(&store, &world).await;
    assert_eq!(log[0].state, DeliveryState::Delivered);
    assert_eq!((log[0].answer.as_deref(), log[0].finished_at), (Some("200 OK"), Some(at(42))));
    assert_eq!(store.next_delivery_at().await.unwrap(), None);
}

async fn notices_to_one_receiver_keep_their_order(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    let other = store.insert_destination(&destination("other")).await.unwrap();
    assert!(store.store_evaluation(&triggered(&world, 1, hook, at(1))).await.unwrap());
    assert!(store.store_evaluation(&triggered(&world, 2, hook, at(2))).await.unwrap());
    assert!(store.store_evaluation(&triggered(&world, 3, other, at(3))).await.unwrap());
    let first = store.claim_delivery("a", at(5), at(60)).await.unwrap().unwrap();
    assert_eq!(first.created_at, at(1));
    let waits = AttemptOutcome::Again(at(50), "no answer".to_owned());
    assert!(store.settle_delivery(first.uid, "a", &waits, at(5)).await.unwrap());
    let next = store.claim_delivery("a", at(6), at(60)).await.unwrap().unwrap();
    assert_eq!(next.destination, Some(other), "the second one waits for the first");
    assert_eq!(store.claim_delivery("a", at(6), at(60)).await.unwrap(), None);
    let gone = AttemptOutcome::Failed("refused".to_owned());
    let first = store.claim_delivery("a", at(50), at(60)).await.unwrap().unwrap();
    assert!(store.settle_delivery(first.uid, "a", &gone, at(51)).await.unwrap());
    let second = store.claim_delivery("a", at(52), at(60)).await.unwrap().unwrap();
    assert_eq!((second.destination, second.created_at), (Some(hook), at(2)));
}

async fn deleting_a_destination_gives_up_what_waits(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    let user = world.user;
    store.insert_subscription(Uid::now_v7(), world.alert, user, Some(hook), at(0)).await.unwrap();
    assert!(store.store_evaluation(&triggered(&world, 1, hook, at(1))).await.unwrap());
    store.delete_destination(hook, at(5)).await.unwrap();
    let log = log(&store, &world).await;
    assert_eq!((log[0].state, log[0].destination), (DeliveryState::Failed, None));
    assert!(store.subscriptions(world.alert).await.unwrap().is_empty());
    // An evaluation that did not know yet leaves nothing for it.
    assert!(store.store_evaluation(&triggered(&world, 2, hook, at(6))).await.unwrap());
    assert_eq!(store.next_delivery_at().await.unwrap(), None);
}

async fn archiving_a_query_deletes_its_alerts(store: Store) {
    let world = world(&store).await;
    let change = change("queries", world.query.0, 2, world.user);
    store.archive_query(world.query, at(1), &change).await.unwrap();
    assert_eq!(store.alert(world.alert, None).await.unwrap(), None);
}

async fn owners_of_alerts_are_not_deleted(store: Store) {
    let world = world(&store).await;
    let bob = add_user(&store, "Bob").await;
    let owned = store.insert_alert(&alert(bob, world.query)).await.unwrap();
    assert_eq!(store.delete_user(bob).await.unwrap_err().code(), Code::Conflict);
    store.delete_alert(owned).await.unwrap();
    let eve =
        store.insert_subscription(Uid::now_v7(), world.alert, bob, None, at(1)).await.unwrap();
    store.delete_user(bob).await.unwrap();
    assert_eq!(store.subscription(eve).await.unwrap(), None);
}

async fn old_deliveries_are_purged(store: Store) {
    let world = world(&store).await;
    let hook = store.insert_destination(&destination("hook")).await.unwrap();
    for (version, second) in [(1, 1), (2, 10)] {
        let outcome = triggered(&world, version, hook, at(second));
        assert!(store.store_evaluation(&outcome).await.unwrap());
        let taken = store.claim_delivery("a", at(second), at(60)).await.unwrap().unwrap();
        let done = AttemptOutcome::Delivered(String::new());
        assert!(store.settle_delivery(taken.uid, "a", &done, at(second)).await.unwrap());
    }
    assert!(store.store_evaluation(&triggered(&world, 3, hook, at(11))).await.unwrap());
    assert_eq!(store.purge_deliveries(at(5)).await.unwrap(), 1);
    assert_eq!(log(&store, &world).await.len(), 2);
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0));
}

//! The services over a store, with a clock that the test moves: what a key opens at which moment.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tessera_access::ports::{AuditRepo, GroupRepo, KeyRepo, UserRepo};
use tessera_access::terms::Terms;
use tessera_access::{
    Access, AccessLevel, AccessSettings, Act, AdministerKeys, ApproveKey, AuditFilter, Authorized,
    BulkRevocation, Caller, CreateKey, Credential, DisableKey, Expiry, GovernKeys, KeyChange,
    KeyFilter, KeyState, ListQueries, ListUsers, MintedKey, NewKey, NewWidening, Peppers,
    RequestContext, RestoreKey, RevokeKey, RotateKey, Sealer, StoredRecord, Transport, UpdateKey,
    WidenKey,
};
use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, SystemRandom, TestClock};
use tessera_store::Store;

use crate::common::{add_source, add_user, at, group, on_both};

on_both! {
    after_a_rotation_the_old_key_works_until_the_overlap_ends
    a_predecessor_never_outlives_its_own_end a_widening_ends_by_itself
    what_needs_approval_waits_for_somebody_else a_key_makes_keys_only_if_it_says_so_and_only_narrower
    a_child_ends_with_its_parent a_revoked_key_comes_back_within_the_days_of_the_policy
    what_an_administrator_switched_off_its_owner_cannot_switch_on a_canary_is_heard_and_opens_nothing
    warnings_are_written_once_each peppers_are_exchanged_while_keys_are_used
    the_policy_bounds_new_keys_and_ends_unused_ones many_keys_are_revoked_only_when_it_is_said_which
    narrowing_is_accepted_and_widening_is_not
}

struct World {
    access: Access,
    store: Store,
    clock: TestClock,
    peppers: Peppers,
    admin: Caller,
    other_admin: Caller,
    bob: Caller,
}

const OLD: (i64, [u8; 32]) = (1, [1; 32]);
const NEW: (i64, [u8; 32]) = (2, [2; 32]);

impl World {
    async fn over(store: Store) -> Self {
        let clock = TestClock::at(at(0));
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let peppers = Peppers::new(vec![OLD]).unwrap();
        let sealer = Sealer::new(&[(1, [7; 32])], Arc::clone(&random)).unwrap();
        let access = Access::new(
            Arc::new(store.clone()),
            peppers.clone(),
            sealer,
            Arc::new(clock.clone()),
            random,
            AccessSettings::default(),
            None,
        );
        let admins =
            tessera_access::Group { permissions: vec!["admin".to_owned()], ..group("admin") };
        let admins = store.insert_group(&admins).await.unwrap();
        let source = add_source(&store, "shop").await;
        let people = store.insert_group(&group("people")).await.unwrap();
        store.set_group_source(people, source, AccessLevel::Full).await.unwrap();
        let (ada, eve) = (add_user(&store, "Ada").await, add_user(&store, "Eve").await);
        let bob = add_user(&store, "Bob").await;
        for (group, user) in [(admins, ada), (admins, eve), (people, bob)] {
            store.add_group_member(group, user).await.unwrap();
        }
        let caller = async |id: UserId| Caller::User {
            user: access.gate.principal(id).await.unwrap().unwrap(),
            key: None,
        };
        let (admin, other_admin, bob) = (caller(ada).await, caller(eve).await, caller(bob).await);
        Self { access, store, clock, peppers, admin, other_admin, bob }
    }

    async fn permit<A: Act>(&self, caller: &Caller, act: A) -> Result<Authorized<A>> {
        self.access.gate.permit(caller, &RequestContext::default(), act).await
    }

    async fn create(&self, caller: &Caller, new: NewKey) -> Result<MintedKey> {
        let grant = self.permit(caller, CreateKey {}).await?;
        let over = match new.owner {
            Some(_) => Some(self.permit(caller, AdministerKeys {}).await?),
            None => None,
        };
        self.access.keys.create(&grant, over.as_ref(), new).await
    }

    async fn key(&self, caller: &Caller, terms: Value) -> MintedKey {
        self.create(caller, new(terms)).await.unwrap()
    }

    async fn show(&self, secret: &Secret) -> Result<Caller> {
        let credential = Credential { secret: secret.clone(), transport: Transport::Header };
        let context =
            RequestContext { address: Some("192.0.2.7".to_owned()), ..RequestContext::default() };
        self.access.gate.authenticate_key(&credential, &context).await
    }

    /// The stable word of why a key does not work; nothing if it does.
    async fn why(&self, secret: &Secret) -> Option<&'static str> {
        self.show(secret).await.err().and_then(|fault| fault.reason())
    }

    async fn rotate(&self, key: KeyId, overlap: u64) -> Result<MintedKey> {
        let grant = self.permit(&self.bob, RotateKey { key }).await?;
        self.access.keys.rotate(&grant, overlap).await
    }

    async fn policy(&self, change: Value) {
        let grant = self.permit(&self.admin, GovernKeys {}).await.unwrap();
        let Value::Object(change) = change else { unreachable!("it is an object") };
        self.access.keys.change_policy(&grant, change).await.unwrap();
    }

    async fn events(&self, action: &str) -> Vec<Value> {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        let (found, _) = self.store.audit_newest(&filter, None, 10_000).await.unwrap();
        let event = |stored: StoredRecord| {
            let record = stored.record.unwrap();
            let detail: Value = serde_json::from_str(&record.detail).unwrap();
            json!({ "address": record.address, "detail": detail })
        };
        found.into_iter().map(event).collect()
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }
}

fn terms(json: Value) -> Terms {
    serde_json::from_value(json).unwrap()
}

fn new(json: Value) -> NewKey {
    NewKey { name: "key".to_owned(), terms: terms(json), ..NewKey::default() }
}

#[track_caller]
fn refused<T>(done: Result<T>, code: Code, field: Option<&str>) -> Fault {
    let Err(fault) = done else { panic!("it was not refused") };
    assert_eq!((fault.code(), fault.field()), (code, field), "{fault}");
    fault
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

async fn after_a_rotation_the_old_key_works_until_the_overlap_ends(store: Store) {
    let world = World::over(store).await;
    let old = world.key(&world.bob, json!({ "grants": [{ "action": "queries.run" }] })).await;
    refused(world.rotate(old.key.id, 60).await, Code::Invalid, Some("overlap_seconds"));
    let new = world.rotate(old.key.id, 3600).await.unwrap();
    assert_eq!((&new.key.terms, new.key.predecessor), (&old.key.terms, Some(old.key.id)));
    assert_eq!((world.why(&old.secret).await, world.why(&new.secret).await), (None, None));
    refused(world.rotate(old.key.id, 0).await, Code::Conflict, None);
    world.pass(HOUR - 1);
    assert_eq!(world.why(&old.secret).await, None);
    world.pass(1);
    assert_eq!(world.why(&old.secret).await, Some("key_expired"));
    assert_eq!(world.why(&new.secret).await, None);
    let third = world.rotate(new.key.id, 0).await.unwrap();
    assert_eq!(world.why(&new.secret).await, Some("key_expired"), "no overlap");
    assert_eq!(world.why(&third.secret).await, None);
}

async fn a_predecessor_never_outlives_its_own_end(store: Store) {
    let world = World::over(store).await;
    let expires = Expiry::At(at(60));
    let old = world.create(&world.bob, NewKey { expires, ..new(json!({})) }).await.unwrap();
    world.pass(20);
    let next = world.rotate(old.key.id, 604_800).await.unwrap();
    let found = world.store.key(old.key.id).await.unwrap().unwrap();
    assert_eq!(found.expires_at, Some(at(60)));
    assert_eq!(found.state(at(59)), KeyState::Grace);
    assert_eq!(next.key.expires_at, Some(at(80)), "as long as the first was meant to live");
}

async fn a_widening_ends_by_itself(store: Store) {
    let world = World::over(store).await;
    let key = world.key(&world.bob, json!({ "grants": [{ "action": "queries.list" }] })).await;
    let act = WidenKey { key: key.key.id };
    let grant = world.permit(&world.bob, act).await.unwrap();
    let wider = NewWidening {
        terms: terms(json!({ "grants": [{ "action": "users.*" }, { "action": "accounts.*" }] })),
        justification: "blue and green".to_owned(),
        until: Some(at(HOUR)),
    };
    let asked = world.access.keys.ask_widening(&grant, wider).await.unwrap();
    assert!(asked.widening.is_some_and(|widening| widening.waits()));
    let may = async || {
        let caller = world.show(&key.secret).await.unwrap();
        let list = world.permit(&caller, ListUsers {}).await.is_ok();
        (list, world.permit(&caller, ListQueries {}).await.is_ok())
    };
    assert_eq!(may().await, (false, true), "nobody has approved");
    let approve = ApproveKey { key: key.key.id };
    assert!(world.permit(&world.bob, approve).await.is_err(), "no administrator");
    let grant = world.permit(&world.admin, approve).await.unwrap();
    world.access.keys.decide_approval(&grant, true).await.unwrap();
    assert_eq!(may().await, (true, false), "the terms are other ones as a whole");
    world.pass(HOUR - 1);
    assert_eq!(may().await, (true, false));
    world.pass(1);
    assert_eq!(may().await, (false, true));
    refused(world.access.keys.decide_approval(&grant, true).await, Code::Conflict, None);
}

async fn what_needs_approval_waits_for_somebody_else(store: Store) {
    let world = World::over(store).await;
    world.policy(json!({ "approval_actions": ["statements.run"], "four_eyes": true })).await;
    let wide = || new(json!({ "grants": [{ "action": "statements.run" }] }));
    let asked = |new| NewKey { justification: "nightly".to_owned(), ..new };
    refused(world.create(&world.bob, wide()).await, Code::Invalid, Some("justification"));
    let free = world.key(&world.bob, json!({ "grants": [{ "action": "queries.run" }] })).await;
    assert_eq!(world.why(&free.secret).await, None, "it opens nothing of that kind");
    let bobs = world.create(&world.bob, asked(wide())).await.unwrap();
    let adas = world.create(&world.admin, asked(wide())).await.unwrap();
    for made in [&bobs, &adas] {
        assert_eq!(made.key.state(at(0)), KeyState::Pending);
        assert_eq!(world.why(&made.secret).await, Some("approval_pending"));
    }
    let decide = async |caller: &Caller, key, approve| {
        let grant = world.permit(caller, ApproveKey { key }).await.unwrap();
        world.access.keys.decide_approval(&grant, approve).await
    };
    refused(decide(&world.admin, adas.key.id, true).await, Code::Forbidden, None);
    decide(&world.other_admin, adas.key.id, true).await.unwrap();
    assert_eq!(world.why(&adas.secret).await, None);
    decide(&world.admin, bobs.key.id, false).await.unwrap();
    assert_eq!(world.why(&bobs.secret).await, Some("key_unknown"), "refused is revoked");
    world.policy(json!({ "four_eyes": false })).await;
    let own = world.create(&world.admin, asked(wide())).await.unwrap();
    assert_eq!(own.key.state(at(0)), KeyState::Active, "an administrator approves by asking");
}

async fn a_key_makes_keys_only_if_it_says_so_and_only_narrower(store: Store) {
    let world = World::over(store).await;
    for silent in [json!({}), json!({ "grants": [{ "action": "*" }] })] {
        let key = world.key(&world.bob, silent.clone()).await;
        let caller = world.show(&key.secret).await.unwrap();
        refused(world.create(&caller, new(silent)).await, Code::OutOfScope, None);
    }
    let parent = json!({
        "grants": [{ "action": "keys.create" }, { "action": "queries.*" }],
        "conditions": { "ip_in": ["192.0.2.0/24"] },
    });
    let expires = Expiry::At(at(DAY));
    let parent = world.create(&world.bob, NewKey { expires, ..new(parent) }).await.unwrap();
    let caller = world.show(&parent.secret).await.unwrap();
    for wider in [
        json!({}),
        json!({ "grants": [{ "action": "queries.run" }] }),
        json!({ "grants": [{ "action": "sources.list" }], "conditions": { "ip_in": ["192.0.2.0/24"] } }),
    ] {
        let fault = world.create(&caller, new(wider)).await.err().unwrap();
        assert_eq!(fault.code(), Code::OutOfScope, "{fault}");
    }
    let narrow = || {
        new(json!({
            "grants": [{ "action": "queries.list" }], "conditions": { "ip_in": ["192.0.2.7/32"] },
        }))
    };
    let expires = Expiry::At(at(DAY + 1));
    let done = world.create(&caller, NewKey { expires, ..narrow() }).await;
    refused(done, Code::Invalid, Some("expires_at"));
    let child = world.create(&caller, narrow()).await.unwrap();
    assert_eq!((child.key.parent, child.key.expires_at), (Some(parent.key.id), Some(at(DAY))));
    // Nor may it give a successor of a wider key away.
    let wide = world.key(&world.bob, json!({})).await;
    let grant = world.permit(&caller, RotateKey { key: wide.key.id }).await;
    assert!(grant.is_err(), "it has no such action");
}

async fn a_child_ends_with_its_parent(store: Store) {
    let world = World::over(store).await;
    let grants = json!({ "grants": [{ "action": "keys.create" }, { "action": "queries.list" }] });
    let parent = world.key(&world.bob, grants).await;
    let caller = world.show(&parent.secret).await.unwrap();
    let child = new(json!({ "grants": [{ "action": "queries.list" }] }));
    let child = world.create(&caller, child).await.unwrap();
    assert_eq!(world.why(&child.secret).await, None);
    let grant = world.permit(&world.bob, RevokeKey { key: parent.key.id }).await.unwrap();
    world.access.keys.revoke(&grant).await.unwrap();
    assert_eq!(world.why(&child.secret).await, Some("key_unknown"));
    let grant = world.permit(&world.bob, RestoreKey { key: parent.key.id }).await.unwrap();
    world.access.keys.restore(&grant).await.unwrap();
    assert_eq!(world.why(&child.secret).await, None);
}

async fn a_revoked_key_comes_back_within_the_days_of_the_policy(store: Store) {
    let world = World::over(store).await;
    let (own, taken) =
        (world.key(&world.bob, json!({})).await, world.key(&world.bob, json!({})).await);
    let revoke = async |caller: &Caller, key| {
        let grant = world.permit(caller, RevokeKey { key }).await.unwrap();
        world.access.keys.revoke(&grant).await.unwrap();
    };
    let restore = async |caller: &Caller, key| {
        let grant = world.permit(caller, RestoreKey { key }).await?;
        world.access.keys.restore(&grant).await
    };
    revoke(&world.bob, own.key.id).await;
    revoke(&world.admin, taken.key.id).await;
    assert_eq!(world.why(&own.secret).await, Some("key_unknown"));
    refused(restore(&world.bob, taken.key.id).await, Code::Forbidden, None);
    restore(&world.bob, own.key.id).await.unwrap();
    restore(&world.admin, taken.key.id).await.unwrap();
    assert_eq!((world.why(&own.secret).await, world.why(&taken.secret).await), (None, None));
    revoke(&world.bob, own.key.id).await;
    world.pass(31 * DAY);
    refused(restore(&world.bob, own.key.id).await, Code::Conflict, None);
    assert_eq!(world.access.keys.tend().await.unwrap().purged, 1);
    refused(restore(&world.bob, own.key.id).await, Code::NotFound, None);
    assert_eq!(world.why(&taken.secret).await, None);
}

async fn what_an_administrator_switched_off_its_owner_cannot_switch_on(store: Store) {
    let world = World::over(store).await;
    let key = world.key(&world.bob, json!({})).await;
    let set = async |caller: &Caller, off| {
        let grant = world.permit(caller, DisableKey { key: key.key.id }).await.unwrap();
        world.access.keys.set_disabled(&grant, off).await
    };
    set(&world.bob, true).await.unwrap();
    assert_eq!(world.why(&key.secret).await, Some("key_disabled"));
    set(&world.bob, false).await.unwrap();
    assert_eq!(world.why(&key.secret).await, None);
    set(&world.admin, true).await.unwrap();
    refused(set(&world.bob, false).await, Code::Forbidden, None);
    set(&world.other_admin, false).await.unwrap();
    assert_eq!(world.why(&key.secret).await, None);
}

async fn a_canary_is_heard_and_opens_nothing(store: Store) {
    let world = World::over(store).await;
    let trap = world.key(&world.admin, json!({ "canary": true })).await;
    let weak = world.key(&world.admin, json!({ "grants": [{ "action": "sources.list" }] })).await;
    for times in 1..=2 {
        let (trap, weak) =
            (world.show(&trap.secret).await.unwrap(), world.show(&weak.secret).await.unwrap());
        let ask = async |caller| world.permit(caller, ListUsers {}).await.err().unwrap();
        let (one, other) = (ask(&trap).await, ask(&weak).await);
        assert_eq!(
            (one.code(), one.detail(), one.reason()),
            (other.code(), other.detail(), other.reason()),
            "nothing tells it from a key that lacks the action"
        );
        let heard = world.events("keys.canary").await;
        assert_eq!(heard.len(), times);
        assert_eq!(heard[0]["address"], "192.0.2.7");
    }
    let grant = world.permit(&world.admin, DisableKey { key: trap.key.id }).await.unwrap();
    world.access.keys.set_disabled(&grant, true).await.unwrap();
    assert_eq!(world.why(&trap.secret).await, Some("key_disabled"));
    assert_eq!(world.events("keys.canary").await.len(), 3, "switched off it still listens");
}

async fn warnings_are_written_once_each(store: Store) {
    let world = World::over(store).await;
    let expires = Expiry::At(at(90 * DAY));
    world.create(&world.bob, NewKey { expires, ..new(json!({})) }).await.unwrap();
    let expires = Expiry::At(at(2 * DAY));
    world.create(&world.bob, NewKey { expires, ..new(json!({})) }).await.unwrap();
    let mut told = Vec::new();
    for _ in 0..92 {
        world.pass(DAY);
        for _ in 0..2 {
            told.push(world.access.keys.tend().await.unwrap().warned);
        }
    }
    assert_eq!(told.iter().sum::<u64>(), 4, "30, 7 and 1 day; 1 day of the short one");
    let days: Vec<_> = world
        .events("keys.expiry_warning")
        .await
        .iter()
        .map(|e| e["detail"]["days"].clone())
        .collect();
    assert_eq!(json!(days), json!([1, 7, 30, 1]), "the newest first");
}

async fn peppers_are_exchanged_while_keys_are_used(store: Store) {
    let world = World::over(store).await;
    let key = world.key(&world.bob, json!({})).await;
    let format = tessera_access::KeyFormat::Uuid;
    let uuid = world.create(&world.bob, NewKey { format, ..new(json!({})) }).await.unwrap();
    let user = world.bob.user().unwrap().id;
    let owner = tessera_access::KeyOwner::User(user);
    let kind = tessera_access::KeyKind::User;
    let shown = world.access.keys.replace_recoverable(kind, owner, Some(user)).await.unwrap();
    let count = async || {
        let grant = world.permit(&world.admin, AdministerKeys {}).await.unwrap();
        let filter = KeyFilter { owner: Some(owner), ..KeyFilter::default() };
        let page = tessera_kernel::PageRequest { number: 1, size: 100 };
        let keys = world.access.keys.list_all(&grant, &filter, page).await.unwrap();
        let under = |version| keys.items.iter().filter(|key| key.pepper_version == version).count();
        (under(1), under(2))
    };
    assert_eq!(count().await, (3, 0));
    world.peppers.replace(vec![OLD, NEW]).unwrap();
    for secret in [&key.secret, &uuid.secret, &shown] {
        assert_eq!(world.why(secret).await, None);
    }
    world.access.gate.flush_used().await.unwrap();
    assert_eq!(count().await, (1, 2), "those that were used");
    // The other users' recoverable keys are not sealed in this test's store.
    let others = world.store.user_by_email("ada@example.com").await.unwrap().unwrap();
    for id in [others.id, UserId(others.id.0 + 1)] {
        let owner = tessera_access::KeyOwner::User(id);
        world.access.keys.replace_recoverable(kind, owner, None).await.unwrap();
    }
    assert_eq!(world.access.keys.tend().await.unwrap().redigested, 1);
    assert_eq!(count().await, (0, 3));
    world.peppers.replace(vec![NEW]).unwrap();
    world.access.gate.forget_keys();
    for secret in [&key.secret, &uuid.secret, &shown] {
        assert_eq!(world.why(secret).await, None);
    }
    let again = world.access.keys.recoverable(owner).await.unwrap();
    assert_eq!(again.expose(), shown.expose(), "it can still be shown");
}

async fn the_policy_bounds_new_keys_and_ends_unused_ones(store: Store) {
    let world = World::over(store).await;
    let usual = world.key(&world.bob, json!({})).await;
    assert_eq!(usual.key.expires_at, Some(at(90 * DAY)));
    let never = || NewKey { expires: Expiry::Never, ..new(json!({})) };
    assert_eq!(world.create(&world.bob, never()).await.unwrap().key.expires_at, None);
    let policy = json!({
        "lifetime_days_max": 30, "default_lifetime_days": 10, "unused_days_max": 5,
    });
    world.policy(policy).await;
    refused(world.create(&world.bob, never()).await, Code::Invalid, Some("expires_at"));
    let expires = Expiry::At(at(30 * DAY + 1));
    let done = world.create(&world.bob, NewKey { expires, ..new(json!({})) }).await;
    refused(done, Code::Invalid, Some("expires_at"));
    let short = world.key(&world.bob, json!({})).await;
    assert_eq!(short.key.expires_at, Some(at(10 * DAY)));
    world.pass(4 * DAY);
    assert_eq!(world.why(&usual.secret).await, None);
    world.access.gate.flush_used().await.unwrap();
    world.pass(2 * DAY);
    assert_eq!(world.access.keys.tend().await.unwrap().disabled, 2, "but not the used one");
    assert_eq!(world.why(&short.secret).await, Some("key_disabled"));
    assert_eq!(world.why(&usual.secret).await, None);
    assert_eq!(world.events("keys.disable").await.len(), 2);
}

async fn many_keys_are_revoked_only_when_it_is_said_which(store: Store) {
    let world = World::over(store).await;
    let (one, two) =
        (world.key(&world.bob, json!({})).await, world.key(&world.admin, json!({})).await);
    let grant = world.permit(&world.admin, AdministerKeys {}).await.unwrap();
    let revoke = async |filter, dry_run| {
        let asked = BulkRevocation { filter, dry_run, recoverable: false };
        world.access.keys.revoke_many(&grant, asked).await
    };
    refused(revoke(KeyFilter::default(), true).await, Code::Invalid, Some("filter"));
    let owner = Some(one.key.owner);
    let bobs = || KeyFilter { owner, ..KeyFilter::default() };
    assert_eq!(revoke(bobs(), true).await.unwrap().len(), 1, "not the one that can be shown");
    assert_eq!(world.why(&one.secret).await, None, "it was a dry run");
    assert_eq!(revoke(bobs(), false).await.unwrap().len(), 1);
    assert_eq!(world.why(&one.secret).await, Some("key_unknown"));
    assert_eq!(world.why(&two.secret).await, None);
}

async fn narrowing_is_accepted_and_widening_is_not(store: Store) {
    let world = World::over(store).await;
    let key = world.key(&world.bob, json!({ "grants": [{ "action": "queries.*" }] })).await;
    let change = async |key, change: Value| {
        let grant = world.permit(&world.bob, UpdateKey { key }).await.unwrap();
        let change = KeyChange { name: Some("n".to_owned()), terms: Some(terms(change)) };
        world.access.keys.update(&grant, change).await
    };
    let narrow = json!({ "grants": [{ "action": "queries.run" }], "immutable": true });
    refused(change(key.key.id, json!({})).await, Code::Invalid, Some("terms.grants"));
    let changed = change(key.key.id, narrow.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.terms), ("n", terms(narrow.clone())));
    refused(change(key.key.id, narrow).await, Code::Invalid, Some("terms.immutable"));
    let caller = world.show(&key.secret).await.unwrap();
    assert!(world.permit(&caller, ListQueries {}).await.is_err(), "at once");
    assert!(world.clock.now() == at(0));
}

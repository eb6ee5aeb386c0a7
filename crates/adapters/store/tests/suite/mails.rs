//! The queue of mails over a store: nothing is lost, nothing is sent twice, secrets do not stay.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use tessera_access::ports::{KeyRepo, MailRepo, UserRepo};
use tessera_access::{
    Access, AccessSettings, Act, Authorized, Caller, CreateUser, Key, KeyKind, KeyOwner, Mail,
    MailCounts, MailQueueSettings, MailState, Mailer, NewUser, Peppers, QueuedMail, RequestContext,
    Sealer, TokenPurpose,
};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Random, Result, SystemRandom, TestClock};
use tessera_store::Store;

use crate::common::{add_user, at, group, key, on_both, page};

on_both! {
    a_mail_is_claimed_once_until_its_lease_ends a_mail_of_the_same_deduplication_is_not_taken
    what_ended_is_listed_without_content_and_goes_in_time
    a_failed_mail_is_tried_again_later_each_time_and_then_given_up
    a_mail_outlives_the_process_and_its_link_is_not_readable_at_rest
    a_forgotten_password_is_answered_only_to_those_who_have_one
    the_owner_of_a_key_is_warned_by_mail_once_each without_a_mail_server_nothing_is_queued
}

pub fn queued(number: u8) -> QueuedMail {
    QueuedMail {
        uid: Uid::now_v7(),
        deduplication: format!("mail {number}"),
        kind: "notice".to_owned(),
        recipients: "ada@example.com".to_owned(),
        sealed: Some(vec![0, number, 255]),
        state: MailState::Queued,
        attempts: 0,
        next_at: at(i64::from(number)),
        error: None,
        created_at: at(0),
        ended_at: None,
    }
}

async fn a_mail_is_claimed_once_until_its_lease_ends(store: Store) {
    for number in 1..=3 {
        assert!(store.insert_mail(&queued(number)).await.unwrap());
    }
    assert_eq!(store.claim_mail(at(0), at(100)).await.unwrap(), None, "none is due");
    let claims = futures::future::join_all((0..6).map(|_| store.claim_mail(at(2), at(100)))).await;
    let mut claimed: Vec<_> = claims
        .into_iter()
        .filter_map(|claim| claim.unwrap())
        .map(|mail| mail.deduplication)
        .collect();
    claimed.sort();
    assert_eq!(claimed, ["mail 1", "mail 2"]);
    let again = store.claim_mail(at(100), at(200)).await.unwrap().unwrap();
    assert_eq!((again.deduplication.as_str(), again.attempts), ("mail 3", 1));
    assert_eq!(again.sealed, Some(vec![0, 3, 255]));
    let lost = store.claim_mail(at(100), at(200)).await.unwrap().unwrap();
    assert_eq!(lost.attempts, 2, "its process is gone");
}

async fn a_mail_of_the_same_deduplication_is_not_taken(store: Store) {
    assert!(store.insert_mail(&queued(1)).await.unwrap());
    assert!(!store.insert_mail(&queued(1)).await.unwrap());
    let uid = store.claim_mail(at(9), at(10)).await.unwrap().unwrap().uid;
    store.end_mail(uid, MailState::Sent, None, at(9)).await.unwrap();
    assert!(!store.insert_mail(&queued(1)).await.unwrap(), "also after it was sent");
}

async fn what_ended_is_listed_without_content_and_goes_in_time(store: Store) {
    for number in 1..=3 {
        store.insert_mail(&queued(number)).await.unwrap();
    }
    let first = store.claim_mail(at(9), at(10)).await.unwrap().unwrap();
    store.end_mail(first.uid, MailState::Failed, Some("no".to_owned()), at(20)).await.unwrap();
    let second = store.claim_mail(at(9), at(10)).await.unwrap().unwrap();
    store.end_mail(second.uid, MailState::Sent, None, at(30)).await.unwrap();
    let all = store.mails(None, page()).await.unwrap();
    let states: Vec<_> = all.items.iter().map(|mail| mail.state).collect();
    assert_eq!(states, [MailState::Queued, MailState::Sent, MailState::Failed]);
    assert_eq!(all.total, 3);
    assert!(all.items.iter().all(|mail| mail.sealed.is_none()));
    let failed = store.mails(Some(MailState::Failed), page()).await.unwrap();
    assert_eq!((failed.total, failed.items[0].error.as_deref()), (1, Some("no")));
    assert_eq!(failed.items[0].ended_at, Some(at(20)));
    assert_eq!(store.count_failed_mails(at(20)).await.unwrap(), 1);
    assert_eq!(store.count_failed_mails(at(21)).await.unwrap(), 0);
    assert_eq!(store.purge_mails(at(25)).await.unwrap(), 1);
    assert_eq!(store.mails(None, page()).await.unwrap().total, 2, "what waits stays");
}

/// A mail server that answers what it is told and keeps what it is sent.
struct Server {
    configured: bool,
    answer: Mutex<Option<Code>>,
    sent: Mutex<Vec<Mail>>,
}

#[async_trait]
impl Mailer for Server {
    fn configured(&self) -> bool {
        self.configured
    }

    async fn send(&self, mail: &Mail) -> Result<()> {
        match *self.answer.lock().unwrap() {
            Some(code) => Err(Fault::new(code, "told so")),
            None => {
                self.sent.lock().unwrap().push(mail.clone());
                Ok(())
            }
        }
    }
}

struct World {
    access: Access,
    store: Store,
    clock: TestClock,
    server: Arc<Server>,
}

impl World {
    fn over(store: Store, configured: bool) -> Self {
        let clock = TestClock::at(at(0));
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let (answer, sent) = (Mutex::new(None), Mutex::new(Vec::new()));
        let server = Arc::new(Server { configured, answer, sent });
        let mail = MailQueueSettings {
            base_url: "https://t.example".to_owned(),
            attempts_max: 3,
            ..MailQueueSettings::default()
        };
        let mailer: Arc<dyn Mailer> = Arc::clone(&server) as Arc<dyn Mailer>;
        let access = Access::new(
            Arc::new(store.clone()),
            Peppers::new(vec![(1, [1; 32])]).unwrap(),
            Sealer::new(&[(1, [7; 32])], Arc::clone(&random)).unwrap(),
            Arc::new(clock.clone()),
            random,
            AccessSettings { mail, ..AccessSettings::default() },
            None,
        )
        .mailing(mailer);
        Self { access, store, clock, server }
    }

    async fn admin<A: Act>(&self, act: A) -> Authorized<A> {
        use tessera_access::ports::GroupRepo;
        let ada = match self.store.user_by_email("ada@example.com").await.unwrap() {
            Some(user) => user.id,
            None => {
                let admins = tessera_access::Group {
                    permissions: vec!["admin".to_owned(), "super_admin".to_owned()],
                    ..group("admin")
                };
                let admins = self.store.insert_group(&admins).await.unwrap();
                let ada = add_user(&self.store, "Ada").await;
                self.store.add_group_member(admins, ada).await.unwrap();
                ada
            }
        };
        let user = self.access.gate.principal(ada).await.unwrap().unwrap();
        let caller = Caller::User { user, key: None };
        self.access.gate.permit(&caller, &RequestContext::default(), act).await.unwrap()
    }

    async fn send(&self) -> MailCounts {
        self.access.mails.send_due().await.unwrap()
    }

    fn sent(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.server.sent.lock().unwrap())
    }

    fn answer(&self, code: Option<Code>) {
        *self.server.answer.lock().unwrap() = code;
    }
}

fn mail(deduplication: &str) -> Mail {
    Mail {
        to: vec!["bob@example.com".to_owned()],
        subject: "S".to_owned(),
        text: "T".to_owned(),
        html: None,
        deduplication: deduplication.to_owned(),
    }
}

async fn a_failed_mail_is_tried_again_later_each_time_and_then_given_up(store: Store) {
    let world = World::over(store, true);
    assert!(world.access.mails.queue("notice", &mail("one")).await.unwrap());
    world.answer(Some(Code::Unavailable));
    assert_eq!(world.send().await, MailCounts { again: 1, ..MailCounts::default() });
    assert_eq!(world.send().await, MailCounts::default(), "not at once");
    world.clock.advance(TimeDelta::seconds(30));
    assert_eq!(world.send().await.again, 1);
    world.clock.advance(TimeDelta::seconds(59));
    assert_eq!(world.send().await, MailCounts::default(), "twice as long");
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(world.send().await, MailCounts { failed: 1, ..MailCounts::default() });
    assert!(world.access.mails.queue("notice", &mail("two")).await.unwrap());
    world.answer(Some(Code::Invalid));
    assert_eq!(world.send().await.failed, 1, "another attempt would not help");
    world.answer(None);
    assert!(world.access.mails.queue("notice", &mail("three")).await.unwrap());
    assert_eq!(world.send().await, MailCounts { sent: 1, ..MailCounts::default() });
    assert_eq!(world.sent(), [mail("three")]);
}

async fn a_mail_outlives_the_process_and_its_link_is_not_readable_at_rest(store: Store) {
    let world = World::over(store.clone(), true);
    let grant = world.admin(CreateUser {}).await;
    let new = NewUser {
        name: "Bob <b>".to_owned(),
        email: "bob@example.com".to_owned(),
        groups: Vec::new(),
    };
    let (user, link) = world.access.users.create(&grant, new).await.unwrap();
    assert!(world.access.users.mail_link(&user, TokenPurpose::Invite, &link).await.unwrap());
    let stored = store.claim_mail(at(0), at(1)).await.unwrap().unwrap();
    let bytes = stored.sealed.unwrap();
    let token = link.token.expose().as_bytes();
    assert!(!bytes.windows(token.len()).any(|window| window == token));
    // Another process, after the lease of this one.
    let next = World::over(store, true);
    next.clock.advance(TimeDelta::seconds(2));
    assert_eq!(next.send().await.sent, 1);
    let sent = next.sent();
    let url = format!("https://t.example/invite/{}", link.token.expose());
    assert!(sent[0].text.contains(&url), "{}", sent[0].text);
    assert!(sent[0].html.as_ref().is_some_and(|html| html.contains("Bob &lt;b&gt;")));
    assert_eq!(sent[0].to, ["bob@example.com"]);
}

async fn a_forgotten_password_is_answered_only_to_those_who_have_one(store: Store) {
    let world = World::over(store, true);
    add_user(&world.store, "Bob").await;
    let users = &world.access.users;
    let context = RequestContext::default();
    users.forgot(" BOB@example.com ", &context).await.unwrap();
    users.forgot("nobody@example.com", &context).await.unwrap();
    let listed = world.store.mails(None, page()).await.unwrap();
    assert!(listed.items.iter().all(|mail| mail.kind == "forgot"), "both look the same");
    world.send().await;
    world.send().await;
    let sent = world.sent();
    assert_eq!(sent.len(), 1);
    let (_, token) = sent[0].text.split_once("https://t.example/reset/").unwrap();
    let token = tessera_kernel::Secret::new(token.split_whitespace().next().unwrap());
    let password = tessera_kernel::Secret::new("a long enough one");
    let user = users.accept_link(&token, TokenPurpose::Reset, &password, &context).await.unwrap();
    assert_eq!(user.email, "bob@example.com");
}

async fn the_owner_of_a_key_is_warned_by_mail_once_each(store: Store) {
    let world = World::over(store, true);
    let bob = add_user(&world.store, "Bob").await;
    let ending = Key {
        name: "nightly".to_owned(),
        sealed: None,
        expires_at: Some(at(40 * 86_400)),
        ..key(KeyKind::User, KeyOwner::User(bob))
    };
    world.store.insert_key(&ending).await.unwrap();
    world.clock.advance(TimeDelta::days(11));
    for _ in 0..2 {
        world.access.keys.tend().await.unwrap();
        world.send().await;
    }
    world.clock.advance(TimeDelta::days(23));
    world.access.keys.tend().await.unwrap();
    world.send().await;
    let subjects: Vec<_> = world.sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(
        subjects,
        ["The key nightly ends within 30 days", "The key nightly ends within 7 days"]
    );
}

async fn without_a_mail_server_nothing_is_queued(store: Store) {
    let world = World::over(store, false);
    assert!(!world.access.mails.queue("notice", &mail("one")).await.unwrap());
    let refused = world.access.users.forgot("a@b.example", &RequestContext::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unsupported);
    assert_eq!(world.store.mails(None, page()).await.unwrap().total, 0);
    let refused = world.access.mails.send_test_for_operator("a@b.example").await;
    assert_eq!(refused.unwrap_err().code(), Code::Unsupported);
}

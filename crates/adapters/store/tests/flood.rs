//! A million bad keys: a process of its own, so that its memory can be measured.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::sync::Arc;

use tessera_access::ports::UserRepo;
use tessera_access::terms::Terms;
use tessera_access::{
    Access, AccessSettings, Credential, Key, KeyKind, KeyOwner, Peppers, RequestContext, Sealer,
    Transport, User, UserKind,
};
use tessera_kernel::ids::{Uid, UserId};
use tessera_kernel::{Clock, Random, Secret, SystemClock, SystemRandom};
use tessera_store::{Store, StoreSettings};

/// How much more memory the process may have after it is warm, in bytes.
const GROWTH_MAX: u64 = 16 << 20;

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

async fn add_user(store: &Store) -> UserId {
    let now = SystemClock.now();
    let user = User {
        id: UserId(0),
        uid: Uid::now_v7(),
        name: "Ada".to_owned(),
        kind: UserKind::Person,
        email: "ada@example.com".to_owned(),
        password_hash: None,
        groups: Vec::new(),
        disabled_at: None,
        invitation_pending: false,
        email_verified: true,
        active_at: None,
        epoch: 0,
        created_at: now,
        updated_at: now,
    };
    let key =
        Key { uid: Uid::now_v7(), ..Key::blank(KeyKind::User, KeyOwner::User(UserId(0)), now) };
    store.insert_user(&user, &key).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_bad_keys_cost_no_memory_and_harm_no_good_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = Store::open(StoreSettings { url, ..StoreSettings::default() }).await.unwrap();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let access = Access::new(
        Arc::new(store.clone()),
        Peppers::new(vec![(1, [7; 32])]).unwrap(),
        Sealer::new(&[(1, [8; 32])], Arc::clone(&random)).unwrap(),
        Arc::new(SystemClock) as Arc<dyn Clock>,
        random,
        AccessSettings::default(),
        None,
    );
    let user = add_user(&store).await;
    let good = access.keys.mint_with_terms(user, "key", Terms::default(), None).await.unwrap();
    let ask = async |key: &str, address: &str| {
        let credential = Credential { secret: Secret::new(key), transport: Transport::Header };
        let address = Some(address.to_owned());
        let context = RequestContext { address, ..RequestContext::default() };
        access.gate.authenticate_key(&credential, &context).await.is_ok()
    };
    let mut before = 0;
    for number in 0..1_000_000_u32 {
        // Some addresses send all they like, and a new one comes every ten keys.
        let address = match number % 10 {
            0 => format!("2001:db8:{:x}:{:x}::1", number >> 16, number & 0xffff),
            other => format!("198.51.100.{other}"),
        };
        assert!(!ask(&SystemRandom.alphanumeric(40), &address).await);
        if number % 1000 == 0 {
            assert!(ask(good.secret.expose(), "198.51.100.1").await, "{number}");
        }
        if number == 250_000 {
            before = resident();
        }
    }
    let after = resident();
    let grown = after.saturating_sub(before);
    assert!(grown < GROWTH_MAX, "from {before} to {after} bytes");
}

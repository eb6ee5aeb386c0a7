//! What recognising a key costs, with 100,000 of them in the store: processor time for each check.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use futures::future::try_join_all;
use tessera_access::ports::{KeyRepo, UserRepo};
use tessera_access::terms::Terms;
use tessera_access::{
    Access, AccessSettings, Credential, Key, KeyKind, KeyOwner, Peppers, RequestContext, Sealer,
    Transport, User, UserKind,
};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Fault, Random, Secret, SystemClock, SystemRandom};
use tessera_store::{Store, StoreSettings};

use crate::table::Table;

/// How many keys there are.
const KEYS: usize = 100_000;
/// How many of them are asked for the first time.
const FIRST: usize = 15_000;
/// How many are asked again and again, and how often.
const AGAIN: usize = 1_000;
const ROUNDS: usize = 500;
/// How many texts that are no key of ours are tried.
const GUESSES: usize = 1_000_000;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(table))
}

async fn run(table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("keys.db").display());
    let settings = StoreSettings { url, ..StoreSettings::default() };
    let store = Store::open(settings).await.map_err(explain)?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let peppers = Peppers::new(vec![(1, std::array::from_fn(|place| place as u8))]);
    let access = Access::new(
        Arc::new(store.clone()),
        peppers.map_err(explain)?,
        Sealer::new(&[(1, [7; 32])], Arc::clone(&random)).map_err(explain)?,
        Arc::clone(&clock),
        Arc::clone(&random),
        AccessSettings::default(),
        None,
    );
    let owner = insert_user(&store, clock.as_ref(), random.as_ref()).await?;
    let mut keys = Vec::with_capacity(KEYS);
    while keys.len() < KEYS {
        let minted =
            (0..500).map(|_| access.keys.mint_with_terms(owner, "load", Terms::default(), None));
        let minted = try_join_all(minted).await.map_err(explain)?;
        keys.extend(minted.into_iter().map(|minted| minted.secret));
    }
    let step = KEYS / FIRST;
    let first: Vec<&Secret> = keys.iter().step_by(step).take(FIRST).collect();
    let used = check(&access, first.iter().copied()).await?;
    table.row(
        "recognising a key for the first time",
        microseconds(used, FIRST),
        format!("processor time; SQLite with {KEYS} keys; target ≤ 100 µs"),
    );
    let again: Vec<&Secret> = keys.iter().take(AGAIN).collect();
    check(&access, again.iter().copied()).await?;
    let rounds = (0..ROUNDS).flat_map(|_| again.iter().copied());
    let used = check(&access, rounds).await?;
    table.row(
        "recognising it again",
        microseconds(used, AGAIN * ROUNDS),
        "processor time; target ≤ 5 µs".to_owned(),
    );
    guesses(&access, &keys[0], table).await
}

/// Texts that look like keys and are none: memory stays as it is, a good key works.
async fn guesses(access: &Access, good: &Secret, table: &mut Table) -> Result<()> {
    let random = SystemRandom;
    let context = RequestContext::default();
    let try_some = async |count: usize| -> Result<()> {
        for _ in 0..count {
            let guess = credential(&Secret::new(random.alphanumeric(40)));
            let known = access.gate.authenticate_key(&guess, &context).await;
            ensure!(known.is_err(), "a guess is a key");
        }
        Ok(())
    };
    try_some(GUESSES / 10).await?;
    let (before, begun) = (memory()?, processor()?);
    try_some(GUESSES - GUESSES / 10).await?;
    let used = processor()?.saturating_sub(begun);
    let grown = memory()?.saturating_sub(before);
    check(access, std::iter::once(good)).await?;
    table.row(
        "refusing an unknown key",
        microseconds(used, GUESSES - GUESSES / 10),
        format!("{GUESSES} random keys; memory grew by {} MiB after the first tenth", grown >> 20),
    );
    Ok(())
}

async fn check(access: &Access, keys: impl Iterator<Item = &Secret>) -> Result<Duration> {
    let context = RequestContext::default();
    let begun = processor()?;
    for key in keys {
        let caller = access.gate.authenticate_key(&credential(key), &context).await;
        ensure!(caller.map_err(explain)?.user().is_some(), "the key acts as its owner");
    }
    Ok(processor()?.saturating_sub(begun))
}

fn credential(secret: &Secret) -> Credential {
    Credential { secret: secret.clone(), transport: Transport::Header }
}

async fn insert_user(store: &Store, clock: &dyn Clock, random: &dyn Random) -> Result<UserId> {
    let now = clock.now();
    let user = User {
        id: UserId(0),
        uid: random.uid(now),
        name: "Load".to_owned(),
        kind: UserKind::Person,
        email: "load@example.com".to_owned(),
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
    let mut key = Key::blank(KeyKind::User, KeyOwner::User(UserId(0)), now);
    key.uid = random.uid(now);
    key.lookup = "first".to_owned();
    let id = store.insert_user(&user, &key).await.map_err(explain)?;
    let keys = store.keys_of(KeyOwner::User(id)).await.map_err(explain)?;
    ensure!(keys.len() == 1, "the user has a key");
    Ok(id)
}

/// Processor time that this process took so far, all threads together.
fn processor() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    let own: u64 = text.split_whitespace().next().context("a number")?.parse()?;
    let mut all = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let path = thread?.path().join("schedstat");
        let text = std::fs::read_to_string(path)?;
        all += text.split_whitespace().next().context("a number")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(all.max(own)))
}

/// Memory of this process, in bytes.
fn memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn microseconds(time: Duration, count: usize) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6 / count as f64)
}

fn explain(fault: Fault) -> anyhow::Error {
    anyhow!("{fault}")
}

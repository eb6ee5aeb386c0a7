//! Attempts to sign in and nonces of signatures: nodes on one store count together.

use std::sync::Arc;

use chrono::TimeDelta;
use ed25519_dalek::{Signer, SigningKey};
use futures::future::join_all;
use tessera_access::terms::{Conditions, Terms};
use tessera_access::{
    Access, AccessSettings, AttemptRepo, Credential, Peppers, ProofKey, RequestContext, Sealer,
    SignedRequest, Transport,
};
use tessera_kernel::{Clock, Code, Random, Result, Secret, SystemRandom, TestClock};
use tessera_store::Store;

use crate::common::{add_user, at, on_both};

on_both! {
    attempts_at_an_account_are_counted_on_all_nodes_together
    an_address_that_an_account_knows_is_known_on_all_nodes
    attempts_are_exact_under_concurrency_and_marks_count_once
    a_nonce_counts_once_on_all_nodes_together
    a_session_lives_on_while_it_is_used_and_a_remembered_one_much_longer
}

/// A node with a memory of its own.
fn node(store: &Store, clock: &TestClock) -> Access {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let mut settings = AccessSettings { login_attempts_per_hour: 30, ..AccessSettings::default() };
    settings.signin.attempts_per_account_per_hour = 4;
    Access::new(
        Arc::new(store.clone()),
        Peppers::new(vec![(1, [7; 32])]).unwrap(),
        Sealer::new(&[(1, [8; 32])], Arc::clone(&random)).unwrap(),
        Arc::new(clock.clone()) as Arc<dyn Clock>,
        random,
        settings,
        None,
    )
}

fn from(address: &str) -> RequestContext {
    RequestContext { address: Some(address.to_owned()), ..RequestContext::default() }
}

async fn guess(node: &Access, address: &str) -> Code {
    let password = Secret::new("a wrong guess");
    let done = node.signin.password("ada@example.com", &password, &from(address)).await;
    done.map(drop).unwrap_err().code()
}

async fn attempts_at_an_account_are_counted_on_all_nodes_together(store: Store) {
    let clock = TestClock::at(at(0));
    let nodes = [node(&store, &clock), node(&store, &clock)];
    let mut counted = 0;
    for number in 0..4 {
        for (place, node) in nodes.iter().enumerate() {
            let address = format!("10.0.{place}.{number}");
            counted += usize::from(guess(node, &address).await == Code::Unauthenticated);
        }
    }
    assert_eq!(counted, 4, "the limit of an account, not one for each node");
    // A restart forgives nothing; time does.
    let fresh = node(&store, &clock);
    assert_eq!(guess(&fresh, "10.1.0.1").await, Code::RateLimited);
    clock.advance(TimeDelta::minutes(16));
    let fresh = node(&store, &clock);
    assert_eq!(guess(&fresh, "10.1.0.2").await, Code::Unauthenticated);
    assert_eq!(guess(&fresh, "10.1.0.3").await, Code::RateLimited);
}

async fn an_address_that_an_account_knows_is_known_on_all_nodes(store: Store) {
    let clock = TestClock::at(at(0));
    let one = node(&store, &clock);
    let request = tessera_access::SetupRequest {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        password: Secret::new("correct horse battery"),
        organization: "Acme".to_owned(),
    };
    one.setup.run(&request, None).await.unwrap();
    let sign_in = async |node: &Access, address: &str| {
        let password = Secret::new("correct horse battery");
        let done = node.signin.password("ada@example.com", &password, &from(address)).await;
        done.map(drop).map_err(|fault| fault.code())
    };
    assert_eq!(sign_in(&one, "198.51.100.7").await, Ok(()));
    let two = node(&store, &clock);
    for number in 0..4 {
        guess(&two, &format!("10.0.0.{number}")).await;
    }
    assert_eq!(sign_in(&two, "10.9.9.9").await, Err(Code::RateLimited));
    assert_eq!(sign_in(&two, "198.51.100.7").await, Ok(()), "signed in there before, elsewhere");
}

async fn attempts_are_exact_under_concurrency_and_marks_count_once(store: Store) {
    let name = [7; 32];
    let (cost, window) = (6_000_000, 60_000_000);
    let take = || store.take_attempt(&name, at(0), cost, window);
    let all = join_all((0..40).map(|_| take())).await;
    let taken = all.iter().filter(|one| one.as_ref().unwrap().is_none()).count();
    assert_eq!(taken, 10);
    assert_eq!(take().await.unwrap(), Some(at(60)), "when all of it is paid off");
    assert_eq!(store.take_attempt(&name, at(5), cost, window).await.unwrap(), Some(at(60)));
    assert_eq!(store.take_attempt(&name, at(6), cost, window).await.unwrap(), None);

    let nonce = [8; 32];
    let all = join_all((0..20).map(|_| store.use_mark(&nonce, at(60)))).await;
    assert_eq!(all.into_iter().filter(|one| *one.as_ref().unwrap()).count(), 1);
    store.set_mark(&[9; 32], at(50)).await.unwrap();
    store.set_mark(&[9; 32], at(70)).await.unwrap();
    assert!(store.has_mark(&[9; 32], at(69)).await.unwrap());
    assert!(!store.has_mark(&[9; 32], at(70)).await.unwrap());
    assert!(!store.has_mark(&[1; 32], at(0)).await.unwrap());
    assert_eq!(store.purge_attempts(at(67)).await.unwrap(), 2, "what ended is forgotten");
    assert!(store.has_mark(&[9; 32], at(69)).await.unwrap());
}

async fn a_nonce_counts_once_on_all_nodes_together(store: Store) {
    let clock = TestClock::at(at(0));
    let user = add_user(&store, "Ada").await;
    let nodes: Vec<Access> = (0..4).map(|_| node(&store, &clock)).collect();
    let pair = SigningKey::from_bytes(&[7; 32]);
    let proof = {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(pair.verifying_key().as_bytes());
        ProofKey::read(&text).unwrap()
    };
    let terms = Terms {
        conditions: Conditions { proof: Some(proof), ..Conditions::default() },
        ..Terms::default()
    };
    let minted = crate::limits::mint(&nodes[0], user, terms).await;
    let show = |node: &Access, nonce: &str| {
        let (node, base) = (node.clone(), b"what was signed".to_vec());
        let signature = pair.sign(&base).to_bytes().to_vec();
        let created = clock.now().timestamp();
        let signed =
            SignedRequest { base, signature, created, expires: None, nonce: nonce.to_owned() };
        let context = RequestContext { proof: Some(Arc::new(Ok(signed))), ..from("203.0.113.9") };
        let secret = Secret::new(minted.secret.expose());
        async move {
            let credential = Credential { secret, transport: Transport::Header };
            let caller: Result<_> = node.gate.authenticate_key(&credential, &context).await;
            caller.map(drop).map_err(|fault| fault.reason())
        }
    };
    let all = join_all(nodes.iter().map(|node| show(node, "the same nonce"))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1, "{all:?}");
    let refused = all.iter().filter(|one| **one == Err(Some("proof_invalid"))).count();
    assert_eq!(refused, nodes.len() - 1, "{all:?}");
    assert_eq!(show(&nodes[3], "another nonce").await, Ok(()));
    // Not after a restart either.
    assert!(show(&node(&store, &clock), "the same nonce").await.is_err());
    clock.advance(TimeDelta::hours(1));
    nodes[0].gate.limits().purge().await.unwrap();
    assert_eq!(show(&nodes[0], "a third nonce").await, Ok(()));
}

async fn a_session_lives_on_while_it_is_used_and_a_remembered_one_much_longer(store: Store) {
    const HOUR: i64 = 3600;
    let clock = TestClock::at(at(0));
    let node = node(&store, &clock);
    let request = tessera_access::SetupRequest {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        password: Secret::new("correct horse battery"),
        organization: "Acme".to_owned(),
    };
    node.setup.run(&request, None).await.unwrap();
    let begin = async |remember| {
        let context = RequestContext { remember, ..from("10.0.0.1") };
        let password = Secret::new("correct horse battery");
        match node.signin.password("ada@example.com", &password, &context).await.unwrap() {
            tessera_access::SignIn::Session(session) => session,
            tessera_access::SignIn::SecondFactor(_) => panic!("no second factor is set up"),
        }
    };
    let go = |moment| clock.advance(moment - clock.now());
    let (short, long) = (begin(false).await, begin(true).await);
    assert_eq!(short.expires_at, at(6 * HOUR));
    assert_eq!(long.expires_at, at(31 * 24 * HOUR));
    let seen = async |token: &Secret| {
        let found = node.sessions.authenticate(token, None).await.ok()?;
        Some(found.renewed_until)
    };
    assert_eq!(seen(&short.token).await, Some(None), "nothing has moved yet");
    for hours in [5, 10, 15] {
        go(at(hours * HOUR));
        let until = at((hours + 6) * HOUR);
        assert_eq!(seen(&short.token).await, Some(Some(until)), "after {hours} hours");
    }
    go(at(21 * HOUR));
    assert_eq!(seen(&short.token).await, None, "six hours without use");
    for days in [30, 60] {
        go(at(days * 24 * HOUR));
        let until = at((days + 31) * 24 * HOUR);
        assert_eq!(seen(&long.token).await, Some(Some(until)), "after {days} days");
    }
    go(at(91 * 24 * HOUR));
    assert_eq!(seen(&long.token).await, None, "a month without use");
}

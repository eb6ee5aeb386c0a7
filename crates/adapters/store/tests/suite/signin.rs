//! Sessions in lists, sign-ins under way, second factors, and accounts of trusted parties.

use tessera_access::ports::{SessionRepo, SignInRepo, UserRepo};
use tessera_access::{
    Identity, KeyKind, KeyOwner, Pending, PendingKind, SecondFactor, TokenPurpose, UserToken,
};
use tessera_kernel::Code;
use tessera_kernel::ids::{Uid, UserId};
use tessera_store::Store;

use crate::common::{add_user, at, key, on_both, session, user};

on_both! {
    sessions_are_listed_and_ended_by_user all_links_of_a_user_go_at_once
    a_sign_in_under_way_is_taken_once_and_counts_attempts an_unconfirmed_factor_is_replaced
    a_factor_is_confirmed_once a_step_is_used_once_and_never_backwards
    a_recovery_code_is_used_once_and_by_its_user_only an_identity_belongs_to_one_user
    a_user_and_its_identity_are_added_together deleting_a_user_takes_what_it_signs_in_with
}

async fn sessions_are_listed_and_ended_by_user(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let all = [session(ada, 1, 10), session(ada, 2, 20), session(ada, 3, 30), session(bob, 4, 30)];
    for session in &all {
        store.insert_session(session).await.unwrap();
    }
    store.extend_session(&[2; 32], at(20), at(5), None).await.unwrap();
    let listed = async |user, now| -> Vec<u8> {
        let found = store.sessions_of(user, at(now)).await.unwrap();
        found.into_iter().map(|session| session.digest[0]).collect()
    };
    assert_eq!(listed(ada, 10).await, [2, 3], "those that ended are not in it");
    assert!(!store.delete_session_of(bob, all[1].uid).await.unwrap(), "somebody else's");
    assert!(store.delete_session_of(ada, all[1].uid).await.unwrap());
    assert!(!store.delete_session_of(ada, all[1].uid).await.unwrap());
    store.set_session_epoch(&[3; 32], 9).await.unwrap();
    assert_eq!(store.session(&[3; 32]).await.unwrap().unwrap().epoch, 9);
    assert_eq!(store.delete_sessions_of(ada, Some([3; 32])).await.unwrap(), 1);
    assert_eq!(listed(ada, 0).await, [3]);
    assert_eq!(store.delete_sessions_of(ada, None).await.unwrap(), 1);
    assert_eq!(listed(bob, 0).await, [4]);
}

async fn all_links_of_a_user_go_at_once(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    for (byte, user, purpose) in [
        (1, ada, TokenPurpose::Invite),
        (2, ada, TokenPurpose::Reset),
        (3, bob, TokenPurpose::Reset),
    ] {
        let token = UserToken { digest: [byte; 32], user, purpose, expires_at: at(9) };
        store.insert_token(&token).await.unwrap();
    }
    store.delete_tokens_of(ada).await.unwrap();
    assert_eq!(store.token(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.token(&[2; 32]).await.unwrap(), None);
    assert!(store.token(&[3; 32]).await.unwrap().is_some());
}

async fn a_sign_in_under_way_is_taken_once_and_counts_attempts(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let pending = |byte, user, end| Pending {
        digest: [byte; 32],
        kind: PendingKind::Code,
        user,
        sealed: vec![0, 1, 255],
        attempts: 0,
        expires_at: at(end),
    };
    let (one, two) = (pending(1, Some(ada), 10), pending(2, None, 20));
    store.insert_pending(&one).await.unwrap();
    store.insert_pending(&two).await.unwrap();
    assert_eq!(store.pending(&[1; 32]).await.unwrap(), Some(one));
    assert_eq!(store.pending(&[2; 32]).await.unwrap(), Some(two));
    let attempts = (0..6).map(|_| store.count_attempt(&[1; 32], 3));
    let counted = futures::future::join_all(attempts).await;
    assert_eq!(counted.into_iter().filter(|counted| *counted.as_ref().unwrap()).count(), 3);
    let taken = futures::future::join_all((0..6).map(|_| store.take_pending(&[1; 32]))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
    assert!(!store.count_attempt(&[1; 32], 3).await.unwrap());
    assert_eq!(store.purge_sessions(at(21)).await.unwrap(), 1);
    assert_eq!(store.pending(&[2; 32]).await.unwrap(), None);
}

fn factor(user: UserId, byte: u8) -> SecondFactor {
    let sealed = vec![byte, 0, 255];
    SecondFactor { user, sealed, confirmed_at: None, last_step: 0, created_at: at(0) }
}

async fn an_unconfirmed_factor_is_replaced(store: Store) {
    let ada = add_user(&store, "Ada").await;
    assert_eq!(store.second_factor(ada).await.unwrap(), None);
    assert!(store.begin_second_factor(&factor(ada, 1)).await.unwrap());
    assert!(store.begin_second_factor(&factor(ada, 2)).await.unwrap());
    assert_eq!(store.second_factor(ada).await.unwrap(), Some(factor(ada, 2)));
    let old = store.confirm_second_factor(&factor(ada, 1), at(1), 7, &[[1; 32]]).await.unwrap();
    assert!(!old, "a code for a secret that was replaced meanwhile");
    assert!(store.confirm_second_factor(&factor(ada, 2), at(1), 7, &[[1; 32]]).await.unwrap());
    assert!(!store.begin_second_factor(&factor(ada, 3)).await.unwrap(), "a confirmed one stays");
    let kept = store.second_factor(ada).await.unwrap().unwrap();
    assert_eq!((kept.sealed[0], kept.confirmed_at, kept.last_step), (2, Some(at(1)), 7));
}

async fn a_factor_is_confirmed_once(store: Store) {
    let ada = add_user(&store, "Ada").await;
    store.begin_second_factor(&factor(ada, 1)).await.unwrap();
    let attempts = (0..4_u8).map(|byte| {
        let store = &store;
        async move {
            let codes = [[byte; 32], [byte + 10; 32]];
            store.confirm_second_factor(&factor(ada, 1), at(1), 7, &codes).await.unwrap()
        }
    });
    let confirmed = futures::future::join_all(attempts).await;
    assert_eq!(confirmed.into_iter().filter(|confirmed| *confirmed).count(), 1);
    assert_eq!(store.count_recovery_codes(ada).await.unwrap(), 2);
    assert!(store.delete_second_factor(ada).await.unwrap());
    assert!(!store.delete_second_factor(ada).await.unwrap());
    assert_eq!(store.count_recovery_codes(ada).await.unwrap(), 0);
}

async fn a_step_is_used_once_and_never_backwards(store: Store) {
    let ada = add_user(&store, "Ada").await;
    store.begin_second_factor(&factor(ada, 1)).await.unwrap();
    assert!(!store.use_factor_step(ada, 9).await.unwrap(), "not confirmed");
    store.confirm_second_factor(&factor(ada, 1), at(1), 7, &[]).await.unwrap();
    assert!(!store.use_factor_step(ada, 7).await.unwrap(), "used to confirm it");
    let used = futures::future::join_all((0..6).map(|_| store.use_factor_step(ada, 9))).await;
    assert_eq!(used.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    assert!(!store.use_factor_step(ada, 8).await.unwrap());
    assert!(store.use_factor_step(ada, 10).await.unwrap());
}

async fn a_recovery_code_is_used_once_and_by_its_user_only(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    store.replace_recovery_codes(ada, &[[1; 32], [2; 32]]).await.unwrap();
    assert!(!store.use_recovery_code(bob, &[1; 32]).await.unwrap());
    let used =
        futures::future::join_all((0..6).map(|_| store.use_recovery_code(ada, &[1; 32]))).await;
    assert_eq!(used.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    store.replace_recovery_codes(ada, &[[3; 32]]).await.unwrap();
    assert!(!store.use_recovery_code(ada, &[2; 32]).await.unwrap(), "replaced");
    assert_eq!(store.count_recovery_codes(ada).await.unwrap(), 1);
}

fn identity(user: UserId, subject: &str) -> Identity {
    Identity {
        issuer: "https://issuer.test".to_owned(),
        subject: subject.to_owned(),
        user,
        email: Some("ada@example.com".to_owned()),
        created_at: at(0),
        used_at: at(0),
    }
}

async fn an_identity_belongs_to_one_user(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    store.insert_identity(&identity(ada, "a")).await.unwrap();
    let fault = store.insert_identity(&identity(bob, "a")).await.unwrap_err();
    assert_eq!(fault.code(), Code::Duplicate);
    let found = async |subject| store.identity("https://issuer.test", subject).await.unwrap();
    assert_eq!(found("a").await, Some(identity(ada, "a")));
    assert_eq!(found("A").await, None, "to the letter");
    assert_eq!(store.identity("https://issuer.test/", "a").await.unwrap(), None);
    store.touch_identity("https://issuer.test", "a", at(5)).await.unwrap();
    store.touch_identity("https://issuer.test", "a", at(4)).await.unwrap();
    assert_eq!(found("a").await.unwrap().used_at, at(5));
    store.insert_identity(&identity(ada, "b")).await.unwrap();
    assert_eq!(store.identities_of(ada).await.unwrap().len(), 2);
    assert_eq!(store.delete_identities_of(ada).await.unwrap(), 2);
    assert_eq!(found("a").await, None);
}

async fn a_user_and_its_identity_are_added_together(store: Store) {
    let attempts = (0..4).map(|number| {
        let store = &store;
        let mut key = key(KeyKind::User, KeyOwner::User(UserId(0)));
        key.lookup = format!("lookup{number}");
        async move {
            let mut ada = user("Ada");
            ada.uid = Uid::now_v7();
            store.insert_user_with_identity(&ada, &key, &identity(UserId(0), "a")).await
        }
    });
    let added = futures::future::join_all(attempts).await;
    let ids: Vec<UserId> = added.iter().filter_map(|added| added.as_ref().ok().copied()).collect();
    assert_eq!(ids.len(), 1, "{added:?}");
    let codes = added.iter().filter_map(|added| added.as_ref().err().map(|fault| fault.code()));
    assert!(codes.into_iter().all(|code| code == Code::Duplicate));
    assert_eq!(store.count_users().await.unwrap(), 1);
    let found = store.identity("https://issuer.test", "a").await.unwrap();
    assert_eq!(found.map(|identity| identity.user), Some(ids[0]));
}

async fn deleting_a_user_takes_what_it_signs_in_with(store: Store) {
    let ada = add_user(&store, "Ada").await;
    store.insert_identity(&identity(ada, "a")).await.unwrap();
    store.begin_second_factor(&factor(ada, 1)).await.unwrap();
    store.replace_recovery_codes(ada, &[[1; 32]]).await.unwrap();
    store.insert_session(&session(ada, 1, 9)).await.unwrap();
    store.delete_user(ada).await.unwrap();
    assert_eq!(store.identity("https://issuer.test", "a").await.unwrap(), None);
    assert_eq!(store.second_factor(ada).await.unwrap(), None);
    assert_eq!(store.count_recovery_codes(ada).await.unwrap(), 0);
    assert_eq!(store.session(&[1; 32]).await.unwrap(), None);
}

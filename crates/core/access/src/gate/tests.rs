//! The rules, case by case.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tessera_kernel::ids::{QueryId, SourceId, Uid, UserId};
use tessera_kernel::{Code, Result};

use super::rules::decide;
use crate::acts::Object;
use crate::caller::QueryPrincipal;
use crate::keys::{ActiveKey, Key, KeyOwner};
use crate::ports::Facts;
use crate::{AccessLevel, Action, Caller, KeyKind, UserPrincipal, Viewer};

const OWN: SourceId = SourceId(1);
const SEEN: SourceId = SourceId(2);
const FOREIGN: SourceId = SourceId(3);

fn user(words: &[&str]) -> Caller {
    let sources = HashMap::from([(OWN, AccessLevel::Full), (SEEN, AccessLevel::ViewOnly)]);
    Caller::User {
        user: Arc::new(UserPrincipal {
            id: UserId(7),
            uid: Uid::nil(),
            name: "Bob".to_owned(),
            email: "bob@example.com".to_owned(),
            email_verified: true,
            groups: Vec::new(),
            permissions: words.iter().map(|word| (*word).to_owned()).collect(),
            sources,
            attributes: BTreeMap::new(),
        }),
        key: None,
    }
}

fn query_key(query: i64) -> Caller {
    let owner = KeyOwner::Query(QueryId(query));
    let key = Key::blank(KeyKind::Query, owner, chrono::DateTime::UNIX_EPOCH);
    let key = Arc::new(ActiveKey::alone(key));
    Caller::Query(QueryPrincipal { key, query: QueryId(query) })
}

fn facts(owner: i64, source: Option<SourceId>) -> Facts {
    Facts {
        owner: Some(UserId(owner)),
        source,
        detached: source.is_none(),
        query: Some(QueryId(42)),
        ..Facts::default()
    }
}

#[track_caller]
fn check(action: Action, caller: &Caller, facts: &Facts, expected: Result<(), Code>) {
    let object = Object::Query(QueryId(42));
    let got = decide(action, caller, object, facts).map_err(|fault| fault.code());
    assert_eq!(got, expected, "{action:?}");
}

#[test]
fn view_only_access_runs_saved_queries_and_no_others() {
    let bob = user(&[]);
    let seen = facts(1, Some(SEEN));
    check(Action::QueriesRead, &bob, &seen, Ok(()));
    check(Action::QueriesRun, &bob, &seen, Ok(()));
    check(Action::ResultsRead, &bob, &seen, Ok(()));
    check(Action::StatementsRun, &bob, &seen, Err(Code::Forbidden));
    check(Action::QueriesCreate, &bob, &seen, Err(Code::Forbidden));
    check(Action::QueriesFork, &bob, &seen, Err(Code::Forbidden));
}

#[test]
fn a_source_of_nobodys_group_is_closed() {
    let bob = user(&[]);
    let foreign = facts(1, Some(FOREIGN));
    for action in [Action::QueriesRead, Action::QueriesRun, Action::ResultsRead] {
        check(action, &bob, &foreign, Err(Code::Forbidden));
    }
    // Not even the owner sees results of a source that was taken away.
    check(Action::ResultsRead, &bob, &facts(7, Some(FOREIGN)), Err(Code::Forbidden));
}

#[test]
fn only_owners_grantees_and_administrators_edit() {
    let bob = user(&[]);
    let mut others = facts(1, Some(OWN));
    check(Action::QueriesUpdate, &bob, &others, Err(Code::Forbidden));
    others.editors.push(UserId(7));
    check(Action::QueriesUpdate, &bob, &others, Ok(()));
    check(Action::QueriesArchive, &bob, &others, Err(Code::Forbidden));
    check(Action::QueriesArchive, &bob, &facts(7, Some(OWN)), Ok(()));
    check(Action::QueriesArchive, &user(&["admin"]), &others, Ok(()));
}

#[test]
fn a_query_key_opens_its_query_and_nothing_else() {
    let seen = facts(1, Some(OWN));
    check(Action::QueriesRead, &query_key(42), &seen, Ok(()));
    check(Action::QueriesRun, &query_key(42), &seen, Ok(()));
    check(Action::QueriesUpdate, &query_key(42), &seen, Err(Code::Forbidden));
    check(Action::QueriesRead, &query_key(41), &seen, Err(Code::OutOfScope));
    check(Action::AccountsList, &query_key(42), &Facts::default(), Err(Code::OutOfScope));
    for action in Action::ALL {
        check(*action, &query_key(41), &seen, Err(Code::OutOfScope));
    }
}

#[test]
fn somebody_elses_job_does_not_exist() {
    let bob = user(&[]);
    let mut job = facts(1, Some(OWN));
    check(Action::JobsRead, &bob, &job, Err(Code::NotFound));
    check(Action::JobsCancel, &bob, &job, Err(Code::NotFound));
    job.participants.push("user:7".to_owned());
    check(Action::JobsRead, &bob, &job, Ok(()));
}

#[test]
fn nobody_may_do_nothing() {
    for action in Action::ALL {
        check(*action, &Caller::Anonymous, &facts(1, Some(OWN)), Err(Code::Unauthenticated));
    }
}

#[test]
fn every_action_needs_its_words() {
    let Caller::User { user: nobody, .. } = user(&[]) else { unreachable!("it is a user") };
    for action in Action::ALL {
        assert_eq!(nobody.holds(*action), action.words().is_empty(), "{action:?}");
    }
    let Caller::User { user: admin, .. } = user(&["admin"]) else { unreachable!("it is a user") };
    assert!(Action::ALL.iter().all(|action| admin.holds(*action)));
}

#[test]
fn a_result_for_one_viewer_is_for_nobody_else() {
    let mine = Facts { viewer: Some(Viewer::User(UserId(7))), ..facts(7, Some(OWN)) };
    let others = Facts { viewer: Some(Viewer::User(UserId(8))), ..facts(7, Some(OWN)) };
    let all = Facts { viewer: Some(Viewer::Everything), ..facts(7, Some(OWN)) };
    let bob = user(&[]);
    check(Action::ResultsRead, &bob, &mine, Ok(()));
    check(Action::ResultsRead, &bob, &others, Err(Code::NotFound));
    check(Action::ResultsRead, &bob, &all, Err(Code::NotFound));
    let admin = user(&["admin"]);
    for facts in [&mine, &others, &all] {
        check(Action::ResultsRead, &admin, facts, Ok(()));
        check(Action::ResultsRead, &query_key(42), facts, Err(Code::OutOfScope));
    }
}

//! Running sessions: one's own, and for administrators those of others.

use axum::response::Response;
use tessera_access::{Action, ListSessions, RevokeSessions, User};
use tessera_httpkit::cookies;
use tessera_kernel::ids::{Uid, UserId};
use tessera_kernel::{Fault, Result, Secret};

use crate::call::Call;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::sign_in::{EndedSessions, RunningSession};

pub(crate) fn routes() -> Vec<Route> {
    let (own, one_own) = ("/v1/sessions", "/v1/sessions/{id}");
    let (all, one) = ("/v1/users/{id}/sessions", "/v1/users/{id}/sessions/{sub_id}");
    let (list, revoke) = (Action::SessionsList, Action::SessionsRevoke);
    vec![
        Route::new(Verb::Get, own, list, "list_own_sessions", "List one's own sessions", list_own)
            .about("Those that run, the one used last first.")
            .lists::<RunningSession>(),
        Route::new(
            Verb::Delete,
            own,
            revoke,
            "end_own_sessions",
            "End all of one's other sessions",
            end_own,
        )
        .about("The session that asks goes on; a key has none.")
        .gives::<EndedSessions>(200),
        Route::new(
            Verb::Delete,
            one_own,
            revoke,
            "end_own_session",
            "End one of one's own sessions",
            end_one_own,
        )
        .empty(),
        Route::new(Verb::Get, all, list, "list_sessions", "List the sessions of a user", list_of)
            .lists::<RunningSession>(),
        Route::new(Verb::Delete, all, revoke, "end_sessions", "End all sessions of a user", end_of)
            .gives::<EndedSessions>(200),
        Route::new(Verb::Delete, one, revoke, "end_session", "End a session of a user", end_one_of)
            .empty(),
    ]
}

/// Lets the session that asks go on after a change that ends all sessions of its user.
pub(crate) async fn keep_own(call: &Call, user: &User) -> Result<()> {
    match current(call).await? {
        Some(token) => call.access().sessions.keep(user, &token).await,
        None => Ok(()),
    }
}

/// The token of the session that asks.
async fn current(call: &Call) -> Result<Option<Secret>> {
    let is_session = call.caller().await?.is_session();
    Ok(cookies::session_token(&call.parts.headers).filter(|_| is_session))
}

async fn list_own(call: Call) -> Result<Response> {
    let user = call.own_id().await?;
    list(call, user).await
}

async fn list_of(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    list(call, user).await
}

async fn list(call: Call, user: UserId) -> Result<Response> {
    let grant = call.permit(ListSessions { user }).await?;
    let sessions = &call.access().sessions;
    let current = current(&call).await?;
    let view = |session: &tessera_access::Session| RunningSession {
        uid: session.uid,
        is_current: current.as_ref().is_some_and(|token| sessions.is_same(session, token)),
        method: session.method.as_str(),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        address: session.address.clone(),
        client: session.client.clone(),
    };
    let running = sessions.list(&grant).await?;
    reply::ok(&call.paging()?.cut(running.iter().map(view).collect()))
}

async fn end_own(call: Call) -> Result<Response> {
    let user = call.own_id().await?;
    let grant = call.permit(RevokeSessions { user }).await?;
    let current = current(&call).await?;
    let ended = call.access().sessions.revoke_all(&grant, current.as_ref()).await?;
    reply::ok(&EndedSessions { ended })
}

async fn end_of(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(RevokeSessions { user }).await?;
    let ended = call.access().sessions.revoke_all(&grant, None).await?;
    reply::ok(&EndedSessions { ended })
}

async fn end_one_own(call: Call) -> Result<Response> {
    let user = call.own_id().await?;
    end_one(call, user, 0).await
}

async fn end_one_of(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    end_one(call, user, 1).await
}

async fn end_one(call: Call, user: UserId, position: usize) -> Result<Response> {
    let grant = call.permit(RevokeSessions { user }).await?;
    let uid: Uid = call.segment(position).parse().map_err(|_| Fault::not_found("session"))?;
    call.access().sessions.revoke(&grant, uid).await?;
    reply::no_content()
}

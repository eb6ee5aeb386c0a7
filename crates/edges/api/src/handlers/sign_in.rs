//! Which ways to sign in there are, who needs a second factor, and whose accounts elsewhere are whose.

use axum::response::Response;
use tessera_access::{
    Action, AdministerSignIn, ListIdentities, ReadSignInPolicy, UnlinkIdentities,
};
use tessera_kernel::Result;

use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::sign_in::{Identity, Policy, Provider, Ways};

pub(crate) fn routes() -> Vec<Route> {
    let (policy, identities) = ("/v1/sign-in/policy", "/v1/users/{id}/identities");
    vec![
        Route::new(
            Verb::Get,
            "/v1/sign-in",
            Access::Public("public: asked before signing in; tells nothing of the data"),
            "read_ways_to_sign_in",
            "Which ways to sign in there are",
            ways,
        )
        .gives::<Ways>(200),
        Route::new(
            Verb::Get,
            policy,
            Action::SignInReadPolicy,
            "read_sign_in_policy",
            "Who needs a second factor",
            read,
        )
        .gives::<Policy>(200),
        Route::new(
            Verb::Put,
            policy,
            Action::SignInAdminister,
            "set_sign_in_policy",
            "Decide who needs a second factor",
            set,
        )
        .about("Counts from the next sign-in with a password on; running sessions go on.")
        .reads::<Policy>()
        .gives::<Policy>(200),
        Route::new(
            Verb::Get,
            identities,
            Action::IdentitiesList,
            "list_identities",
            "List the accounts of identity providers of a user",
            list_identities,
        )
        .lists::<Identity>(),
        Route::new(
            Verb::Delete,
            identities,
            Action::IdentitiesUnlink,
            "unlink_identities",
            "Part a user from all accounts of identity providers",
            unlink,
        )
        .about("The user's sessions end.")
        .empty(),
    ]
}

async fn ways(call: Call) -> Result<Response> {
    let access = call.access();
    let provider = |way: tessera_access::Way| Provider {
        path: format!("/oauth/{}", way.name),
        name: way.name,
        label: way.label,
    };
    reply::ok(&Ways {
        passwords: access.signin.takes_passwords().await?,
        providers: access.federation.ways().into_iter().map(provider).collect(),
        remote_user_path: access.federation.takes_remote_user().then_some("/remote_user/login"),
    })
}

async fn read(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSignInPolicy {}).await?;
    let policy = call.access().factor_policy(&grant).await?;
    reply::ok(&Policy { second_factor: policy.as_str().to_owned() })
}

async fn set(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerSignIn {}).await?;
    let body: Policy = call.json()?;
    let policy = body.second_factor.parse()?;
    call.access().set_factor_policy(&grant, policy).await?;
    reply::ok(&body)
}

async fn list_identities(call: Call) -> Result<Response> {
    let grant = call.permit(ListIdentities { user: call.user_id().await? }).await?;
    let view = |one: tessera_access::Identity| Identity {
        issuer: one.issuer,
        subject: one.subject,
        email: one.email,
        created_at: one.created_at,
        used_at: one.used_at,
    };
    let all = call.access().federation.identities(&grant).await?;
    reply::ok(&call.paging()?.cut(all.into_iter().map(view).collect()))
}

async fn unlink(call: Call) -> Result<Response> {
    let grant = call.permit(UnlinkIdentities { user: call.user_id().await? }).await?;
    call.access().federation.unlink(&grant).await?;
    reply::no_content()
}

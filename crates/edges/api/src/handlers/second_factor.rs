//! The second factor: at the sign-in, one's own, and that of others when it is lost.

use axum::response::Response;
use tessera_access::{
    Action, ManageSecondFactor, ReadSecondFactor, RequestContext, ResetSecondFactor,
};
use tessera_httpkit::qr;
use tessera_kernel::{Result, Secret};

use super::session::begun;
use super::sessions::keep_own;
use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::session::NewSession;
use crate::wire::sign_in::{
    ChallengeToken, CodeForChallenge, Enrollment, FactorCode, FactorStatus, PresentPassword,
    RecoveryCodes,
};

const ACCESS: &str = "public: the challenge in the body is the credential; limited by account";

pub(crate) fn routes() -> Vec<Route> {
    let own = "/v1/second-factor";
    let manage = Action::SecondFactorManage;
    vec![
        Route::new(
            Verb::Post,
            "/v1/session/second-factor",
            Access::Public(ACCESS),
            "sign_in_with_code",
            "Sign in with a code of the second factor",
            code,
        )
        .about("Goes on where `POST /v1/session` said `second_factor_required`.")
        .reads::<CodeForChallenge>()
        .gives::<NewSession>(201),
        Route::new(
            Verb::Post,
            "/v1/session/second-factor/enrollment",
            Access::Public(ACCESS),
            "enroll_at_sign_in",
            "Begin to set up the second factor that a sign-in waits for",
            enroll,
        )
        .reads::<ChallengeToken>()
        .gives::<Enrollment>(200),
        Route::new(
            Verb::Get,
            own,
            Action::SecondFactorRead,
            "read_second_factor",
            "How one's own second factor is",
            read,
        )
        .gives::<FactorStatus>(200),
        Route::new(
            Verb::Post,
            own,
            manage,
            "begin_second_factor",
            "Begin to set up a second factor",
            begin,
        )
        .about("It counts once its first code was sent to `/v1/second-factor/confirmation`.")
        .reads::<PresentPassword>()
        .gives::<Enrollment>(200),
        Route::new(
            Verb::Post,
            "/v1/second-factor/confirmation",
            manage,
            "confirm_second_factor",
            "Make the second factor count",
            confirm,
        )
        .about("All other sessions end. The recovery codes are in the answer and nowhere else.")
        .reads::<FactorCode>()
        .gives::<RecoveryCodes>(200),
        Route::new(
            Verb::Post,
            "/v1/second-factor/recovery-codes",
            manage,
            "renew_recovery_codes",
            "Make new recovery codes",
            renew,
        )
        .about("The old ones stop working.")
        .reads::<FactorCode>()
        .gives::<RecoveryCodes>(200),
        Route::new(
            Verb::Post,
            "/v1/second-factor/removal",
            manage,
            "remove_second_factor",
            "Remove one's own second factor",
            remove,
        )
        .about("Needs a code. All other sessions end.")
        .reads::<FactorCode>()
        .empty(),
        Route::new(
            Verb::Delete,
            "/v1/users/{id}/second-factor",
            Action::AccountsResetSecondFactor,
            "reset_second_factor",
            "Take a lost second factor from a user",
            reset,
        )
        .about("The user's sessions end.")
        .empty(),
    ]
}

async fn code(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: CodeForChallenge = call.json()?;
    let context = RequestContext { remember: body.remember, ..call.context() };
    let challenge = Secret::new(body.challenge);
    let done = call.access().signin.code(&challenge, &body.code, &context).await?;
    begun(&call, &done.session, &done.recovery_codes)
}

async fn enroll(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: ChallengeToken = call.json()?;
    let challenge = Secret::new(body.challenge);
    told(&call.access().signin.enrol(&challenge, &call.context()).await?)
}

async fn read(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSecondFactor { user: call.own_id().await? }).await?;
    let status = call.access().factors.status(&grant).await?;
    reply::ok(&FactorStatus {
        is_enabled: status.confirmed_at.is_some(),
        confirmed_at: status.confirmed_at,
        recovery_codes_left: status.recovery_codes_left,
        is_required: status.is_required,
    })
}

async fn begin(call: Call) -> Result<Response> {
    let grant = call.permit(ManageSecondFactor { user: call.own_id().await? }).await?;
    let body: PresentPassword = call.json()?;
    told(&call.access().factors.begin(&grant, &Secret::new(body.password)).await?)
}

async fn confirm(call: Call) -> Result<Response> {
    let grant = call.permit(ManageSecondFactor { user: call.own_id().await? }).await?;
    let body: FactorCode = call.json()?;
    let (user, recovery) = call.access().factors.confirm(&grant, &body.code).await?;
    keep_own(&call, &user).await?;
    codes(&recovery)
}

async fn renew(call: Call) -> Result<Response> {
    let grant = call.permit(ManageSecondFactor { user: call.own_id().await? }).await?;
    let body: FactorCode = call.json()?;
    codes(&call.access().factors.renew_recovery_codes(&grant, &body.code).await?)
}

async fn remove(call: Call) -> Result<Response> {
    let grant = call.permit(ManageSecondFactor { user: call.own_id().await? }).await?;
    let body: FactorCode = call.json()?;
    let user = call.access().factors.remove(&grant, &body.code).await?;
    keep_own(&call, &user).await?;
    reply::no_content()
}

async fn reset(call: Call) -> Result<Response> {
    let grant = call.permit(ResetSecondFactor { user: call.user_id().await? }).await?;
    call.access().factors.reset(&grant).await?;
    reply::no_content()
}

fn told(enrolment: &tessera_access::Enrolment) -> Result<Response> {
    let uri = enrolment.uri.expose();
    reply::ok(&Enrollment {
        secret: enrolment.secret.expose().to_owned(),
        uri: uri.to_owned(),
        qr_svg: qr::svg(uri)?,
    })
}

fn codes(codes: &[Secret]) -> Result<Response> {
    let recovery_codes = codes.iter().map(|code| code.expose().to_owned()).collect();
    reply::ok(&RecoveryCodes { recovery_codes })
}

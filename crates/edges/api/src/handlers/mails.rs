//! Mail: what was sent, a test, and what people get by mail without being signed in.

use axum::response::Response;
use tessera_access::{Action, MailState, ReadMails, ReadSession, SendTestMail};
use tessera_kernel::{Fault, Result, Secret};

use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Param, Route, Verb};
use crate::wire::mails::{QueuedMail, TestMail};
use crate::wire::users::{ForgottenPassword, LinkOwner, LinkToken, MailOutcome};

const STATE: [Param; 1] =
    [Param::new("state", "string", "Only those in this state: `queued`, `sent`, `failed`.")];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/system/mails",
            Action::SystemMail,
            "list_mails",
            "List mails, newest first",
            list,
        )
        .about("Without their contents. Those that ended are listed for `mail.retention_days`.")
        .params(&STATE)
        .lists::<QueuedMail>(),
        Route::new(
            Verb::Post,
            "/v1/system/mails/test",
            Action::SystemMail,
            "send_test_mail",
            "Send a mail to see whether mail works",
            test,
        )
        .about("Past the queue: the answer says what the mail server said.")
        .reads::<TestMail>()
        .empty(),
        Route::new(
            Verb::Post,
            "/v1/password-resets",
            Access::Public("public: tells nothing, and is limited by address"),
            "request_password_reset",
            "Ask for a link to set a new password, by mail",
            forgot,
        )
        .about("The answer is the same whether there is such a user or not.")
        .reads::<ForgottenPassword>()
        .empty(),
        Route::new(
            Verb::Post,
            "/v1/session/email-verification",
            Action::SessionRead,
            "request_email_verification",
            "Ask for a link that proves one's e-mail address, by mail",
            request_verification,
        )
        .gives::<MailOutcome>(200),
        Route::new(
            Verb::Post,
            "/v1/email-verifications/accept",
            Access::Public("public: the token in the body is the credential"),
            "accept_email_verification",
            "Prove an e-mail address",
            verify,
        )
        .reads::<LinkToken>()
        .gives::<LinkOwner>(200),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ReadMails {}).await?;
    let paging = call.paging()?;
    let state = call
        .text("state")
        .map(|text| {
            MailState::parse(text)
                .ok_or_else(|| Fault::invalid("state", "send queued, sent or failed"))
        })
        .transpose()?;
    let page = call.access().mails.list(&grant, state, paging.request).await?;
    reply::ok(&paging.view(page.map(|mail| QueuedMail {
        uid: mail.uid.to_string(),
        kind: mail.kind,
        recipients: mail.recipients,
        state: mail.state.as_str(),
        attempts: mail.attempts,
        next_at: (mail.state == MailState::Queued).then_some(mail.next_at),
        error: mail.error,
        created_at: mail.created_at,
        ended_at: mail.ended_at,
    })))
}

async fn test(call: Call) -> Result<Response> {
    let grant = call.permit(SendTestMail {}).await?;
    let body: TestMail = call.json()?;
    call.access().mails.send_test(&grant, &body.to).await?;
    reply::no_content()
}

async fn forgot(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: ForgottenPassword = call.json()?;
    call.access().users.forgot(&body.email, &call.context()).await?;
    reply::no_content()
}

async fn request_verification(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSession {}).await?;
    let is_mailed = call.access().users.request_verification(&grant).await?;
    reply::ok(&MailOutcome { is_mailed })
}

async fn verify(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: LinkToken = call.json()?;
    let user = call.access().users.verify_email(&Secret::new(body.token), &call.context()).await?;
    reply::ok(&LinkOwner { name: user.name, email: user.email })
}

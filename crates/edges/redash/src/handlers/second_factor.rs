//! The step between password and session: the code of the second factor.

use axum::response::Response;
use http::StatusCode;
use tessera_access::{Challenge, RequestContext, SignIn};
use tessera_kernel::{Code, Secret};

use super::accounts::{login_form, remembers, with_session};
use super::{forms, redirect};
use crate::credential::Visit;
use crate::errors::{Refusal, sentence};
use crate::map::next_path;
use crate::wire::Answer;

/// Ends a sign-in, or asks for the code.
pub(super) async fn go_on(visit: &Visit, signed_in: SignIn, next: &str, remember: bool) -> Answer {
    match signed_in {
        SignIn::Session(session) => Ok(with_session(&visit.state, redirect(next), &session)),
        SignIn::SecondFactor(challenge) => ask(visit, &challenge, next, remember).await,
    }
}

async fn ask(visit: &Visit, challenge: &Challenge, next: &str, remember: bool) -> Answer {
    let enrolment = if challenge.must_enrol {
        let signin = &visit.state.kit.access.signin;
        Some(signin.enrol(&challenge.token, &visit.context()).await?)
    } else {
        None
    };
    let asked = forms::Asked { next, challenge: &challenge.token, remember };
    Ok(forms::code(StatusCode::OK, &asked, enrolment.as_ref(), None)?)
}

pub(crate) async fn code(visit: Visit) -> Answer {
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let fields = visit.fields();
    let next = next_path(visit.param("next"));
    let challenge = Secret::new(fields.get("challenge"));
    let signin = &visit.state.kit.access.signin;
    let context = RequestContext { remember: remembers(&fields), ..visit.context() };
    let asked = forms::Asked { next: &next, challenge: &challenge, remember: context.remember };
    match signin.code(&challenge, fields.get("code"), &context).await {
        Ok(done) => Ok(finished(&visit, &done, &next)),
        Err(fault) if fields.is_json => Err(fault.into()),
        Err(fault) => match fault.code() {
            Code::Unauthenticated => {
                let text = sentence(&fault);
                login_form(&visit, StatusCode::OK, &next, "", Some(&text)).await
            }
            Code::Invalid => {
                let text = Some("The code is wrong, or was used before.");
                Ok(forms::code(StatusCode::OK, &asked, None, text)?)
            }
            _ => {
                let text = sentence(&fault);
                let status = Refusal::from(fault).status();
                Ok(forms::code(status, &asked, None, Some(&text))?)
            }
        },
    }
}

fn finished(visit: &Visit, done: &tessera_access::Completed, next: &str) -> Response {
    let page = if done.recovery_codes.is_empty() {
        redirect(next)
    } else {
        forms::recovery_codes(next, &done.recovery_codes)
    };
    with_session(&visit.state, page, &done.session)
}

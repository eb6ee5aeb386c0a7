//! Pages and data behind public links, embedded pages, and the picture of every user.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use tessera_access::{Caller, Credential, ReadDashboard, ReadQuery, Transport};
use tessera_kernel::ids::QueryId;
use tessera_kernel::{Code, Fault, Result, Secret};

use super::shell;
use crate::credential::Visit;
use crate::errors::Refusal;
use crate::map::id;
use crate::wire::{self, Answer, PublicDashboardOut};

const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\">\
    <rect width=\"40\" height=\"40\" rx=\"20\" fill=\"#cfd6de\"/>\
    <circle cx=\"20\" cy=\"15\" r=\"7\" fill=\"#5a6675\"/>\
    <path d=\"M6 36a14 12 0 0 1 28 0z\" fill=\"#5a6675\"/></svg>";

pub(crate) async fn avatar() -> Response {
    let media = (header::CONTENT_TYPE, "image/svg+xml");
    ([media, (header::CACHE_CONTROL, "public, max-age=86400")], PICTURE).into_response()
}

pub(crate) async fn embed(
    Path((query, _visualization)): Path<(String, String)>,
    visit: Visit,
) -> Answer {
    if matches!(visit.caller, Caller::Anonymous) {
        return Ok(shell::to_login(&visit));
    }
    let query: QueryId = id(&query)?;
    let gate = &visit.state.kit.access.gate;
    let granted = gate.permit(&visit.caller, &visit.context(), ReadQuery { query }).await;
    granted.map_err(|fault| Refusal::from(fault).into_page())?;
    Ok(shell::page())
}

pub(crate) async fn public_page(Path(token): Path<String>, visit: Visit) -> Answer {
    visit.state.kit.check_public_links().await.map_err(|fault| Refusal::from(fault).into_page())?;
    match holder(&visit, &token).await {
        Ok(_) => Ok(private(shell::page())),
        Err(fault) if fault.code() == Code::Unauthenticated => Ok(private(shell::to_login(&visit))),
        Err(fault) => Err(Refusal::from(fault).into_page()),
    }
}

pub(crate) async fn public_dashboard(Path(token): Path<String>, visit: Visit) -> Answer {
    visit.state.kit.check_public_links().await?;
    let (holder, act) = holder(&visit, &token).await?;
    let gate = &visit.state.kit.access.gate;
    let grant = gate.permit(&holder, &visit.context(), act).await?;
    let detail = visit.state.bi.dashboards.get(&grant).await?;
    wire::json(&PublicDashboardOut::new(&detail)).map(private)
}

/// Who holds a public link, and what it opens. To somebody signed in, a bad one is a missing page.
async fn holder(visit: &Visit, token: &str) -> Result<(Caller, ReadDashboard)> {
    let credential = Credential { secret: Secret::new(token), transport: Transport::Url };
    let unknown = || match visit.caller {
        Caller::Anonymous => Fault::new(Code::Unauthenticated, "the link does not work"),
        _ => Fault::not_found("dashboard"),
    };
    match visit.state.kit.access.gate.authenticate_key(&credential, &visit.context()).await {
        Ok(Caller::Dashboard(principal)) => {
            let act = ReadDashboard { dashboard: principal.dashboard };
            Ok((Caller::Dashboard(principal), act))
        }
        Ok(_) => Err(unknown()),
        Err(fault) if matches!(fault.code(), Code::Unauthenticated | Code::OutOfScope) => {
            Err(unknown())
        }
        Err(fault) => Err(fault),
    }
}

/// The address is a secret: it must not go on to other sites or search engines.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let robots = HeaderName::from_static("x-robots-tag");
    headers.insert(robots, HeaderValue::from_static("noindex"));
    response
}

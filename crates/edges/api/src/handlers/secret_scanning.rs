//! Where partners for secret scanning report what they found.

use axum::response::Response;
use tessera_access::LeakReport;
use tessera_kernel::{Code, Fault, Result, Secret};

use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::secret_scanning::{Candidates, Label, Labels};

const SIGNATURE: &str = "github-public-key-signature";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Post,
            "/v1/secret-scanning/reports",
            Access::Public("public: reports are signed by a partner that the operator set"),
            "report_leaked_keys",
            "Report texts that may be keys",
            report,
        )
        .about(
            "Reads a list of candidates and answers with a list of labels. Needs the header \
             `Github-Public-Key-Signature`: ECDSA P-256 with SHA-256 over the body, ASN.1 in \
             base64, by one of the keys of the setting `keys.scanning_partner_keys`. A key that is \
             found is revoked, or written down only, as the policy says.",
        )
        .reads::<Candidates>()
        .gives::<Labels>(200),
    ]
}

async fn report(call: Call) -> Result<Response> {
    let signature = call.parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let keys = &call.access().keys;
    keys.check_partner(&call.body, signature.unwrap_or_default(), call.info.address.as_deref())?;
    let Candidates(candidates) = serde_json::from_slice(&call.body).map_err(|error| {
        Fault::new(Code::Malformed, format!("send a list of candidates: {error}"))
    })?;
    let reports: Vec<LeakReport> = candidates
        .iter()
        .map(|one| LeakReport { text: Secret::new(one.token.as_str()), url: one.url.clone() })
        .collect();
    let found = keys.take_reports(&reports).await?;
    let labels: Vec<Label> = candidates
        .into_iter()
        .zip(found)
        .map(|(one, found)| Label {
            token_raw: one.token,
            token_type: one.kind,
            label: if found { "true_positive" } else { "false_positive" },
        })
        .collect();
    reply::ok(&Labels(labels))
}

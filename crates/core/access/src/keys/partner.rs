//! Reports of partners who scan other people's texts for secrets: signed, checked, acted on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::json;
use tessera_kernel::{Code, Fault, Result, Secret};

use super::{Keys, LeakRule, scan};
use crate::{AuditEvent, events};

/// Most candidates in one report.
const CANDIDATES_MAX: usize = 1000;
/// How many bytes of a P-256 key in SubjectPublicKeyInfo are the point: the last ones.
const POINT_BYTES: usize = 65;

/// Something that a partner found.
#[derive(Debug, Clone)]
pub struct LeakReport {
    /// The text.
    pub text: Secret,
    /// Where it was found.
    pub url: String,
}

impl Keys {
    /// Whether a partner signed a body (ECDSA P-256 over SHA-256, ASN.1 in base64).
    ///
    /// # Errors
    /// `Forbidden` if no partner did, `RateLimited` after too many attempts from one address.
    pub fn check_partner(&self, body: &[u8], signature: &str, address: Option<&str>) -> Result<()> {
        self.partners.check(address.unwrap_or("unknown"))?;
        let refuse = || Fault::new(Code::Forbidden, "the report is not signed by a known partner");
        let signature = STANDARD.decode(signature.trim()).map_err(|_| refuse())?;
        let signed = self.gate.settings().scanning_partner_keys.iter().any(|pem| {
            point(pem).is_ok_and(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                    .verify(body, &signature)
                    .is_ok()
            })
        });
        if signed { Ok(()) } else { Err(refuse()) }
    }

    /// For each report whether it is a key of this server; what is one is revoked or written down,
    /// as the policy says. The caller has checked who reports.
    ///
    /// # Errors
    /// `TooLarge` for too many reports.
    pub async fn take_reports(&self, reports: &[LeakReport]) -> Result<Vec<bool>> {
        if reports.len() > CANDIDATES_MAX {
            let detail = format!("send at most {CANDIDATES_MAX} candidates at once");
            return Err(Fault::new(Code::TooLarge, detail));
        }
        let rule = self.policy().await?.leaked_keys;
        let now = self.clock.now();
        let mut answers = Vec::with_capacity(reports.len());
        for report in reports {
            let found = self.find(&report.text).await?;
            answers.push(found.is_some());
            let Some(key) = found else { continue };
            // One that can be shown again must be replaced by its owner, who would have none.
            let revoke = rule == LeakRule::Revoke && key.sealed.is_none();
            let hint = scan::hint(report.text.expose());
            let event = AuditEvent {
                at: now,
                actor: "partner".to_owned(),
                action: events::KEY_LEAKED,
                object: format!("key:{}", key.id),
                detail: json!({ "url": report.url, "hint": hint, "revoked": revoke }),
                address: None,
            };
            self.repos.insert_audit(&[event]).await?;
            tracing::warn!(key = key.id.0, url = report.url, revoke, "a key was found elsewhere");
            if revoke {
                self.repos.revoke_keys(&[key.id], None, now).await?;
            }
        }
        self.gate.forget_keys();
        Ok(answers)
    }
}

/// The point of a public key in PEM.
///
/// # Errors
/// `Invalid` for anything but a P-256 key.
pub fn point(pem: &str) -> Result<Vec<u8>> {
    /// What every P-256 key begins with: `id-ecPublicKey`, `prime256v1`, and a bit string.
    const HEAD: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let bad = || {
        let detail = "must be P-256 public keys in PEM (-----BEGIN PUBLIC KEY-----)";
        Fault::invalid("keys.scanning_partner_keys", detail)
    };
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = STANDARD.decode(text.trim()).map_err(|_| bad())?;
    let point = bytes.strip_prefix(&HEAD).ok_or_else(bad)?;
    if point.len() == POINT_BYTES { Ok(point.to_vec()) } else { Err(bad()) }
}

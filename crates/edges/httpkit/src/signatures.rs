//! Signatures of requests (RFC 9421): which there is, what it covers, and the text that was signed.
//! Whether a key asks for one, and whether it fits, is the business of the gate.

use axum::body::Body;
use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};
use ring::digest;
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry, Parser};
use tessera_access::{Proof, SignedRequest};

use crate::body;

const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";
const CONTENT_DIGEST: &str = "content-digest";

/// The signature of a request, if it has one. For that its body is read, up to `bytes_max`.
pub(crate) async fn read(
    request: Request,
    base_url: &str,
    bytes_max: usize,
) -> (Request, Option<Proof>) {
    if !request.headers().contains_key(INPUT) {
        return (request, None);
    }
    let (parts, body) = request.into_parts();
    let (body, proof) = match body::read(body, bytes_max).await {
        Ok(bytes) => {
            let proof = signed(&parts, base_url, &bytes);
            (Body::from(bytes), proof)
        }
        Err(fault) => (Body::empty(), Err(fault.detail().to_owned())),
    };
    (Request::from_parts(parts, body), Some(proof))
}

fn signed(parts: &Parts, base_url: &str, body: &[u8]) -> Proof {
    let inputs = dictionary(&parts.headers, INPUT)?;
    let signatures = dictionary(&parts.headers, SIGNATURE)?;
    let (label, covered) = match inputs.iter().next() {
        Some((label, ListEntry::InnerList(covered))) if inputs.len() == 1 => (label, covered),
        _ => return Err("Signature-Input has one signature with a list of components".to_owned()),
    };
    let signature = match signatures.get(label) {
        Some(ListEntry::Item(item)) => match &item.bare_item {
            BareItem::ByteSequence(bytes) => bytes.clone(),
            _ => return Err("a signature is a byte sequence (:…:)".to_owned()),
        },
        _ => return Err("Signature lacks the signature that Signature-Input names".to_owned()),
    };
    let number = |name: &str| match covered.params.get(name) {
        Some(BareItem::Integer(number)) => Some(i64::from(*number)),
        _ => None,
    };
    let text = |name: &str| match covered.params.get(name) {
        Some(BareItem::String(text)) => Some(text.as_str().to_owned()),
        _ => None,
    };
    if text("alg").is_some_and(|name| name != "ed25519") {
        return Err("the algorithm of a signature is ed25519".to_owned());
    }
    let created = number("created").ok_or("a signature has the parameter created")?;
    let nonce = text("nonce").ok_or("a signature has the parameter nonce")?;
    let base = base(parts, base_url, covered, body)?;
    Ok(SignedRequest {
        base: base.into_bytes(),
        signature,
        created,
        expires: number("expires"),
        nonce,
    })
}

fn dictionary(headers: &HeaderMap, name: &'static str) -> Result<Dictionary, String> {
    let text = field(headers, name).ok_or_else(|| format!("the request lacks {name}"))?;
    Parser::new(&text).parse().map_err(|_| format!("{name} is no dictionary (RFC 9651)"))
}

/// The text that was signed; refused if it leaves out what a thief could change.
fn base(parts: &Parts, base_url: &str, covered: &InnerList, body: &[u8]) -> Result<String, String> {
    let mut base = String::new();
    let mut names: Vec<&str> = Vec::new();
    for item in &covered.items {
        let BareItem::String(name) = &item.bare_item else {
            return Err("components of a signature are strings".to_owned());
        };
        let name = name.as_str();
        if !item.params.is_empty() || names.contains(&name) {
            return Err(format!("{name:?} stands once and has no parameters here"));
        }
        names.push(name);
        let value = component(parts, base_url, name)
            .ok_or_else(|| format!("the request has no component {name:?}"))?;
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    let covers = |name: &str| names.contains(&name);
    let addressed = covers("@target-uri")
        || covers("@authority")
            && covers("@path")
            && (covers("@query") || parts.uri.query().is_none());
    if !covers("@method") || !addressed {
        return Err(
            "a signature covers @method and @target-uri (or @authority, @path, @query)".to_owned()
        );
    }
    if !body.is_empty() {
        if !covers(CONTENT_DIGEST) {
            return Err("the signature of a request with a body covers content-digest".to_owned());
        }
        check_digest(&parts.headers, body)?;
    }
    let params = vec![ListEntry::InnerList(covered.clone())];
    let params = params.serialize().ok_or("the parameters of a signature cannot be written")?;
    base.push_str(&format!("\"@signature-params\": {params}"));
    Ok(base)
}

fn component(parts: &Parts, base_url: &str, name: &str) -> Option<String> {
    let path = parts.uri.path();
    let query = parts.uri.query();
    match name {
        "@method" => Some(parts.method.as_str().to_owned()),
        "@target-uri" => {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            Some(format!("{base_url}{path}{query}"))
        }
        "@authority" => {
            let (scheme, rest) = base_url.split_once("://")?;
            let host = rest.split('/').next()?.to_ascii_lowercase();
            let port = if scheme == "https" { ":443" } else { ":80" };
            Some(host.strip_suffix(port).unwrap_or(&host).to_owned())
        }
        "@path" => Some(path.to_owned()),
        "@query" => Some(format!("?{}", query.unwrap_or_default())),
        _ if name.starts_with('@') => None,
        _ => field(&parts.headers, name),
    }
}

/// A field as it is signed: its lines without white space around, joined with a comma.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let name = header::HeaderName::from_bytes(name.as_bytes()).ok()?;
    let lines: Option<Vec<&str>> =
        headers.get_all(name).iter().map(|line| line.to_str().ok().map(str::trim)).collect();
    lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join(", "))
}

/// Checks the body against Content-Digest (RFC 9530): every algorithm that we know, and at least one.
fn check_digest(headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let told = dictionary(headers, CONTENT_DIGEST)?;
    let mut known = 0;
    for (name, entry) in &told {
        let algorithm = match name.as_str() {
            "sha-256" => &digest::SHA256,
            "sha-512" => &digest::SHA512,
            _ => continue,
        };
        let found = digest::digest(algorithm, body);
        match entry {
            ListEntry::Item(item)
                if item.bare_item == BareItem::ByteSequence(found.as_ref().to_vec()) =>
            {
                known += 1;
            }
            _ => {
                let right = STANDARD.encode(found);
                return Err(format!("content-digest does not fit the body: {name}=:{right}:"));
            }
        }
    }
    if known == 0 { Err("content-digest has sha-256 or sha-512".to_owned()) } else { Ok(()) }
}

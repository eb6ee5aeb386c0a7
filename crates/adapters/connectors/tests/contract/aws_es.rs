//! Amazon's service: a local server that looks at the signature of each request as AWS does, from what
//! came over the wire alone.

use hmac::{Hmac, Mac as _};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tessera_bi::ports::Connectors as _;
use tessera_kernel::Code;

use crate::engines::{Engine, document};
use crate::server::{Asked, Reply, Server};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A path coded once more than it came.
fn coded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = path.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What is wrong with the signature.
fn wrong(asked: &Asked) -> Option<String> {
    let header = |name: &str| asked.header(name).unwrap_or_default();
    let given = header("authorization").strip_prefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    let Some((scope, rest)) = given.and_then(|given| given.split_once(", SignedHeaders=")) else {
        return Some("not the usual form".to_owned());
    };
    let Some((names, signature)) = rest.split_once(", Signature=") else {
        return Some("no signature".to_owned());
    };
    let date = header("x-amz-date");
    let day = date.split('T').next().unwrap_or_default();
    if scope != format!("{day}/eu-west-1/es/aws4_request") {
        return Some(format!("the scope {scope}"));
    }
    if ["host", "x-amz-date"].iter().any(|needed| !names.split(';').any(|name| name == *needed)) {
        return Some(format!("only {names} are signed"));
    }
    let (method, target) = asked.line.split_once(' ').unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let lines: String = names.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
    let body = hex::encode(Sha256::digest(&asked.body));
    let request = format!("{method}\n{}\n{query}\n{lines}\n{names}\n{body}", coded(path));
    let request = hex::encode(Sha256::digest(request));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{request}");
    let first = format!("AWS4{SECRET}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| mac(&key, part));
    (hex::encode(mac(&key, &text)) != signature).then(|| "another signature".to_owned())
}

fn service(asked: &Asked) -> Reply {
    let json = |status: u16, body: Json| {
        Some((status, "content-type: application/json\r\n", body.to_string().into_bytes()))
    };
    if let Some(wrong) = wrong(asked) {
        return json(403, json!({ "message": wrong }));
    }
    match asked.line.as_str() {
        "GET /_cluster/health" => json(200, json!({ "status": "green" })),
        "GET /_mappings" => {
            json(200, json!({ "orders": {"mappings": {"properties": {"id": {"type": "long"}}}} }))
        }
        "GET /moved/_mappings" => Some((302, "location: /_mappings\r\n", Vec::new())),
        "POST /orders*,%3Clogs-%7Bnow%2Fd%7D%3E,%C3%BC/_search" => {
            json(200, json!({ "hits": {"hits": [{"_source": {"id": 1}}]} }))
        }
        _ => json(404, json!({ "error": asked.line })),
    }
}

async fn start() -> (Server, Json) {
    let server = Server::start(service).await;
    let options = json!({
        "server": server.url, "region": "eu-west-1", "access_key": "AKIDEXAMPLE",
        "secret_key": SECRET,
    });
    (server, options)
}

fn engine(options: &Json, more: &Json) -> Engine {
    let mut options = options.clone();
    let all = options.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    document("aws_es", options)
}

#[tokio::test]
async fn requests_carry_a_signature_that_fits() {
    let (server, options) = start().await;
    let good = engine(&options, &json!({}));
    good.connector().test().await.expect("is believed");
    assert_eq!(good.connector().tables().await.expect("lists")[0].name, "orders");
    let text = r#"{"index": "orders*,<logs-{now/d}>,ü", "query": {"match": {"a": "é"}}}"#;
    assert_eq!(good.run(text).await.expect("runs").first(), [json!(1)]);
    let asked = server.last();
    assert!(asked.header("authorization").expect("is signed").contains("content-type;host;"));
    assert_eq!(asked.header("x-amz-security-token"), None);

    let other = engine(&options, &json!({ "secret_key": "another" }));
    let fault = other.run(text).await.err().expect("is refused");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert!(fault.detail().contains("another signature"), "{fault}");
    let region = engine(&options, &json!({ "region": "us-east-1" }));
    assert!(region.connector().test().await.expect_err("refused").detail().contains("the scope"));
    // A signature is for one address.
    let moved = engine(&options, &json!({ "server": format!("{}/moved", server.url) }));
    assert!(moved.connector().tables().await.is_err());
    assert!(server.last().line.starts_with("GET /moved"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let (_server, options) = start().await;
    for (more, field) in [
        (json!({ "server": null }), "options.server"),
        (json!({ "server": "search.example.com" }), "options.server"),
        (json!({ "region": null }), "options.region"),
        (json!({ "region": "eu-west-1/es" }), "options.region"),
        (json!({ "access_key": null }), "options.access_key"),
        (json!({ "secret_key": "" }), "options.access_key"),
        (json!({ "use_aws_iam_profile": true }), "options.use_aws_iam_profile"),
    ] {
        let odd = engine(&options, &more);
        let fault = odd.connectors.check("aws_es", &odd.options).expect_err("refused");
        assert_eq!(fault.field(), Some(field), "{more}");
        assert!(!fault.detail().contains(SECRET));
    }
    let engine = engine(&options, &json!({ "use_aws_iam_profile": false }));
    let known = engine.connectors.types().iter().find(|known| known.name == "aws_es");
    let known = known.expect("is offered");
    assert_eq!((known.title, known.syntax), ("Amazon Elasticsearch Service", "json"));
    assert_eq!(
        known.schema,
        json!({
            "type": "object",
            "properties": {
                "server": {"type": "string", "title": "Endpoint"},
                "region": {"type": "string"},
                "access_key": {"type": "string", "title": "Access Key"},
                "secret_key": {"type": "string", "title": "Secret Key"},
                "use_aws_iam_profile": {"type": "boolean", "title": "Use AWS IAM Profile"},
            },
            "secret": ["secret_key"],
            "order": ["server", "region", "access_key", "secret_key", "use_aws_iam_profile"],
            "required": ["server", "region"],
        })
    );
}

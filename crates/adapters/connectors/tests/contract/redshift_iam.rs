//! Redshift with passwords of AWS: a local server answers as AWS's documentation says, and a real
//! PostgreSQL stands in for the cluster.

use serde_json::{Value as Json, json};
use tessera_bi::ports::Connectors as _;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;
use tessera_testkit::postgres::Postgres;

use crate::engines::Engine;
use crate::server::{Asked, Reply, Server};

const XML: &str = "content-type: text/xml\r\n";

/// What AWS says; the password is good until 2099 if the cluster is called `long`.
fn answer(asked: &Asked) -> Reply {
    let server = Postgres::shared();
    let field = |name: &str| asked.body.contains(name);
    if field("Action=AssumeRole&") {
        let text = "<AssumeRoleResponse><AssumeRoleResult><Credentials>
            <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s&amp;3</SecretAccessKey>
            <SessionToken>a token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
            </Credentials></AssumeRoleResult></AssumeRoleResponse>";
        return Some((200, XML, text.into()));
    }
    if field("ClusterIdentifier=none") {
        let text = "<ErrorResponse><Error><Type>Sender</Type><Code>ClusterNotFound</Code>
            <Message>Cluster none not found.</Message></Error></ErrorResponse>";
        return Some((404, XML, text.into()));
    }
    let year = if field("ClusterIdentifier=long") { "2099" } else { "2001" };
    let (user, password) = (server.user(), server.password());
    let text = format!(
        "<GetClusterCredentialsResponse><GetClusterCredentialsResult><DbUser>{user}</DbUser>
         <DbPassword>{password}</DbPassword><Expiration>{year}-01-01T00:00:00Z</Expiration>
         </GetClusterCredentialsResult></GetClusterCredentialsResponse>"
    );
    Some((200, XML, text.into()))
}

async fn engine(more: Json) -> (Engine, Server) {
    let aws = Server::start(answer).await;
    let mut options = json!({
        "host": "127.0.0.1", "port": Postgres::shared().port(), "user": "analyst",
        "dbname": "postgres", "aws_region": "eu-west-1", "clusterid": "long",
        "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret",
    });
    let all = options.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    let settings = ConnectorSettings { aws_address: Some(aws.url.clone()), ..Default::default() };
    let engine = Engine {
        name: "redshift_iam",
        dialect: Dialect::Postgres,
        connectors: AllConnectors::new(settings),
        options,
        _folder: tempfile::tempdir().expect("a folder"),
    };
    (engine, aws)
}

#[tokio::test]
async fn the_password_is_that_of_aws_and_used_while_it_is_good() {
    let (long, aws) = engine(json!({})).await;
    for _ in 0..2 {
        assert_eq!(
            long.run("select current_user::text").await.expect("runs").first(),
            ["postgres"]
        );
    }
    let asked = aws.asked();
    assert_eq!(asked.len(), 1, "the second run uses the same password");
    assert_eq!(
        asked[0].body,
        "Action=GetClusterCredentials&Version=2012-12-01&DbUser=analyst&DbName=postgres&\
         ClusterIdentifier=long"
    );
    let signature = asked[0].header("authorization").expect("is signed");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signature}");
    assert!(
        signature.contains("/eu-west-1/redshift/aws4_request, SignedHeaders=content-type;host;")
    );
    assert!(asked[0].header("x-amz-date").is_some_and(|date| date.ends_with('Z')));
    assert_eq!(asked[0].header("x-amz-security-token"), None);

    let (short, aws) = engine(json!({ "clusterid": "short" })).await;
    for _ in 0..2 {
        short.run("select 1").await.expect("runs");
    }
    assert_eq!(aws.asked().len(), 2, "its password is not good any more");
}

#[tokio::test]
async fn a_role_is_assumed_first() {
    let (engine, aws) = engine(json!({ "rolename": "arn:aws:iam::1:role/reader" })).await;
    engine.connector().test().await.expect("connects");
    let asked = aws.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].body.starts_with(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Freader&"
    ));
    assert!(asked[0].header("authorization").expect("is signed").contains("/eu-west-1/sts/"));
    let signature = asked[1].header("authorization").expect("is signed");
    assert!(signature.contains("Credential=ASIAROLE/"), "{signature}");
    assert!(signature.contains("host;x-amz-date;x-amz-security-token,"), "{signature}");
    assert_eq!(asked[1].header("x-amz-security-token"), Some("a token"));
}

#[tokio::test]
async fn what_aws_refuses_is_told_and_what_cannot_be_meant_is_refused() {
    let (unknown, _aws) = engine(json!({ "clusterid": "none" })).await;
    let fault = unknown.connector().test().await.expect_err("refused");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert_eq!(fault.detail(), "AWS redshift: Cluster none not found.");
    for (more, field) in [
        (json!({ "aws_region": "eu-west-1.example.com/" }), "options.aws_region"),
        (json!({ "aws_region": null }), "options.aws_region"),
        (json!({ "clusterid": null }), "options.clusterid"),
        (json!({ "aws_access_key_id": null }), "options.aws_access_key_id"),
        (json!({ "aws_secret_access_key": null }), "options.aws_access_key_id"),
    ] {
        let (odd, _aws) = engine(more).await;
        let fault = odd.connectors.check("redshift_iam", &odd.options).expect_err("refused");
        assert_eq!(fault.field(), Some(field));
    }
}

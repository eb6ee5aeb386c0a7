//! How PostgreSQL and we prove to each other who we are: every mode, and certificates of users.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use tessera_bi::ports::Connectors;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::{Code, Result};
use tessera_sqltext::Dialect;
use tessera_testkit::certificates::CERTIFIED;
use tessera_testkit::mariadb::MariaDb;
use tessera_testkit::postgres::Postgres;

use crate::engines::{Engine, cancel_once_seen};

/// The server with more options, or others.
fn engine(server: &Postgres, more: &Json) -> Engine {
    let mut options = json!({
        "host": "127.0.0.1", "port": server.port(), "user": server.user(),
        "password": server.password(), "dbname": "postgres",
    });
    let all = options.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    Engine {
        name: "pg",
        dialect: Dialect::Postgres,
        connectors: AllConnectors::new(ConnectorSettings::default()),
        options,
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// Whether the connection is encrypted, as the server sees it.
async fn encrypted(server: &Postgres, more: Json) -> Result<bool> {
    let engine = engine(server, &more);
    engine.connectors.check("pg", &engine.options)?;
    let rows = engine.run("select ssl from pg_stat_ssl where pid = pg_backend_pid()").await?;
    Ok(rows.first() == [json!(true)])
}

#[tokio::test]
async fn servers_and_users_prove_who_they_are() {
    let server = Postgres::start_encrypted().expect("starts");
    let known = server.certificates().expect("it has some");
    let (root, other) = (&known.authority, &MariaDb::shared().certificates().authority);

    for (more, expected) in [
        (json!({}), true),
        (json!({ "sslmode": "allow" }), true),
        (json!({ "sslmode": "disable" }), false),
        (json!({ "sslmode": "require" }), true),
        (json!({ "sslmode": "require", "sslrootcertFile": root }), true),
        (json!({ "sslmode": "verify-ca", "sslrootcertFile": root }), true),
        (json!({ "sslmode": "verify-ca", "sslrootcertFile": STANDARD.encode(root) }), true),
        (json!({ "sslmode": "verify-full", "sslrootcertFile": root, "host": "localhost" }), true),
    ] {
        let found = encrypted(&server, more.clone()).await;
        assert_eq!(found.expect("connects"), expected, "{more}");
    }
    for more in [
        json!({ "sslmode": "verify-ca" }),
        json!({ "sslmode": "verify-full", "host": "localhost" }),
        json!({ "sslmode": "require", "sslrootcertFile": other }),
        json!({ "sslmode": "verify-ca", "sslrootcertFile": other }),
        json!({ "sslmode": "verify-full", "sslrootcertFile": root }),
    ] {
        let fault = encrypted(&server, more.clone()).await.expect_err("is not believed");
        assert_eq!(fault.code(), Code::SourceFailed, "{more}");
    }
    // Of a server that cannot encrypt, nothing else can be had.
    let fault = encrypted(Postgres::shared(), json!({ "sslmode": "require" })).await;
    assert_eq!(fault.expect_err("cannot encrypt").code(), Code::SourceFailed);
    assert!(!encrypted(Postgres::shared(), json!({})).await.expect("connects"));

    // This user comes in with a certificate only.
    let user = |more: Json| {
        let mut options = json!({
            "user": CERTIFIED, "password": null, "sslmode": "verify-ca", "sslrootcertFile": root,
        });
        let all = options.as_object_mut().expect("an object");
        all.extend(more.as_object().expect("an object").clone());
        options
    };
    let own = user(json!({ "sslcertFile": known.client, "sslkeyFile": known.client_key }));
    assert!(encrypted(&server, own.clone()).await.expect("is let in"));
    let coded = json!({
        "sslcertFile": STANDARD.encode(&known.client),
        "sslkeyFile": STANDARD.encode(&known.client_key),
    });
    assert!(encrypted(&server, user(coded)).await.expect("is let in"));
    let stranger = MariaDb::shared().certificates();
    for more in [
        json!({}),
        json!({ "password": server.password() }),
        json!({ "sslcertFile": stranger.client, "sslkeyFile": stranger.client_key }),
    ] {
        let fault = encrypted(&server, user(more)).await.expect_err("is not let in");
        assert_eq!(fault.code(), Code::SourceFailed);
    }
    for (more, field) in [
        (json!({ "sslcertFile": known.client }), "options.sslkeyFile"),
        (json!({ "sslkeyFile": known.client_key }), "options.sslcertFile"),
        (
            json!({ "sslcertFile": known.client, "sslkeyFile": stranger.client_key }),
            "options.sslcertFile",
        ),
        (json!({ "sslrootcertFile": "-----BEGIN NOTHING-----" }), "options.sslrootcertFile"),
    ] {
        let fault = encrypted(&server, user(more)).await.expect_err("cannot be used");
        assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some(field)));
    }
    cancelled(&server, &own).await;
}

/// The request to stop goes over a connection of its own, which has to be as good as the first.
async fn cancelled(server: &Postgres, options: &Json) {
    let engine = engine(server, options);
    let bound = engine.bind("select pg_sleep(599)", &json!([]), &json!({})).expect("binds");
    let seen = || {
        let count = "select count(*) from pg_stat_activity where state = 'active'
                     and usename = 'certified'";
        server.sql("postgres", count).expect("counts")
    };
    cancel_once_seen(&engine, &bound, || seen() != "0").await;
}

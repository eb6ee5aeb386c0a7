//! The server's secrets and what they seal: a copied or exchanged ciphertext opens nothing.

use std::net::TcpListener;

use rusqlite::Connection;
use serde_json::json;
use tessera_testkit::server::{Options, Server};

#[test]
fn exchanged_ciphertexts_do_not_open() {
    let (mut server, admin) = Server::set_up(Options::default()).expect("starts");
    // Where the sources are said to be: what opens would be sent there.
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("not blocking");
    let port = canary.local_addr().expect("an address").port();
    let mut ids = Vec::new();
    for (name, password) in [("one", "first-password"), ("two", "second-password")] {
        let source = json!({
            "name": name, "type": "pg",
            "options": { "host": "127.0.0.1", "port": port, "dbname": "x", "user": "u", "password": password },
        });
        let made = admin.post("/api/data_sources", &source).expect("answers").ok().expect("good");
        ids.push(made["id"].as_i64().expect("an id"));
    }
    server.terminate().expect("ends");
    while canary.accept().is_ok() {}
    let file = Connection::open(server.data().join("tessera.sqlite")).expect("opens");
    let sealed = |id: i64| -> Vec<u8> {
        file.query_row("select sealed_options from sources where id = ?1", [id], |row| row.get(0))
            .expect("a row")
    };
    let (one, two) = (sealed(ids[0]), sealed(ids[1]));
    assert_ne!(one, two);
    for (id, text) in [(ids[0], &two), (ids[1], &one)] {
        file.execute("update sources set sealed_options = ?2 where id = ?1", (id, text))
            .expect("exchanged");
    }
    drop(file);
    let server = server.kill_and_restart().expect("starts");
    let admin = server.sign_in("admin@example.com", tessera_testkit::server::PASSWORD);
    let admin = admin.expect("signs in");
    for id in ids {
        let test = admin.post(&format!("/api/data_sources/{id}/test"), &json!({}));
        let test = test.expect("answers").text();
        assert!(!test.contains("\"ok\":true"), "{test}");
        assert!(!test.contains("password"), "the seal is refused before anybody is called: {test}");
    }
    assert!(canary.accept().is_err(), "somebody was called with another one's password");
    let log = server.log();
    assert!(!log.contains("first-password") && !log.contains("second-password"));
}

#[test]
fn the_server_does_not_start_with_a_secret_that_others_can_know() {
    for (secrets, word) in [
        (
            format!(
                "[[pepper]]\nversion = 1\nkey = \"{0}\"\n[[seal]]\nversion = 1\nkey = \"{0}\"\n",
                "00".repeat(32)
            ),
            "too simple",
        ),
        (
            "[[pepper]]\nversion = 1\nkey = \"abcd\"\n[[seal]]\nversion = 1\nkey = \"abcd\"\n"
                .to_owned(),
            "64 hexadecimal digits",
        ),
        ("pepper = []\nseal = []\n".to_owned(), "pepper"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("made");
        let file = data.join("secrets.toml");
        std::fs::write(&file, secrets).expect("written");
        std::process::Command::new("chmod").arg("600").arg(&file).status().expect("chmod");
        let options = Options { data: Some(data), ..Options::default() };
        let refused = Server::start(options).err().expect("it does not start");
        assert!(refused.to_string().contains(word), "{refused}");
    }
}

#[test]
fn a_data_source_never_shows_its_secrets_again() {
    let (_server, admin) = Server::set_up(Options::default()).expect("starts");
    let source = json!({
        "name": "Secret", "type": "pg",
        "options": { "host": "127.0.0.1", "port": 1, "dbname": "x", "user": "u", "password": "hidden-word" },
    });
    let made = admin.post("/api/data_sources", &source).expect("answers").ok().expect("good");
    let id = &made["id"];
    let own = admin.get("/v1/sources").expect("answers").ok().expect("good");
    for path in [
        format!("/api/data_sources/{id}"),
        "/api/data_sources".to_owned(),
        format!("/v1/sources/{id}"),
        "/v1/sources".to_owned(),
    ] {
        let answer = admin.get(&path).expect("answers");
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("hidden-word"), "{path}");
    }
    assert!(own.to_string().contains("Secret"));
    // What is shown in its place does not replace it when it is sent back.
    let shown = admin.get(&format!("/api/data_sources/{id}")).expect("answers").ok().expect("good");
    let back = json!({ "name": "Renamed", "type": "pg", "options": shown["options"] });
    admin.post(&format!("/api/data_sources/{id}"), &back).expect("answers").ok().expect("good");
    let test = admin.post(&format!("/api/data_sources/{id}/test"), &json!({})).expect("answers");
    assert!(!test.text().contains("hidden-word"), "{}", test.text());
}

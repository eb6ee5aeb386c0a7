//! No data source reaches a closed address, however it is spelled.

use std::net::TcpListener;

use serde_json::json;
use tessera_testkit::server::{Options, Server};

#[test]
fn no_byte_reaches_a_listener_on_a_closed_address() {
    let options = Options::default()
        .with("SOURCES_DENIED_NETWORKS", "[\"127.0.0.0/8\", \"::1/128\", \"169.254.0.0/16\"]");
    let (_server, admin) = Server::set_up(options).expect("starts");
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("not blocking");
    let port = canary.local_addr().expect("an address").port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::ffff:127.0.0.1]",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::1",
        "0.0.0.0",
        "::",
        "0",
        "user@127.0.0.1",
        "127.0.0.1#x",
        "127.0.0.1,127.0.0.1",
        "/var/run/postgresql",
        "169.254.169.254",
        " 127.0.0.1",
    ] {
        let source = json!({
            "name": format!("to {host}"), "type": "pg",
            "options": { "host": host, "port": port, "dbname": "x", "user": "u", "password": "p" },
        });
        let answer = admin.post("/api/data_sources", &source).expect("answers");
        assert!(answer.status < 500, "{host}: {} {}", answer.status, answer.text());
        if answer.status == 200 {
            let id = &answer.json()["id"];
            let test = admin.post(&format!("/api/data_sources/{id}/test"), &json!({}));
            let test = test.expect("answers").json();
            assert_eq!(test["ok"], false, "{host}: {test}");
            let run = json!({ "query": "select 1", "data_source_id": id, "max_age": 0 });
            let started = admin.post("/api/query_results", &run).expect("answers").json();
            let ended = admin.finish(&started).expect("ends");
            assert_eq!(ended["job"]["status"], 4, "{host}: {ended}");
        }
        let touched = canary.accept();
        assert!(touched.is_err(), "{host} reached the listener: {touched:?}");
    }
}

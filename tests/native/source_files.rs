//! Files as data sources, through `/v1`: upload, list, query, remove.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::Server;

fn upload(client: &Client, source: &Value, table: &str, name: &str, bytes: &[u8]) -> Answer {
    let path = format!("/v1/sources/{source}/files/{table}?file_name={name}");
    client
        .send("PUT", &path, Some("application/octet-stream"), Some(bytes.to_vec()), &[])
        .expect("answers")
}

#[test]
fn uploaded_files_are_tables_until_they_are_removed() {
    for engine in ENGINES {
        let settings = options(engine).expect("an engine").with("FILES_UPLOAD_BYTES_MAX", "1000");
        let (server, admin) = Server::set_up(settings).expect("starts");
        let new = json!({ "name": "Files", "type": "files", "options": {} });
        let made = admin.post("/v1/sources", &new).expect("answers").ok().expect("made");
        let source = &made["source"]["id"];
        let answer = upload(&admin, source, "orders", "Orders.csv", b"id,name\n1,ann\n2,bob\n");
        let file = answer.ok().expect("is read");
        assert_eq!((&file["rows"], &file["table"]), (&json!(2), &json!("orders")), "{file}");
        let listed = admin.get(&format!("/v1/sources/{source}/files")).expect("answers");
        assert_eq!(listed.ok().expect("lists")["data"][0]["file_name"], "Orders.csv");
        let schema = admin.get(&format!("/v1/sources/{source}/schema")).expect("answers");
        assert_eq!(schema.ok().expect("tables")["tables"][0]["name"], "orders");

        let run = |max_age: i64| {
            let body = json!({
                "query": "select name from orders where id = {{ n }}", "data_source_id": source,
                "max_age": max_age, "parameters": { "n": 2 },
            });
            let started =
                admin.post("/api/query_results", &body).expect("answers").ok().expect("runs");
            let ended = admin.finish(&started).expect("ends");
            match ended["job"]["query_result_id"].as_i64() {
                Some(id) => {
                    let path = format!("/api/query_results/{id}");
                    admin.get(&path).expect("answers").ok().expect("a result")
                }
                None => ended,
            }
        };
        let rows = run(0)["query_result"]["data"]["rows"].clone();
        assert_eq!(rows, json!([{ "name": "bob" }]), "{engine:?}");

        // What was read before another file took its place is not found any more.
        upload(&admin, source, "orders", "Orders.csv", b"id,name\n2,eve\n").ok().expect("is read");
        let rows = run(-1)["query_result"]["data"]["rows"].clone();
        assert_eq!(rows, json!([{ "name": "eve" }]));

        for (table, name, bytes, status, field) in [
            ("orders", "orders.txt", &b"x"[..], 422, "file_name"),
            ("orders", "orders.csv", b"a\n1,2\n", 422, "file"),
            ("Orders", "orders.csv", b"a\n1\n", 422, "table"),
            ("orders", "orders.csv", &[b'x'; 1001], 413, ""),
        ] {
            let answer = upload(&admin, source, table, name, bytes);
            assert_eq!(answer.status, status, "{table} {name}: {}", answer.text());
            assert!(field.is_empty() || answer.json()["field"] == field, "{}", answer.text());
        }
        let nobody = server.anonymous();
        assert_eq!(upload(&nobody, source, "orders", "o.csv", b"a\n1\n").status, 401);

        let gone = |path: String| admin.delete(&path).expect("answers").status;
        assert_eq!(gone(format!("/v1/sources/{source}/files/orders")), 204);
        assert_eq!(gone(format!("/v1/sources/{source}/files/orders")), 404);
        upload(&admin, source, "again", "a.ndjson", b"{\"a\": 1}").ok().expect("is read");
        assert_eq!(gone(format!("/v1/sources/{source}")), 204);
        let left = server.data().join("files");
        assert_eq!(std::fs::read_dir(left).expect("a folder").count(), 0, "its files went with it");
    }
}

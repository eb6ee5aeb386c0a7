//! Keys with hidden accounts: their shapes, their life, their records.

use serde_json::json;
use tessera_e2e::{ENGINES, Shop, options};
use tessera_testkit::postgres::Postgres;

use crate::callers::{Metabase, names, plain, shops, text};

const KEY_MEMBERS: [&str; 7] =
    ["created_at", "group", "id", "masked_key", "name", "updated_at", "updated_by"];

#[test]
fn a_key_is_made_listed_changed_regenerated_and_deleted() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        assert_eq!(admin.read("/api/api-key"), json!([]));
        assert_eq!(admin.get("/api/api-key/count").text(), "0");
        let (team, all) = (admin.new_group("Team"), admin.group("All Users"));
        let made = admin.new_key("nightly export", team);
        let mut expected = KEY_MEMBERS.to_vec();
        expected.push("unmasked_key");
        expected.sort_unstable();
        assert_eq!(names(&made), expected);
        let key = text(&made["unmasked_key"]).to_owned();
        assert_eq!(key.len(), 47);
        assert!(key.starts_with("mb_") && key.ends_with('='), "{key}");
        assert_eq!(made["masked_key"], format!("{}{}", &key[..7], "*".repeat(40)));
        assert_eq!(made["group"], json!({ "id": team, "name": "Team" }));
        assert_eq!(names(&made["updated_by"]), ["common_name", "id"]);
        assert_eq!(made["updated_by"]["common_name"], "Ada Admin");

        let list = admin.read("/api/api-key");
        assert_eq!(list.as_array().map(Vec::len), Some(1));
        assert_eq!(names(&list[0]), KEY_MEMBERS);
        assert!(!list.to_string().contains(&key), "a key is shown once");
        assert_eq!(admin.get("/api/api-key/count").text(), "1");

        let path = format!("/api/api-key/{}", made["id"]);
        let caller = Metabase::with_key(&shop, &key);
        let renamed = admin.put(&path, &json!({ "name": "hourly" })).ok().expect("good");
        assert_eq!(names(&renamed), KEY_MEMBERS);
        assert_eq!((&renamed["name"], &renamed["group"]["id"]), (&json!("hourly"), &json!(team)));
        assert_eq!(caller.read("/api/user/current")["common_name"], "hourly");
        let moved = admin.put(&path, &json!({ "group_id": all, "name": null })).ok().expect("good");
        assert_eq!(moved["group"], json!({ "id": all, "name": "All Users" }));
        assert_eq!(caller.read("/api/user/current")["group_ids"], json!([all]));

        let again = admin.put(&format!("{path}/regenerate"), &json!({})).ok().expect("good");
        let fresh = text(&again["unmasked_key"]).to_owned();
        assert_ne!(fresh, key);
        assert_eq!(again["id"], made["id"]);
        assert_eq!(again["prefix"], &fresh[..7]);
        assert_eq!(again["masked_key"], format!("{}{}", &fresh[..7], "*".repeat(40)));
        assert_eq!(again["name"], "hourly", "both generations of clients find what they read");
        let unauthenticated = (401, "Unauthenticated".to_owned());
        assert_eq!(plain(&caller.get("/api/user/current")), unauthenticated, "the old text is out");
        let caller = Metabase::with_key(&shop, &fresh);
        let account = caller.read("/api/user/current");

        let gone = admin.delete(&path);
        assert_eq!((gone.status, gone.body.len()), (204, 0));
        assert_eq!(plain(&caller.get("/api/user/current")), unauthenticated);
        assert_eq!(plain(&admin.delete(&path)), (404, "Not found.".to_owned()));
        assert_eq!(admin.get("/api/api-key/count").text(), "0");
        let kept = admin.read(&format!("/api/user/{}", account["id"]));
        assert_eq!(kept["is_active"], false, "the account is shut out and stays");
    }
}

#[test]
fn a_key_acts_as_a_hidden_user_of_its_groups() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let (team, all) = (admin.new_group("Team"), admin.group("All Users"));
        let made = admin.new_key("reader", team);
        let caller = Metabase::with_key(&shop, text(&made["unmasked_key"]));
        let me = caller.read("/api/user/current");
        assert_eq!((&me["first_name"], &me["last_name"]), (&json!("reader"), &json!("")));
        assert_eq!((&me["common_name"], &me["is_superuser"]), (&json!("reader"), &json!(false)));
        assert_eq!(me["group_ids"], json!([all, team]));
        assert_eq!(me["personal_collection_id"], json!(null));
        let email = text(&me["email"]);
        assert!(email.starts_with("api-key-user-") && email.ends_with("@api-key.invalid"));
        let people = admin.read("/api/user");
        assert!(!people.to_string().contains("api-key-user"), "hidden from the list of people");
        let shown = admin.read(&format!("/api/permissions/group/{team}"));
        assert_eq!(shown["members"][0]["first_name"], "reader", "shown among a group's members");
        let forbidden = (403, "You don't have permissions to do that.".to_owned());
        for path in ["/api/api-key", "/api/api-key/count", "/api/permissions/group"] {
            assert_eq!(plain(&caller.get(path)), forbidden, "{path}");
        }
        let administrators = admin.group("Administrators");
        let path = format!("/api/api-key/{}", made["id"]);
        admin.put(&path, &json!({ "group_id": administrators })).ok().expect("good");
        assert_eq!(caller.read("/api/user/current")["is_superuser"], true);
        assert_eq!(caller.get("/api/permissions/group").status, 200);
    }
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let all = admin.group("All Users");
        let first = admin.new_key("one", all);
        let second = admin.new_key("two", all);
        let create = |body: serde_json::Value| {
            let answer = admin.post("/api/api-key", &body);
            (answer.status, answer.json()["errors"].clone())
        };
        let number = "value must be an integer greater than zero.";
        let blank = "value must be a non-blank string.";
        assert_eq!(
            create(json!({ "name": "one", "group_id": all })),
            (400, json!({ "name": "An API key with this name already exists." }))
        );
        assert_eq!(
            create(json!({ "name": "x", "group_id": null })),
            (400, json!({ "group_id": number }))
        );
        for name in [json!(""), json!("  "), json!(null), json!(7)] {
            let body = json!({ "name": name, "group_id": all });
            assert_eq!(create(body), (400, json!({ "name": blank })));
        }
        let (status, errors) = create(json!({ "name": "x", "group_id": 999_999 }));
        assert_eq!((status, errors["group_id"].is_string()), (400, true), "{errors}");
        let long = create(json!({ "name": "x".repeat(255), "group_id": all }));
        assert_eq!((long.0, long.1["name"].is_string()), (400, true));
        assert_eq!(create(json!({ "name": "One", "group_id": all })).0, 200, "case matters");

        let path = format!("/api/api-key/{}", second["id"]);
        let answer = admin.put(&path, &json!({ "name": " " }));
        assert_eq!(
            (answer.status, names(&answer.json())),
            (400, vec!["errors", "specific-errors"])
        );
        assert_eq!(admin.put(&path, &json!({ "group_id": 999_999 })).status, 400);
        assert_eq!(admin.put(&path, &json!({})).status, 200);
        let missing = (404, "Not found.".to_owned());
        assert_eq!(plain(&admin.put("/api/api-key/999999", &json!({ "name": "x" }))), missing);
        assert_eq!(plain(&admin.put("/api/api-key/999999/regenerate", &json!({}))), missing);
        let user_key = shop.admin.get("/v1/keys").expect("answers").ok().expect("good");
        let user_key = &user_key["data"][0]["id"];
        assert_eq!(
            plain(&admin.delete(&format!("/api/api-key/{user_key}"))),
            missing,
            "a user's own key is none of these"
        );
        assert!(first["id"].is_i64());
    }
}

#[test]
fn one_key_works_in_every_dialect() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let made = admin.new_key("everywhere", admin.group("Administrators"));
        let key = text(&made["unmasked_key"]);
        let redash = shop.server.anonymous().with_key(key);
        assert_eq!(redash.get("/api/session").expect("answers").status, 200);
        assert_eq!(redash.get("/v1/session").expect("answers").status, 200);
        assert_eq!(redash.get("/api/user/current").expect("answers").status, 200);
        let bearer = Metabase::with(&shop, &[("authorization", &format!("Bearer {key}"))]);
        assert_eq!(bearer.get("/api/permissions/group").status, 200);
        let own = shop
            .admin
            .post("/v1/keys", &json!({ "name": "own" }))
            .expect("answers")
            .ok()
            .expect("good");
        let own = text(&own["secret"]).to_owned();
        assert!(own.starts_with("tsr_usr_"), "{own}");
        assert_eq!(Metabase::with_key(&shop, &own).get("/api/permissions/group").status, 200);
    }
}

#[test]
fn every_change_of_a_key_is_written_down_without_its_text() {
    for engine in ENGINES {
        let options = options(engine).expect("an engine");
        let database = options.database_url.clone();
        let shop = Shop::open(options).expect("opens");
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let made = admin.new_key("watched", team);
        let path = format!("/api/api-key/{}", made["id"]);
        let all = admin.group("All Users");
        admin.put(&path, &json!({ "name": "seen", "group_id": all })).ok().expect("good");
        let again = admin.put(&format!("{path}/regenerate"), &json!({})).ok().expect("good");
        admin.delete(&path).ok().expect("good");
        let records = audit(&shop, database.as_deref());
        for action in ["create", "update", "regenerate", "delete"] {
            assert!(records.contains(&format!("account_keys.{action}")), "{action}: {records}");
        }
        for told in ["watched", "seen", "Team"] {
            assert!(records.contains(told), "{told}: {records}");
        }
        for secret in [&made["unmasked_key"], &again["unmasked_key"]] {
            assert!(!records.contains(text(secret)), "a key is in the audit log");
            assert!(records.contains(&text(secret)[..7]), "its prefix is");
        }
    }
}

/// All records of the audit log as one text, from where they are stored.
fn audit(shop: &Shop, database: Option<&str>) -> String {
    const RECORDS: &str = "SELECT string_agg(action || detail, '') FROM audit";
    match database {
        Some(url) => {
            let name = url.rsplit('/').next().expect("a name");
            Postgres::shared().sql(name, RECORDS).expect("reads")
        }
        None => {
            let file = shop.server.data().join("tessera.sqlite");
            let store = rusqlite::Connection::open(file).expect("opens");
            store.query_row(RECORDS, [], |row| row.get(0)).expect("reads")
        }
    }
}

#[test]
fn keys_outlive_their_group() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let made = admin.new_key("survivor", team);
        assert_eq!(admin.delete(&format!("/api/permissions/group/{team}")).status, 204);
        let list = admin.read("/api/api-key");
        assert_eq!(list[0]["group"]["name"], "All Users");
        let caller = Metabase::with_key(&shop, text(&made["unmasked_key"]));
        assert_eq!(caller.get("/api/user/current").status, 200);
    }
}

#[test]
fn a_key_of_a_group_runs_what_the_group_reaches_and_nothing_else() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let made = admin.new_key("runner", team);
        let all = admin.group("All Users");
        let graph = admin.read("/api/permissions/graph");
        let (pg, lite) = (shop.postgres.to_string(), shop.sqlite.to_string());
        let blocked = json!({ "view-data": "blocked", "create-queries": "no" });
        let full = json!({
            "view-data": "unrestricted", "create-queries": "query-builder-and-native",
        });
        let change = json!({ "revision": graph["revision"], "groups": {
            all.to_string(): { &pg: blocked, &lite: blocked },
            team.to_string(): { &lite: full },
        }});
        admin.put("/api/permissions/graph", &change).ok().expect("good");
        let redash = shop.server.anonymous().with_key(text(&made["unmasked_key"]));
        let run = |source: i64| {
            let body =
                json!({ "query": "select 1 as one", "data_source_id": source, "max_age": 0 });
            redash.post("/api/query_results", &body).expect("answers")
        };
        let started = run(shop.sqlite).ok().expect("good");
        assert_eq!(redash.finish(&started).expect("ends")["job"]["status"], 3);
        assert_eq!(run(shop.postgres).status, 403);
    }
}

//! Alerts and destinations: conditions, states, notices, and who may do what.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};
use tessera_kernel::{Clock, SystemClock};
use tessera_testkit::receiver::Receiver;

/// A shop with a query, an alert on it, and a webhook that is told.
struct Alarm {
    shop: Shop,
    receiver: Receiver,
    query: Value,
    alert: Value,
}

fn alarms() -> impl Iterator<Item = Alarm> {
    ENGINES.into_iter().map(|engine| {
        let options = options(engine).expect("an engine").with("ALERTS_RETRY_SECONDS", "1");
        let shop = Shop::open(options).expect("opens");
        let receiver = Receiver::start().expect("listens");
        let query = shop.query(shop.sqlite, "select 0 as n", json!([])).expect("made");
        let alert = post(
            &shop,
            "/api/alerts",
            json!({
                "name": "too <many>", "query_id": query["id"], "rearm": null,
                "options": {
                    "column": "n", "op": ">", "value": 2, "selector": "max",
                    "custom_subject": "S {{ALERT_NAME}} {{ALERT_STATUS}}",
                    "custom_body": "B {{QUERY_RESULT_VALUE}} {{ALERT_THRESHOLD}}",
                },
            }),
        );
        let hook = json!({
            "name": "hook", "type": "webhook",
            "options": { "url": receiver.url("/hook"), "username": "u", "password": "p" },
        });
        let hook = post(&shop, "/api/destinations", hook);
        let path = format!("/api/alerts/{}/subscriptions", alert["id"]);
        post(&shop, &path, json!({ "destination_id": hook["id"] }));
        Alarm { shop, receiver, query, alert }
    })
}

fn post(shop: &Shop, path: &str, body: Value) -> Value {
    shop.admin.post(path, &body).expect("answers").ok().expect("good")
}

impl Alarm {
    /// Gives the query another text and runs it.
    fn run(&self, text: &str) {
        let path = format!("/api/queries/{}", self.query["id"]);
        post(&self.shop, &path, json!({ "query": text }));
        self.run_with(json!({}));
    }

    fn run_with(&self, parameters: Value) {
        let path = format!("/api/queries/{}/results", self.query["id"]);
        let body = json!({ "max_age": 0, "parameters": parameters });
        let job = self.shop.admin.finish(&post(&self.shop, &path, body)).expect("ends");
        assert_eq!(job["job"]["status"], 3, "{job}");
    }

    fn path(&self) -> String {
        format!("/api/alerts/{}", self.alert["id"])
    }

    fn get(&self, path: &str) -> Value {
        self.shop.admin.get(path).expect("answers").ok().expect("good")
    }

    /// Waits until nothing is left to evaluate or to send, and gives the state.
    fn settled(&self, state: &str) {
        let end = SystemClock.now() + chrono::TimeDelta::seconds(60);
        while self.get(&self.path())["state"] != state {
            assert!(SystemClock.now() < end, "never {state}: {}", self.get(&self.path()));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

#[test]
fn a_triggered_alert_reaches_its_webhook_with_the_body_that_receivers_know() {
    for alarm in alarms() {
        alarm.run("select 1 as n union all select 5 union all select 3");
        let received = alarm.receiver.wait(|all| !all.is_empty()).expect("comes");
        let (first, alert) = (&received[0], alarm.get(&alarm.path()));
        assert_eq!((first.path.as_str(), first.header("authorization")), ("/hook", "Basic dTpw"));
        let job = first.body["metadata"]["Job ID"].clone();
        let hash = first.body["metadata"]["Query Hash"].clone();
        let wanted = json!({
            "event": "alert_state_change",
            "alert": {
                "id": alert["id"], "name": "too <many>", "options": alert["options"],
                "state": "triggered", "last_triggered_at": alert["last_triggered_at"],
                "updated_at": alert["updated_at"], "created_at": alert["created_at"],
                "rearm": null, "query_id": alarm.query["id"], "user_id": 1,
                "description": "B 5 2", "title": "S too &lt;many&gt; TRIGGERED",
            },
            "url_base": alarm.shop.server.url(),
            "metadata": {
                "Username": "admin@example.com", "query_id": alarm.query["id"].to_string(),
                "Queue": "queries", "Job ID": job, "Query Hash": hash, "Scheduled": false,
            },
        });
        assert_eq!(first.body, wanted);
        assert!(job.as_str().is_some_and(|job| job.len() == 36) && hash.as_str().is_some());
        let log = alarm.get(&format!("/v1/alerts/{}/deliveries", alert["id"]));
        assert_eq!((&log["total"], &log["data"][0]["attempts"]), (&json!(1), &json!(1)));
        assert_eq!(log["data"][0]["uid"], first.header("webhook-id"));
    }
}

#[test]
fn subscribers_are_told_of_changes_and_of_nothing_else() {
    for alarm in alarms() {
        alarm.run("select 1 as n");
        alarm.settled("ok");
        alarm.run("select 7 as n");
        alarm.settled("triggered");
        alarm.run("select 8 as n");
        post(&alarm.shop, &format!("{}/mute", alarm.path()), json!({}));
        alarm.run("select 1 as n");
        alarm.settled("ok");
        alarm.run("select null as n");
        alarm.settled("unknown");
        alarm.shop.admin.delete(&format!("{}/mute", alarm.path())).expect("answers");
        alarm.run("select 1 as other");
        alarm.run("select 9 as n where 1 = 0");
        alarm.run("select 9 as n");
        alarm.settled("triggered");
        let states = |all: &[tessera_testkit::receiver::Received]| -> Vec<Value> {
            all.iter().map(|one| one.body["alert"]["state"].clone()).collect()
        };
        let all = alarm.receiver.wait(|all| all.len() >= 2).expect("comes");
        assert_eq!(states(&all), ["triggered", "triggered"]);
        // Asked for, it is told in any case.
        post(&alarm.shop, &format!("{}/eval", alarm.path()), json!({}));
        let all = alarm.receiver.wait(|all| all.len() >= 3).expect("comes");
        assert_eq!((states(&all).len(), &all[2].body["metadata"]), (3, &json!({})));
    }
}

#[test]
fn a_receiver_that_fails_is_asked_again_with_the_same_identifier() {
    for alarm in alarms() {
        alarm.receiver.refuse(2);
        alarm.run("select 7 as n");
        let all = alarm.receiver.wait(|all| all.len() >= 3).expect("comes");
        let ids: Vec<&str> = all.iter().map(|one| one.header("webhook-id")).collect();
        assert!(ids.iter().all(|id| *id == ids[0] && !id.is_empty()), "{ids:?}");
    }
}

#[test]
fn an_alert_on_a_query_with_parameters_looks_at_its_own_values() {
    for alarm in alarms() {
        let path = format!("/api/queries/{}", alarm.query["id"]);
        let parameters = json!([{ "name": "n", "type": "number", "value": 1 }]);
        let change =
            json!({ "query": "select {{ n }} as n", "options": { "parameters": parameters } });
        post(&alarm.shop, &path, change);
        alarm.run_with(json!({ "n": 7 }));
        alarm.run_with(json!({ "n": 1 }));
        alarm.settled("ok");
        post(&alarm.shop, &alarm.path(), json!({ "parameters": { "n": 7 } }));
        alarm.run_with(json!({ "n": 1 }));
        alarm.run_with(json!({ "n": 7 }));
        alarm.settled("triggered");
        assert_eq!(alarm.receiver.wait(|all| !all.is_empty()).expect("comes").len(), 1);
    }
}

#[test]
fn secrets_of_destinations_are_masked_and_kept() {
    for alarm in alarms() {
        let (admin, list) = (&alarm.shop.admin, alarm.get("/api/destinations"));
        assert_eq!(list[0]["options"], Value::Null);
        let path = format!("/api/destinations/{}", list[0]["id"]);
        let masked = json!({ "url": "--------", "username": "u", "password": "--------" });
        assert_eq!(alarm.get(&path)["options"], masked);
        let change = json!({
            "name": "hook", "type": "webhook",
            "options": { "url": "--------", "username": "v", "password": "--------" },
        });
        post(&alarm.shop, &path, change);
        alarm.run("select 7 as n");
        let all = alarm.receiver.wait(|all| !all.is_empty()).expect("comes");
        assert_eq!(all[0].header("authorization"), "Basic djpw");
        let audit = admin.get("/v1/audit?limit=50").expect("answers").text();
        assert!(audit.contains("destinations.update") && !audit.contains("/hook"), "{audit}");
        let twin = json!({ "name": "hook", "type": "webhook", "options": { "url": "http://x" } });
        let taken = admin.post("/api/destinations", &twin).expect("answers");
        assert_eq!(taken.status, 400);
        assert_eq!(taken.json()["message"], "Alert Destination with the name hook already exists.");
        let v1 = format!("/v1/destinations/{}", list[0]["id"]);
        let kept = admin.request("PATCH", &v1, Some(&json!({ "options": { "username": "w" } })));
        let kept = kept.expect("answers").ok().expect("good");
        assert_eq!(kept["secrets"], json!(["password", "url"]));
        let tested = admin.post(&format!("{v1}/test"), &json!({})).expect("answers");
        assert_eq!(tested.status, 200, "{}", tested.text());
        let all = alarm.receiver.wait(|all| all.len() >= 2).expect("comes");
        assert_eq!(all[1].header("authorization"), "Basic dzpw");
    }
}

#[test]
fn only_owners_and_administrators_change_an_alert_and_whoever_sees_it_may_subscribe() {
    for alarm in alarms() {
        let (bob, _) = alarm.shop.user("bob").expect("made");
        let refused = bob.post(&alarm.path(), &json!({ "name": "z" })).expect("answers");
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json()["message"], "You don't have permission to edit this resource.");
        for (method, path) in [
            ("DELETE", alarm.path()),
            ("POST", format!("{}/mute", alarm.path())),
            ("POST", format!("{}/eval", alarm.path())),
            ("GET", format!("/v1/alerts/{}/deliveries", alarm.alert["id"])),
            ("GET", "/api/destinations/1".to_owned()),
            ("GET", "/api/destinations/types".to_owned()),
        ] {
            let body = (method != "GET").then(|| json!({}));
            let answer = bob.request(method, &path, body.as_ref()).expect("answers");
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        }
        let subscriptions = format!("{}/subscriptions", alarm.path());
        let mine = bob.post(&subscriptions, &json!({})).expect("answers").ok().expect("good");
        let theirs = &alarm.get(&subscriptions)[0]["id"];
        let end =
            |id: &Value| bob.delete(&format!("{subscriptions}/{id}")).expect("answers").status;
        assert_eq!((end(theirs), end(&mine["id"])), (403, 200));
        // Without the data source, the alert is closed.
        let group = format!("/api/groups/2/data_sources/{}", alarm.shop.sqlite);
        alarm.shop.admin.delete(&group).expect("answers");
        assert_eq!(bob.get(&alarm.path()).expect("answers").status, 403);
        assert_eq!(bob.get("/api/alerts").expect("answers").json(), json!([]));
    }
}

//! The data source of type `results`, as people use it.

use serde_json::{Value, json};
use tessera_e2e::Shop;

use crate::shops;

struct World {
    shop: Shop,
    source: i64,
}

impl World {
    fn of(shop: Shop) -> Self {
        let new = json!({ "name": "Query Results", "type": "results", "options": {} });
        let made = shop.admin.post("/api/data_sources", &new).expect("answers").ok().expect("made");
        let source = made["id"].as_i64().expect("an id");
        Self { shop, source }
    }

    fn query(&self, source: i64, text: &str) -> i64 {
        let made = self.shop.query(source, text, json!([])).expect("made");
        made["id"].as_i64().expect("an id")
    }

    fn ask(&self, text: &str) -> Result<Value, String> {
        let body = json!({ "query": text, "data_source_id": self.source, "max_age": 0 });
        let answer = self.shop.admin.post("/api/query_results", &body).expect("answers");
        let started = answer.ok().map_err(|error| error.to_string())?;
        let done = self.shop.admin.finish(&started).expect("ends");
        let Some(result) = done["job"]["query_result_id"].as_i64() else {
            return Err(done["job"]["error"].as_str().unwrap_or_default().to_owned());
        };
        let shown = self.shop.admin.get(&format!("/api/query_results/{result}")).expect("answers");
        Ok(shown.ok().expect("good")["query_result"]["data"].clone())
    }

    fn rows(&self, text: &str) -> Value {
        self.ask(text).unwrap_or_else(|error| panic!("{text}: {error}"))["rows"].clone()
    }
}

#[test]
fn results_of_two_data_sources_are_joined() {
    for shop in shops() {
        let world = World::of(shop);
        let one = world.query(
            world.shop.postgres,
            "select id as \"Order Id\", tenant, amount, note, amount > 6 as paid, date '2020-01-02' as day \
             from orders",
        );
        let other = world.query(world.shop.sqlite, "select id, note from orders");
        let text = format!(
            "SELECT A.order_id, sum(a.amount) AS Total, b.note, a.paid, day \
             FROM query_{one} A JOIN Query_{other} b ON a.ORDER_ID = b.id \
             WHERE tenant = 5 AND paid GROUP BY 1, 3, 4, 5 ORDER BY total DESC"
        );
        let data = world.ask(&text).expect("runs");
        assert_eq!(
            data["rows"],
            json!([{ "Order_Id": 2, "Total": 99.99, "note": "it's", "paid": 1, "day": "2020-01-02" }]),
        );
        let types: Vec<&Value> = data["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .map(|column| &column["type"])
            .collect();
        assert_eq!(types[..4], ["integer", "float", "string", "integer"]);
    }
}

#[test]
fn texts_of_sqlite_run() {
    let world = World::of(shops().next().expect("a shop"));
    let query = world.query(
        world.shop.sqlite,
        "select id, tenant, note, 1.5 * id as x, '2020-01-0' || id as d from orders",
    );
    for (text, expected) in [
        ("select count(*) c from query_N", json!([{ "c": 4 }])),
        ("select count(*) from query_N", json!([{ "count(*)": 4 }])),
        ("select max(id), min(id) from query_N", json!([{ "max(id)": 4, "min(id)": 1 }])),
        ("select [id] from query_N where `tenant` = 4", json!([{ "id": 1 }])),
        ("select id from query_N where note = \"it's\"", json!([{ "id": 2 }])),
        ("select id from query_N where note like 'IT%'", json!([{ "id": 2 }])),
        ("select id / 2 as h from query_N where id = 3", json!([{ "h": 1 }])),
        ("select 1 / 0 as n", json!([{ "n": null }])),
        ("select ifnull(note, '-') as n from query_N where id == 3", json!([{ "n": "-" }])),
        ("select group_concat(tenant) g from query_N where tenant = 5", json!([{ "g": "5,5" }])),
        ("select sum(tenant = 5) as n from query_N", json!([{ "n": 2 }])),
        ("select strftime('%Y-%m', d) as m from query_N where id = 1", json!([{ "m": "2020-01" }])),
        (
            "select date(d, '+1 month') as m from query_N where id = 1",
            json!([{ "m": "2020-02-01" }]),
        ),
        ("select cast(x as integer) as i from query_N where id = 2", json!([{ "i": 3 }])),
        (
            "select iif(id > 3, 'big', 'small') as s from query_N where id = 4",
            json!([{ "s": "big" }]),
        ),
        (
            "select substr(note, 1, 2) || '!' as s from query_N where id = 2",
            json!([{ "s": "it!" }]),
        ),
        (
            "select a.id from query_N a, cached_query_N b where a.id = b.id and b.id = 4",
            json!([{ "id": 4 }]),
        ),
        (
            "with t as (select tenant, count(*) as n from query_N group by tenant) \
          select n from t where tenant = 5",
            json!([{ "n": 2 }]),
        ),
        (
            "select tenant from query_N union select 7 order by 1 desc limit 1",
            json!([{ "tenant": 7 }]),
        ),
        ("select id from query_N where true order by id limit 1 offset 1", json!([{ "id": 2 }])),
    ] {
        world.rows(&format!("select 1 from query_{query}"));
        let text = text.replace("_N", &format!("_{query}"));
        assert_eq!(world.rows(&text), expected, "{text}");
    }
    let fault = world.ask(&format!("select nope from query_{query}")).expect_err("fails");
    assert!(fault.contains("nope"), "{fault}");
}

#[test]
fn a_cached_result_is_the_latest_and_no_older() {
    for shop in shops() {
        let world = World::of(shop);
        let query = world.query(world.shop.postgres, "select count(*) as n from orders");
        let text = format!("select n from cached_query_{query}");
        let fault = world.ask(&text).expect_err("not run yet");
        assert!(fault.to_lowercase().contains("cached"), "{fault}");
        let cached = |age: i64| {
            let body = json!({ "query": text, "data_source_id": world.source, "max_age": age });
            let started = world.shop.admin.post("/api/query_results", &body).expect("answers");
            let done = world.shop.admin.finish(&started.ok().expect("good")).expect("ends");
            match done["query_result"]["id"].as_i64() {
                Some(id) => (id, true),
                None => (done["job"]["query_result_id"].as_i64().expect("a result"), false),
            }
        };
        assert_eq!(world.rows(&format!("select n from query_{query}")), json!([{ "n": 4 }]));
        let (first, _) = cached(-1);
        assert_eq!(cached(-1), (first, true), "the same result beneath, the same result");
        // A new result beneath makes another one.
        world.rows(&format!("select n as again from query_{query}"));
        let (second, stored) = cached(-1);
        assert!(!stored && second != first);
    }
}

#[test]
fn nests_are_followed_and_circles_refused() {
    let world = World::of(shops().next().expect("a shop"));
    let base = world.query(world.shop.sqlite, "select id from orders");
    let mut last = base;
    for _ in 0..4 {
        last = world.query(world.source, &format!("select id + 1 as id from query_{last}"));
    }
    assert_eq!(world.rows(&format!("select min(id) as m from query_{last}")), json!([{ "m": 5 }]));
    for _ in 0..2 {
        last = world.query(world.source, &format!("select id from query_{last}"));
    }
    let fault = world.ask(&format!("select * from query_{last}")).expect_err("too deep");
    assert!(fault.contains("join_depth_max"), "{fault}");
    let body = json!({ "query": format!("select * from query_{last}") });
    let path = format!("/api/queries/{last}");
    world.shop.admin.post(&path, &body).expect("answers").ok().expect("saved");
    let fault = world.ask(&format!("select * from query_{last}")).expect_err("a circle");
    assert!(fault.contains("own result"), "{fault}");
}

#[test]
fn many_joins_of_one_worker_do_not_wait_for_each_other() {
    use tessera_e2e::{Engine, options};
    let options = options(Engine::Sqlite).expect("an engine").with("JOBS_WORKERS", "1");
    let world = World::of(Shop::open(options).expect("opens"));
    let base = world.query(world.shop.sqlite, "select id from orders");
    let started: Vec<Value> = (0..8)
        .map(|number| {
            let text = format!("select {number} as x, count(*) as n from query_{base}");
            let body = json!({ "query": text, "data_source_id": world.source, "max_age": 0 });
            world.shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good")
        })
        .collect();
    for job in started {
        let done = world.shop.admin.finish(&job).expect("ends");
        assert!(done["job"]["query_result_id"].is_i64(), "{done}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test looks at the real time")]
fn a_join_that_is_cancelled_stops_what_it_waits_for() {
    use tessera_e2e::{Engine, options};
    let options = options(Engine::Sqlite).expect("an engine").with("JOBS_WORKERS", "1");
    let world = World::of(Shop::open(options).expect("opens"));
    let slow = world.query(world.shop.postgres, "select pg_sleep(50) as s");
    let admin = &world.shop.admin;
    let text = format!("select * from query_{slow}");
    let body = json!({ "query": text, "data_source_id": world.source, "max_age": 0 });
    let started = admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
    let path = format!("/api/jobs/{}", started["job"]["id"].as_str().expect("a job"));
    loop {
        let job = admin.get(&path).expect("answers").ok().expect("good");
        if job["job"]["status"] == 2 {
            break;
        }
    }
    admin.delete(&path).expect("answers");
    let job = admin.finish(&started).expect("ends");
    assert_eq!(job["job"]["error"], "Query cancelled by user.");
    // The only worker is free again, long before the query beneath would have ended.
    let begun = chrono::Utc::now();
    assert_eq!(world.rows("select 1 as one"), json!([{ "one": 1 }]));
    assert!((chrono::Utc::now() - begun).num_seconds() < 30);
}

//! Requests and queries that ask for too much: they end with the name of the limit, and nobody else
//! is harmed.

#![expect(clippy::disallowed_methods, reason = "waiting for another process takes real time")]

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::postgres::Postgres;

/// The most memory that the server took so far, in MiB.
fn peak(shop: &Shop) -> u64 {
    let path = format!("/proc/{}/status", shop.server.pid());
    let status = std::fs::read_to_string(path).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a line");
    let kibibytes = line.split_whitespace().nth(1).expect("a number");
    kibibytes.parse::<u64>().expect("a number") / 1024
}

fn start(shop: &Shop, source: i64, text: &str) -> Value {
    let body = json!({ "query": text, "data_source_id": source, "max_age": 0 });
    shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good")
}

fn error_of(shop: &Shop, source: i64, text: &str) -> String {
    let ended = shop.admin.finish(&start(shop, source, text)).expect("ends");
    assert_eq!(ended["job"]["status"], 4, "{text}: {ended}");
    ended["job"]["error"].as_str().expect("words").to_owned()
}

/// Waits until the database works on no statement with this mark any more.
fn gone(mark: &str) {
    let end = Instant::now() + Duration::from_secs(5);
    let ask = format!(
        "select count(*) from pg_stat_activity where state = 'active' and query like '%{mark}%' \
         and query not like '%pg_stat_activity%'"
    );
    loop {
        let left = Postgres::shared().sql("postgres", &ask).expect("answers");
        if left.trim() == "0" {
            return;
        }
        assert!(Instant::now() < end, "the database is still at work on {mark}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn endless_rows_stop_at_the_limit_and_take_no_memory() {
    let options = options(Engine::Sqlite).expect("an engine").with("RESULTS_ROWS_MAX", "100000");
    let shop = Shop::open(options).expect("opens");
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    for (source, text) in [
        (shop.postgres, "select generate_series(1, 1000000000) as endless"),
        (shop.sqlite, endless),
    ] {
        let error = error_of(&shop, source, text);
        assert!(error.contains("results.rows_max"), "{error}");
    }
    gone("endless");
    assert!(peak(&shop) < 400, "{} MiB", peak(&shop));
}

#[test]
fn a_query_that_takes_too_long_ends_in_the_database_too() {
    let options = options(Engine::Sqlite).expect("an engine").with("RUNS_TIME_LIMIT_SECONDS", "1");
    let shop = Shop::open(options).expect("opens");
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) \
                   select count(*) from n where i < 0";
    for (source, text) in
        [(shop.postgres, "select pg_sleep(3600) as sleeper"), (shop.sqlite, endless)]
    {
        let error = error_of(&shop, source, text);
        assert_eq!(error, "Query exceeded Redash query execution time limit.");
    }
    gone("sleeper");
}

#[test]
fn a_cancelled_query_ends_in_the_database() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let started = start(&shop, shop.postgres, "select pg_sleep(3600) as cancelled_sleeper");
    let job = started["job"]["id"].as_str().expect("a job");
    let end = Instant::now() + Duration::from_secs(10);
    while shop.admin.get(&format!("/api/jobs/{job}")).expect("answers").json()["job"]["status"] != 2
    {
        assert!(Instant::now() < end, "the job does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    shop.admin.delete(&format!("/api/jobs/{job}")).expect("answers");
    let ended = shop.admin.finish(&started).expect("ends");
    assert!(ended["job"]["status"].as_i64() >= Some(4), "{ended}");
    gone("cancelled_sleeper");
}

#[test]
fn large_and_deep_and_odd_requests_are_refused_at_once() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let send = |path: &str, kind: &str, body: Vec<u8>, headers: &[(&str, &str)]| {
        shop.admin.send("POST", path, Some(kind), Some(body), headers).expect("answers").status
    };
    for path in ["/api/queries", "/v1/queries"] {
        let large = json!({ "name": "x".repeat(11 << 20) }).to_string().into_bytes();
        assert_eq!(send(path, "application/json", large, &[]), 413, "{path}");
        let deep = "[".repeat(200_000).into_bytes();
        let status = send(path, "application/json", deep, &[]);
        assert!((400..500).contains(&status), "{path}: {status}");
        // A body that grows when it is unpacked is not unpacked.
        let status =
            send(path, "application/json", vec![0x1f, 0x8b, 8, 0], &[("content-encoding", "gzip")]);
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    let long = format!("/api/queries?q={}", "x".repeat(60_000));
    let answer = shop.admin.get(&long).expect("answers");
    assert!(answer.status == 200 || (400..500).contains(&answer.status), "{}", answer.status);
    assert!(peak(&shop) < 400, "{} MiB", peak(&shop));
}

#[test]
fn slow_callers_do_not_hold_up_others() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let address = shop.server.url().trim_start_matches("http://").to_owned();
    let slow: Vec<TcpStream> = (0..500)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).expect("connects");
            stream.write_all(b"POST /api/queries HTTP/1.1\r\nhost: x\r\nx-a: ").expect("written");
            stream
        })
        .collect();
    for _ in 0..50 {
        assert_eq!(shop.admin.get("/api/session").expect("answers").status, 200);
    }
    drop(slow);
}

#[test]
fn many_runs_at_once_all_end() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    std::thread::scope(|scope| {
        for caller in 0..16 {
            let shop = &shop;
            scope.spawn(move || {
                for number in 0..20 {
                    let text = format!("select {caller} as c, {number} as n");
                    let ended = shop.admin.finish(&start(shop, shop.postgres, &text));
                    assert_eq!(ended.expect("ends")["job"]["status"], 3);
                }
            });
        }
    });
}

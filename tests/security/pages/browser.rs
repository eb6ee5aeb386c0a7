//! Pages: every answer has the headers that keep it in its place, and what people wrote stays text,
//! looked at with a real browser.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tessera_e2e::callers::World;

/// The paths of all routes that answer to GET, from the table that the suite of the matrix keeps.
fn readable() -> Vec<&'static str> {
    let table = include_str!("../matrix.md");
    let paths = table.lines().filter_map(|line| line.strip_prefix("| GET `")?.split('`').next());
    paths.collect()
}

#[test]
fn every_answer_says_how_it_may_be_used() {
    let world = World::open().expect("opens");
    let paths = readable();
    assert!(paths.len() > 100, "{paths:?}");
    for template in paths {
        let path = world.path(template);
        for name in ["nobody", "administrator"] {
            let answer = world.caller(name).get(&path).expect("answers");
            let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
            assert_eq!(header("x-content-type-options"), "nosniff", "{name} {path}");
            assert!(!header("referrer-policy").is_empty(), "{name} {path}");
            let policy = header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
                "{name} {path}: {policy}"
            );
            assert!(policy.contains("frame-ancestors"), "{name} {path}: {policy}");
            assert!(policy.contains("base-uri"), "{name} {path}: {policy}");
            assert!(
                !policy.contains("unsafe-eval") && !policy.contains('*'),
                "{name} {path}: {policy}"
            );
            let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
            assert!(
                !scripts.is_some_and(|part| part.contains("unsafe-inline")),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), None, "{name} {path}");
            if answer.text().contains("<html") {
                let cache = header("cache-control");
                assert!(
                    cache.contains("no-store") || cache.contains("no-cache"),
                    "{path}: {cache}"
                );
            }
        }
    }
}

/// What a browser makes of a page.
fn look(url: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let profile: PathBuf = folder.path().join("profile");
    let out = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=3000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--dump-dom", url])
        .output()
        .expect("chromium runs (dev/setup installs it)");
    assert!(out.status.success(), "{url}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn what_people_wrote_stays_text_in_a_browser() {
    let world = World::open().expect("opens");
    let admin = &world.shop.admin;
    let payload =
        "\"'><img src=x onerror=document.title='owned'><script>document.title='owned'</script>";
    let encoded = "%22%27%3E%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D%27owned%27%3E\
                   %3Cscript%3Edocument.title%3D%27owned%27%3C%2Fscript%3E";
    let query = json!({
        "name": payload, "description": payload, "query": "select 1 as one",
        "data_source_id": world.shop.sqlite, "options": { "parameters": [] },
    });
    let query = admin.post("/api/queries", &query).expect("answers").ok().expect("good");
    let board = admin.post("/api/dashboards", &json!({ "name": payload }));
    let board = board.expect("answers").ok().expect("good");
    let text = json!({ "dashboard_id": board["id"], "visualization_id": null, "text": payload, "width": 1, "options": {} });
    admin.post("/api/widgets", &text).expect("answers").ok().expect("good");
    let shared = admin.post(&format!("/api/dashboards/{}/share", board["id"]), &json!({}));
    let shared = shared.expect("answers").ok().expect("good");
    let public = shared["public_url"].as_str().expect("a link");
    let chart = &query["visualizations"][0]["id"];
    let key = query["api_key"].as_str().expect("a key");
    let invited = json!({ "name": payload, "email": "invited@example.com" });
    let invited = admin.post("/api/users", &invited).expect("answers").ok().expect("good");
    let base = world.shop.server.url();
    for url in [
        public.to_owned(),
        format!("{base}/embed/query/{}/visualization/{chart}?api_key={key}", query["id"]),
        invited["invite_link"].as_str().expect("a link").to_owned(),
        format!("{base}/login?next={encoded}"),
        format!("{base}/login?error={encoded}"),
        format!("{base}/nosuchpage/{encoded}"),
        format!("{base}/invite/{encoded}"),
        format!("{base}/reset/{encoded}"),
        format!("{base}/verify/{encoded}"),
        format!("{base}/setup?setup_token={encoded}"),
        format!("{base}/queries/{encoded}"),
        format!("{base}/"),
    ] {
        let page = look(&url);
        assert!(page.contains("<title>") && page.len() > 200, "{url}: {page}");
        assert!(!page.contains("<title>owned"), "{url}: {page}");
        assert!(!page.contains("<img src=\"x\"") && !page.contains("<img src=x"), "{url}: {page}");
        assert!(!page.contains("<script>document"), "{url}: {page}");
    }
}

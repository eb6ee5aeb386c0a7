//! An import that is killed makes everything once, and brings what belongs to each object, when it
//! is started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::server::{Options, Server, binary};

/// Longest wait for a request that is to be held.
const WAIT: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Held {
    /// What the path of the request has in it that is not answered.
    part: Option<&'static str>,
    came: bool,
}

/// Stands in front of a server, and can leave a request without an answer.
struct Front {
    address: SocketAddr,
    held: Arc<(Mutex<Held>, Condvar)>,
}

impl Front {
    fn of(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let behind = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let held: Arc<(Mutex<Held>, Condvar)> = Arc::default();
        let kept = Arc::clone(&held);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::io::Result::ok) {
                let (behind, held) = (behind.clone(), Arc::clone(&kept));
                // Who is killed meanwhile needs no answer.
                std::thread::spawn(move || drop(pass(stream, &behind, &held)));
            }
        });
        Self { address, held }
    }

    fn hold(&self, part: Option<&'static str>) {
        *self.held.0.lock().expect("not poisoned") = Held { part, came: false };
    }

    /// Waits until the request came that is held.
    fn wait(&self) {
        let held = self.held.0.lock().expect("not poisoned");
        let (held, _) =
            self.held.1.wait_timeout_while(held, WAIT, |held| !held.came).expect("not poisoned");
        assert!(held.came, "{:?} was never asked", held.part);
    }
}

fn pass(stream: TcpStream, behind: &str, held: &(Mutex<Held>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let path = head.split(' ').nth(1).unwrap_or_default();
    let stays = {
        let mut state = held.0.lock().expect("not poisoned");
        let stays = state.part.is_some_and(|part| path.contains(part));
        state.came |= stays;
        stays
    };
    if stays {
        held.1.notify_all();
        // Until the caller is gone.
        return reader.read_to_end(&mut Vec::new()).map(drop);
    }
    let mut upstream = TcpStream::connect(behind)?;
    let is_kept =
        |line: &&str| !line.is_empty() && !line.to_ascii_lowercase().starts_with("connection:");
    let request: Vec<&str> = head.lines().filter(is_kept).collect();
    let request = format!("{}\r\nConnection: close\r\n\r\n", request.join("\r\n"));
    upstream.write_all(request.as_bytes())?;
    std::io::copy(&mut upstream, &mut &stream).map(drop)
}

fn tessera(data: &Path, database: Option<&str>, arguments: &[&str]) -> Child {
    let mut command = Command::new(binary().expect("built"));
    command.args(arguments).arg("--data").arg(data).current_dir(data);
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("runs")
}

/// What the other server has.
fn furnish(shop: &Shop) {
    let good = |path: &str, body: Value| {
        shop.admin.post(path, &body).expect("answers").ok().expect("good")
    };
    let (_, bob) = shop.user("bob").expect("made");
    let (_, carol) = shop.user("carol").expect("made");
    good(&format!("/api/users/{carol}/disable"), json!({}));
    let group = good("/api/groups", json!({ "name": "Analysts" }));
    good(&format!("/api/groups/{}/members", group["id"]), json!({ "user_id": bob }));
    let values = shop.query(shop.sqlite, "select 'a' as v", json!([])).expect("made");
    let parameters = json!([
        { "name": "v", "title": "V", "type": "query", "queryId": values["id"], "value": "a" }
    ]);
    let query = shop.query(shop.sqlite, "select {{ v }} as v", parameters).expect("made");
    for object in [&values, &query] {
        let acl = format!("/api/queries/{}/acl", object["id"]);
        good(&acl, json!({ "access_type": "modify", "user_id": bob }));
    }
    let board = good("/api/dashboards", json!({ "name": "Board" }));
    for text in ["one", "two"] {
        let widget = json!({
            "dashboard_id": board["id"], "visualization_id": query["visualizations"][0]["id"],
            "text": text, "width": 1, "options": {},
        });
        good("/api/widgets", widget);
    }
    good(&format!("/api/dashboards/{}", board["id"]), json!({ "is_draft": false }));
    let acl = format!("/api/dashboards/{}/acl", board["id"]);
    good(&acl, json!({ "access_type": "modify", "user_id": bob }));
    good(&format!("/api/dashboards/{}/share", board["id"]), json!({}));
    let snippet = json!({ "trigger": "top", "description": "", "snippet": "limit 10" });
    good("/api/query_snippets", snippet);
    let hook =
        json!({ "name": "Hook", "type": "webhook", "options": { "url": "https://a.example" } });
    let hook = good("/api/destinations", hook);
    for name in ["First", "Second"] {
        let alert = good(
            "/api/alerts",
            json!({
                "name": name, "query_id": query["id"], "rearm": 60,
                "options": { "column": "v", "op": "==", "value": "a" },
            }),
        );
        let told = format!("/api/alerts/{}/subscriptions", alert["id"]);
        good(&told, json!({ "destination_id": hook["id"] }));
    }
}

#[test]
fn an_import_that_is_killed_at_any_moment_makes_everything_once() {
    for engine in ENGINES {
        let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
        furnish(&shop);
        let front = Front::of(shop.server.url());
        let here = options(engine).expect("an engine");
        let database = here.database_url.clone();
        let database = database.as_deref();
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path();
        let root = ["users", "create-root", "root@new.example.com", "--name", "Root"];
        let mut child = tessera(data, database, &root);
        let mut input = child.stdin.take().expect("piped");
        input.write_all(b"correct horse battery\n").expect("written");
        drop(input);
        assert!(child.wait().expect("ends").success());
        let url = format!("http://{}", front.address);
        let import = ["import", "redash", "--url", &url, "--api-key", shop.admin.key(), "--json"];
        // In the middle of each kind: some are made, of some not all is here that belongs to them.
        for part in [
            "/api/users/2",
            "/api/data_sources/2",
            "/api/queries/1/acl",
            "/api/queries/2/acl",
            "/api/dashboards/1/acl",
            "/api/destinations/1",
            "/api/alerts/2/subscriptions",
        ] {
            front.hold(Some(part));
            let mut child = tessera(data, database, &import);
            front.wait();
            child.kill().expect("killed");
            child.wait().expect("ends");
        }
        front.hold(None);
        let done = tessera(data, database, &import).wait_with_output().expect("ends");
        assert!(done.status.success());
        let report: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(report["skipped"], json!([]), "{report}");

        let server =
            Server::start(Options { data: Some(data.to_owned()), ..here }).expect("starts");
        let new = server.anonymous().with_key(shop.admin.key());
        let read = |path: &str| new.get(path).expect("answers").ok().expect("good");
        let there = |path: &str| shop.admin.get(path).expect("answers").ok().expect("good");
        for path in ["/api/queries", "/api/dashboards"] {
            assert_eq!(read(path)["count"], there(path)["count"], "{path}");
        }
        for path in ["/api/data_sources", "/api/query_snippets", "/api/destinations", "/api/alerts"]
        {
            let count = |list: Value| list.as_array().map(Vec::len);
            assert_eq!(count(read(path)), count(there(path)), "{path}");
        }
        for id in [1, 2] {
            let path = format!("/api/queries/{id}");
            let (here, before) = (read(&path), there(&path));
            for member in ["query", "options", "api_key"] {
                assert_eq!(here[member], before[member], "{path} {member}");
            }
            assert_eq!(here["visualizations"].as_array().map(Vec::len), Some(1), "{here}");
            let editors = read(&format!("{path}/acl"));
            assert_eq!(editors["modify"][0]["email"], "bob@example.com", "{editors}");
            let path = format!("/api/alerts/{id}/subscriptions");
            let (told, before) = (read(&path), there(&path));
            assert_eq!(told.as_array().map(Vec::len), before.as_array().map(Vec::len), "{told}");
        }
        let (here, before) = (read("/api/dashboards/1"), there("/api/dashboards/1"));
        assert_eq!(here["api_key"], before["api_key"], "the public link");
        assert_eq!(here["widgets"].as_array().map(Vec::len), Some(2), "{here}");
        assert_eq!(read("/api/dashboards/1/acl")["modify"][0]["email"], "bob@example.com");
        let disabled = read("/api/users?disabled=true");
        assert_eq!(disabled["results"][0]["email"], "carol@example.com", "{disabled}");
        assert_eq!(read("/api/users")["count"], json!(3), "root, the administrator there, and bob");
        let groups = read("/api/groups");
        let analysts = |group: &&Value| group["name"] == "Analysts";
        assert_eq!(groups.as_array().expect("a list").iter().filter(analysts).count(), 1);
    }
}

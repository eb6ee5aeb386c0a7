//! A header in which a proxy tells who calls.

use tessera_e2e::{Engine, options};
use tessera_testkit::server::Server;

use crate::browser::Browser;

fn login(server: &Server, browser: &Browser, user: &[&str]) -> (u16, Option<String>) {
    let headers: Vec<(&str, &str)> = user.iter().map(|user| ("x-remote-user", *user)).collect();
    let path = "/remote_user/login?next=https://evil.test/queries";
    let answer = browser.client.send("GET", path, None, None, &headers).expect("answers");
    assert!(answer.status < 500, "{}", server.log());
    (answer.status, answer.header("location").map(str::to_owned))
}

#[test]
fn the_word_of_a_trusted_proxy_signs_in_and_that_of_anybody_else_does_not() {
    let with = |proxies: &str| {
        let options = options(Engine::Sqlite).expect("an engine");
        let options = options.with("SIGNIN_REMOTE_USER_HEADER", "X-Remote-User");
        Server::set_up(options.with("SERVER_TRUSTED_PROXIES", proxies)).expect("starts").0
    };
    let server = with("[\"127.0.0.1\"]");
    let browser = Browser::new(&server);
    let done = login(&server, &browser, &["Ada@Example.com"]);
    assert_eq!(done, (302, Some("/queries".to_owned())), "to a path of this server only");
    assert_eq!(browser.email().expect("answers").as_deref(), Some("ada@example.com"));
    // An account that was there before is taken over only where that is allowed.
    let browser = Browser::new(&server);
    assert_eq!(login(&server, &browser, &["admin@example.com"]).0, 403);
    for odd in [&[][..], &[""], &["ada@example.com", "admin@example.com"]] {
        let browser = Browser::new(&server);
        assert_eq!(login(&server, &browser, odd).0, 403);
        assert_eq!(browser.email().expect("answers"), None);
    }
    // From a peer that is no trusted proxy, also if it says it came through one.
    let server = with("[\"10.0.0.0/8\"]");
    let browser = Browser::new(&server);
    assert_eq!(login(&server, &browser, &["ada@example.com"]).0, 403);
    let headers = [("x-remote-user", "ada@example.com"), ("x-forwarded-for", "10.0.0.1")];
    let answer = browser.client.send("GET", "/remote_user/login", None, None, &headers);
    assert_eq!(answer.expect("answers").status, 403);
    assert_eq!(browser.email().expect("answers"), None);
}

#[test]
fn without_the_setting_there_is_no_such_page() {
    let options = options(Engine::Sqlite).expect("an engine");
    let options = options.with("SERVER_TRUSTED_PROXIES", "[\"127.0.0.1\"]");
    let (server, _) = Server::set_up(options).expect("starts");
    let browser = Browser::new(&server);
    assert_eq!(login(&server, &browser, &["ada@example.com"]).0, 404);
    let page = browser.get("/login").expect("answers").text();
    assert!(!page.contains("remote_user") && !page.contains("oauth"), "{page}");
}

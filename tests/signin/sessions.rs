//! Lists of sessions, and their end.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, options};
use tessera_testkit::server::Server;

use crate::browser::{Browser, person};

const PASSWORD: &str = "a long enough one";

fn list(browser: &Browser) -> Vec<Value> {
    let page = browser.get("/v1/sessions").expect("answers").ok().expect("good");
    page["data"].as_array().expect("a list").clone()
}

#[test]
fn people_see_and_end_their_sessions_and_administrators_those_of_others() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        let ada = person(&server, &admin, "ada", PASSWORD).expect("added");
        person(&server, &admin, "bob", PASSWORD).expect("added");
        let open = |email: &str| {
            let mut browser = Browser::new(&server);
            browser.sign_in(email, PASSWORD).expect("answers");
            browser
        };
        let (one, two, three) =
            (open("ada@example.com"), open("ada@example.com"), open("ada@example.com"));
        let bob = open("bob@example.com");
        // The one of the invitation is there as well.
        let all = list(&one);
        assert_eq!(all.len(), 4, "{all:?}");
        let current: Vec<&Value> = all.iter().filter(|one| one["is_current"] == true).collect();
        assert_eq!((current.len(), &current[0]["method"]), (1, &json!("password")));
        assert_eq!(current[0]["address"], "127.0.0.1");
        assert!(current[0]["client"].as_str().is_some_and(|client| client.contains("ureq")));
        let own_of_two = list(&two).into_iter().find(|one| one["is_current"] == true);
        let path =
            format!("/v1/sessions/{}", own_of_two.expect("one")["uid"].as_str().expect("uid"));
        assert_eq!(bob.change("DELETE", &path, &json!({})).expect("answers").status, 404);
        assert_eq!(one.change("DELETE", &path, &json!({})).expect("answers").status, 204);
        assert_eq!(two.email().expect("answers"), None, "at once");
        assert!(three.email().expect("answers").is_some());
        let ended = one.change("DELETE", "/v1/sessions", &json!({})).expect("answers");
        assert_eq!(ended.ok().expect("ended")["ended"], 2);
        assert_eq!((three.email().expect("answers"), list(&one).len()), (None, 1));

        let path = format!("/v1/users/{ada}/sessions");
        assert_eq!(bob.get(&path).expect("answers").status, 403);
        assert_eq!(bob.change("DELETE", &path, &json!({})).expect("answers").status, 403);
        let seen = admin.get(&path).expect("answers").ok().expect("good");
        let uid = seen["data"][0]["uid"].as_str().expect("uid").to_owned();
        assert!(!seen.to_string().contains("digest") && !seen.to_string().contains("token"));
        let path = format!("{path}/{uid}");
        assert_eq!(admin.delete(&path).expect("answers").status, 204);
        assert_eq!(one.email().expect("answers"), None);
        assert!(bob.email().expect("answers").is_some());
    }
}

#[test]
fn a_new_password_or_address_ends_all_other_sessions() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        person(&server, &admin, "ada", PASSWORD).expect("added");
        for change in [
            json!({ "email": "ada@example.org" }),
            json!({ "password": "another long one", "old_password": PASSWORD, "email": "ada@example.com" }),
        ] {
            let email = admin.get("/v1/users?q=ada@").expect("answers").json();
            let email = email["data"][0]["email"].as_str().expect("an address").to_owned();
            let (mut own, mut other) = (Browser::new(&server), Browser::new(&server));
            own.sign_in(&email, PASSWORD).expect("answers");
            other.sign_in(&email, PASSWORD).expect("answers");
            own.change("PATCH", "/v1/users/self", &change).expect("answers").ok().expect("changed");
            assert_eq!(other.email().expect("answers"), None, "{change}");
            assert!(own.email().expect("answers").is_some(), "{change}");
        }
    }
}

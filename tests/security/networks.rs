//! Whose word about the caller's address is believed.

use serde_json::json;
use tessera_testkit::server::{Options, Server};

/// Tries to sign in with a wrong password and these headers; whether the address has tries left.
fn has_tries(server: &Server, headers: &[(&str, &str)]) -> bool {
    let body = json!({ "email": "admin@example.com", "password": "wrong password" });
    let answer = server
        .anonymous()
        .send(
            "POST",
            "/v1/session",
            Some("application/json"),
            Some(body.to_string().into()),
            headers,
        )
        .expect("answers");
    match answer.status {
        401 => true,
        429 => false,
        status => panic!("{status}: {}", answer.text()),
    }
}

fn server(trusted: &str) -> Server {
    let options = Options::default()
        .with("LIMITS_LOGIN_ATTEMPTS_PER_HOUR", "2")
        .with("SERVER_TRUSTED_PROXIES", trusted);
    Server::start(options).expect("starts")
}

#[test]
fn no_header_of_an_untrusted_peer_changes_whose_tries_are_counted() {
    let server = server("[]");
    server.do_setup().expect("set up");
    // The setup signed in once.
    assert!(has_tries(&server, &[]));
    for headers in [
        vec![],
        vec![("x-forwarded-for", "203.0.113.1")],
        vec![("x-forwarded-for", "203.0.113.2, 203.0.113.3")],
        vec![("x-real-ip", "203.0.113.4")],
        vec![("forwarded", "for=203.0.113.5")],
        vec![("x-forwarded-for", "::ffff:203.0.113.6"), ("x-forwarded-for", "203.0.113.7")],
        vec![("x-client-ip", "203.0.113.8"), ("true-client-ip", "203.0.113.9")],
        vec![("x-forwarded-for", "unknown")],
        vec![("x-forwarded-for", "")],
    ] {
        assert!(!has_tries(&server, &headers), "{headers:?}");
    }
}

#[test]
fn behind_a_trusted_proxy_the_rightmost_foreign_address_counts() {
    let server = server("[\"127.0.0.1\", \"10.0.0.0/8\"]");
    for (headers, address) in [
        (vec![("x-forwarded-for", "203.0.113.1")], "203.0.113.1"),
        (vec![("x-forwarded-for", "6.6.6.6, 203.0.113.2")], "203.0.113.2"),
        (vec![("x-forwarded-for", "6.6.6.6, 203.0.113.3, 10.0.0.7")], "203.0.113.3"),
        (vec![("x-forwarded-for", "[2001:db8::1]:443")], "2001:db8::1"),
        (vec![("x-forwarded-for", "203.0.113.4:5000")], "203.0.113.4"),
    ] {
        assert!(has_tries(&server, &headers), "{address}");
        assert!(has_tries(&server, &headers), "{address}");
        assert!(!has_tries(&server, &headers), "{address}");
        // What the caller itself wrote on the left does not give it more tries.
        let forged = format!("198.51.100.9, {address}");
        assert!(!has_tries(&server, &[("x-forwarded-for", &forged)]), "{address}");
    }
    let mapped = [("x-forwarded-for", "::ffff:203.0.113.1")];
    assert!(!has_tries(&server, &mapped), "an address mapped into v6 is the same one");
}

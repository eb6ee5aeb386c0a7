//! What people get by mail, through a real mail server.

use std::process::Command;

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, options};
use tessera_testkit::client::Client;
use tessera_testkit::server::{Options, Server, binary};
use tessera_testkit::smtp::{SMTP_PASSWORD, Smtp};

const PASSWORD: &str = "a long enough one";
const BASE: &str = "http://tessera.test";

/// The settings for a mail server that wants encryption and a password.
fn mailing(options: Options, smtp: &Smtp) -> Options {
    options
        .with("SERVER_BASE_URL", BASE)
        .with("MAIL_HOST", "localhost")
        .with("MAIL_PORT", &smtp.port().to_string())
        .with("MAIL_FROM", "Tessera <tessera@example.com>")
        .with("MAIL_USERNAME", "tessera")
        .with("MAIL_PASSWORD", SMTP_PASSWORD)
        .with("MAIL_CA_FILE", &smtp.certificate().display().to_string())
}

/// The next mail, and the path that its link leads to.
fn link(smtp: &Smtp, page: &str) -> (Value, String) {
    let mail = smtp.next().expect("a mail");
    // Long lines are broken as RFC 2045 says.
    let text = mail["data"].as_str().expect("text").replace("=\r\n", "");
    let at = text.find(&format!("{BASE}/{page}/")).unwrap_or_else(|| panic!("no link in {text}"));
    let path: String =
        text[at + BASE.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '/').collect();
    (mail, path)
}

fn form(client: &Client, path: &str, fields: &str) -> (u16, String) {
    let kind = Some("application/x-www-form-urlencoded");
    let body = Some(fields.as_bytes().to_vec());
    let answer = client.send("POST", path, kind, body, &[]).expect("answers");
    (answer.status, answer.text())
}

#[test]
fn invitations_resets_and_proofs_of_addresses_come_by_mail() {
    for engine in ENGINES {
        let smtp = Smtp::start("starttls").expect("a mail server");
        let settings = mailing(options(engine).expect("an engine"), &smtp);
        let (server, admin) = Server::set_up(settings).expect("starts");
        let anybody = server.anonymous();
        // Invited by a client of Redash: the link is in the mail only.
        let body = json!({ "name": "Bob", "email": "bob@example.com" });
        let made = admin.post("/api/users", &body).expect("answers").ok().expect("made");
        assert_eq!(made.get("invite_link"), None);
        let (mail, path) = link(&smtp, "invite");
        assert_eq!(mail["to"], json!(["bob@example.com"]));
        assert_eq!((&mail["encrypted"], &mail["user"]), (&json!(true), &json!("tessera")));
        assert_eq!(form(&anybody, &path, "password=a+long+enough+one").0, 302);
        let bob = server.sign_in("bob@example.com", PASSWORD).expect("signs in");
        // With no_invite, the administrator carries it.
        let body = json!({ "name": "Carol", "email": "carol@example.com" });
        let made = admin.post("/api/users?no_invite", &body).expect("answers").ok().expect("made");
        assert!(made["invite_link"].as_str().is_some_and(|link| link.starts_with(BASE)));
        // Forgotten: the same answer for everybody, a mail only for those who are there.
        let (_, known) = form(&anybody, "/forgot", "email=bob%40example.com");
        let (_, unknown) = form(&anybody, "/forgot", "email=nobody%40example.com");
        assert_eq!(known, unknown);
        let (mail, path) = link(&smtp, "reset");
        assert_eq!(mail["to"], json!(["bob@example.com"]));
        assert_eq!(form(&anybody, &path, "password=another+long+one").0, 302);
        let bob_id = bob.get("/api/session").expect("answers").json()["user"]["id"].clone();
        // A new address is to be proved.
        let path = format!("/api/users/{bob_id}");
        let body = json!({ "email": "bob2@example.com" });
        let changed = admin.post(&path, &body).expect("answers").ok().expect("changed");
        assert_eq!(changed["is_email_verified"], false);
        let (mail, verify) = link(&smtp, "verify");
        assert_eq!(mail["to"], json!(["bob2@example.com"]));
        let bob = server.sign_in("bob2@example.com", "another long one").expect("signs in");
        let messages = || bob.get("/api/session").expect("answers").json()["messages"].clone();
        assert_eq!(messages(), json!(["email-not-verified"]));
        assert_eq!(anybody.get(&verify).expect("answers").status, 200);
        assert_eq!(messages(), json!(["email-not-verified"]), "looking changes nothing");
        assert_eq!(form(&anybody, &verify, "").0, 200);
        assert_eq!(messages(), json!([]));
        assert_eq!(form(&anybody, &verify, "").0, 400, "used");
        // /v1 does the same.
        let body = json!({ "email": "bob2@example.com" });
        assert_eq!(anybody.post("/v1/password-resets", &body).expect("answers").status, 204);
        let (_, path) = link(&smtp, "reset");
        let token = path.trim_start_matches("/reset/");
        let body = json!({ "token": token, "password": PASSWORD });
        assert_eq!(anybody.post("/v1/password-resets/accept", &body).expect("answers").status, 201);
        let body = json!({ "name": "Dan", "email": "dan@example.com" });
        let made = admin.post("/v1/users", &body).expect("answers").ok().expect("made");
        assert_eq!(made["invitation"]["is_mailed"], true);
        link(&smtp, "invite");
        let body = json!({ "to": "ops@example.com" });
        assert_eq!(admin.post("/v1/system/mails/test", &body).expect("answers").status, 204);
        assert_eq!(smtp.next().expect("a mail")["to"], json!(["ops@example.com"]));
        let sent = admin.get("/v1/system/mails?state=sent").expect("answers").ok().expect("read");
        let kinds: Vec<_> =
            sent["data"].as_array().expect("a list").iter().map(|mail| &mail["kind"]).collect();
        assert!(kinds.contains(&&json!("verification")) && !sent.to_string().contains("/reset/"));
        assert!(smtp.waiting().is_empty());
    }
}

#[test]
fn a_mail_server_that_is_down_keeps_nobody_waiting_and_is_seen_by_doctor() {
    let smtp = Smtp::start("starttls").expect("a mail server");
    let base = options(tessera_e2e::Engine::Sqlite).expect("an engine");
    let settings = mailing(base, &smtp).with("MAIL_PORT", "1");
    let (server, admin) = Server::set_up(settings).expect("starts");
    let body = json!({ "name": "Bob", "email": "bob@example.com" });
    let made = admin.post("/v1/users", &body).expect("answers").ok().expect("made");
    assert_eq!(made["invitation"]["is_mailed"], true);
    let body = json!({ "to": "ops@example.com" });
    let refused = admin.post("/v1/system/mails/test", &body).expect("answers");
    assert_eq!(refused.status, 503, "{}", refused.text());
    let waiting = admin.get("/v1/system/mails?state=queued").expect("answers").ok().expect("read");
    assert_eq!(waiting["data"][0]["kind"], "invitation");
    let nobody = server.anonymous().get("/v1/system/mails").expect("answers");
    assert_eq!(nobody.status, 401);
}

#[test]
fn without_a_mail_server_links_are_carried_by_administrators() {
    let (server, admin) =
        Server::set_up(options(tessera_e2e::Engine::Sqlite).expect("an engine")).expect("starts");
    let body = json!({ "name": "Bob", "email": "bob@example.com" });
    let made = admin.post("/api/users", &body).expect("answers").ok().expect("made");
    assert!(made["invite_link"].as_str().is_some());
    let (status, page) = form(&server.anonymous(), "/forgot", "email=bob%40example.com");
    assert!(status == 200 && page.contains("Ask an administrator"), "{page}");
}

#[test]
fn doctor_and_a_test_mail_say_whether_mail_works() {
    let smtp = Smtp::start("implicit").expect("a mail server");
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str], port: u16| {
        let out = Command::new(binary().expect("the binary"))
            .args(arguments)
            .args(["--json", "--data"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .envs(mailing(Options::default(), &smtp).with("MAIL_TLS", "implicit").settings)
            .env("TESSERA_MAIL_PORT", port.to_string())
            .output()
            .expect("runs");
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let mail_of = |text: &str| {
        let findings: Vec<Value> = serde_json::from_str(text).expect("JSON");
        findings.into_iter().find(|one| one["what"] == "mail").expect("a line about mail")
    };
    let (_, found) = run(&["doctor"], smtp.port());
    assert_eq!(mail_of(&found)["state"], "ok", "{found}");
    let (_, found) = run(&["doctor"], 1);
    assert_eq!(mail_of(&found)["state"], "FAILED", "{found}");
    let (good, said) = run(&["mail", "test", "ops@example.com"], smtp.port());
    assert!(good && said.contains("ops@example.com"), "{said}");
    assert_eq!(smtp.next().expect("a mail")["to"], json!(["ops@example.com"]));
    let (good, _) = run(&["mail", "test", "refused@example.com"], smtp.port());
    assert!(!good);
}

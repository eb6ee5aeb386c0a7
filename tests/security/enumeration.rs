//! Nobody learns from an answer, or from how long it takes, whether a key exists.
#![expect(clippy::disallowed_methods, reason = "it measures how long answers take")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::callers::World;
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};

/// Asks of each kind. Enough for a median that does not wander.
const ASKS: usize = 300;

/// The answer without what differs between any two requests.
fn told(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut body = answer.json();
    body["instance"] = Value::Null;
    let own = ["date", "x-request-id", "content-length"];
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !own.contains(&name.as_str()));
    for (_, value) in headers.iter_mut().filter(|(name, _)| name == "set-cookie") {
        let name = value.split('=').next().unwrap_or_default().to_owned();
        *value = name;
    }
    (answer.status, body, headers)
}

/// Another secret for the same identifier, with a checksum that fits.
fn wrong_secret(text: &str) -> String {
    let (signed, _) = text.rsplit_once('_').expect("a checksum");
    let mut signed = signed.to_owned();
    let last = if signed.ends_with('x') { "y" } else { "x" };
    signed.replace_range(signed.len() - 1.., last);
    with_checksum(&signed)
}

fn with_checksum(signed: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = !0_u32;
    for byte in signed.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{signed}_{}", String::from_utf8_lossy(&out))
}

/// Texts that all prove nothing, for different reasons.
fn wrong_keys(world: &World) -> Vec<(&'static str, String)> {
    let admin = &world.shop.admin;
    let make = |name: &str| {
        let made = admin.post("/v1/keys", &json!({ "name": name })).expect("answers");
        let made = made.ok().expect("good");
        let text = made["secret"].as_str().expect("a text").to_owned();
        (made["key"]["id"].clone(), text)
    };
    let (_, known) = make("known");
    let (off, disabled) = make("disabled");
    admin
        .request("PUT", &format!("/v1/keys/{off}/disabled"), None)
        .expect("answers")
        .ok()
        .expect("good");
    let (gone, revoked) = make("revoked");
    admin.delete(&format!("/v1/keys/{gone}")).expect("answers").ok().expect("good");
    vec![
        ("unknown id", with_checksum(&format!("tsr_usr_{}", "Z".repeat(44)))),
        ("wrong secret", wrong_secret(&known)),
        ("disabled, wrong secret", wrong_secret(&disabled)),
        ("revoked, wrong secret", wrong_secret(&revoked)),
        ("revoked, right secret", revoked),
        ("unknown plain key", "a".repeat(40)),
        ("unknown uuid", "01234567-89ab-cdef-0123-456789abcdef".to_owned()),
        ("bad checksum", other_end(&known)),
        ("no key at all", "nosuchkey".to_owned()),
    ]
}

/// The text with another letter at its end.
fn other_end(text: &str) -> String {
    let (start, last) = text.split_at(text.len() - 1);
    format!("{start}{}", if last == "x" { 'y' } else { 'x' })
}

#[test]
fn whatever_is_wrong_with_a_key_the_answer_is_the_same() {
    let world = World::open().expect("opens");
    for path in ["/v1/session", "/v1/queries/1", "/api/session", "/api/queries/1"] {
        let ask = |key: &str| {
            told(&world.shop.server.anonymous().with_key(key).get(path).expect("answers"))
        };
        let keys = wrong_keys(&world);
        let expected = ask(&keys[0].1);
        assert!(expected.0 == 401 || expected.0 == 404, "{path}: {}", expected.0);
        for (why, key) in &keys {
            assert_eq!(ask(key), expected, "{path}: {why}");
        }
    }
}

/// The middle of the times of many requests with texts of one kind, each text used once so that no
/// answer is remembered.
fn median(client: &Client, mut texts: impl FnMut(usize) -> String, round: usize) -> Vec<Duration> {
    (0..ASKS)
        .map(|number| {
            let client = client.with_key(&texts(round * ASKS + number));
            let begun = Instant::now();
            let answer = client.get("/v1/session").expect("answers");
            let took = begun.elapsed();
            assert_eq!(answer.status, 401);
            took
        })
        .collect()
}

#[test]
fn how_long_it_takes_does_not_tell_which_identifiers_exist() {
    // So many wrong keys would be refused unread.
    let options = options(Engine::Sqlite).expect("an engine");
    let shop = Shop::open(options.with("LIMITS_FAILED_KEYS_PER_MINUTE", "0")).expect("opens");
    let admin = &shop.admin;
    let made = admin.post("/v1/keys", &json!({ "name": "known" })).expect("answers").ok();
    let text = made.expect("good")["secret"].as_str().expect("a text").to_owned();
    let (signed, _) = text.rsplit_once('_').expect("a checksum");
    let known = &signed[..signed.len() - 32];
    let secret = |number: usize| format!("{number:032}");
    let nobody = shop.server.anonymous();
    let (mut there, mut absent) = (Vec::new(), Vec::new());
    // In turns, so that what the machine does besides is the same for both.
    for round in 0..2 {
        there.extend(median(&nobody, |n| with_checksum(&format!("{known}{}", secret(n))), round));
        absent.extend(median(
            &nobody,
            |n| with_checksum(&format!("tsr_usr_{}{}", "Z".repeat(12), secret(n))),
            round,
        ));
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (there, absent) = (middle(&mut there), middle(&mut absent));
    let (less, more) = (there.min(absent), there.max(absent));
    // A digest takes microseconds; a machine under load wanders by more than that.
    let noise = less / 2 + Duration::from_millis(1);
    assert!(more - less <= noise, "known {there:?}, unknown {absent:?}");
}

//! What each kind of destination is sent, to the letter, when an alert triggers and when it is over.

mod common;

use common::{Receiver, channels, deliver, notice, plain};
use serde_json::json;
use tessera_bi::AlertState::{Ok as Over, Triggered, Unknown};
use tessera_bi::ports::Channels;

const QUERY: &str = "http://127.0.0.1:5000/queries/7";
const ALERT: &str = "http://127.0.0.1:5000/alerts/2";

#[tokio::test]
async fn a_webhook_gets_the_recorded_body_and_basic_credentials() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options =
        json!({ "url": format!("{}/hook?a=1", receiver.url), "username": "u", "password": "p" });
    deliver(&channels, "webhook", &options, &notice(Triggered)).await;
    let request = receiver.only();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook?a=1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Basic dTpw"));
    assert_eq!(request.header("webhook-id"), Some("0192a5f0-0000-7000-8000-000000000001"));
    assert_eq!(request.header("webhook-timestamp"), Some("1795252894"));
    assert_eq!(request.header("webhook-signature"), None);
    assert_eq!(
        request.json(),
        json!({
            "event": "alert_state_change",
            "alert": {
                "id": 2, "name": "too many",
                "options": {
                    "op": ">", "value": 2, "column": "qty", "selector": "max",
                    "custom_body": "B {{QUERY_RESULT_VALUE}} {{ALERT_THRESHOLD}}",
                    "custom_subject": "S {{ALERT_NAME}}",
                },
                "state": "triggered",
                "last_triggered_at": "2026-11-21T09:21:33.174Z",
                "updated_at": "2026-11-21T09:21:33.166Z",
                "created_at": "2026-11-21T09:21:32.832Z",
                "rearm": 0, "query_id": 7, "user_id": 1,
                "description": "B 1 2", "title": "S too many",
            },
            "url_base": "http://127.0.0.1:5000",
            "metadata": { "Username": "admin@example.com", "Scheduled": false },
        })
    );
}

#[tokio::test]
async fn a_webhook_with_a_secret_is_signed_so_that_the_receiver_can_check_it() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, Mac};
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let key = [7_u8; 32];
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let options = json!({ "url": receiver.url, "signing_secret": secret });
    deliver(&channels, "webhook", &options, &plain(Over)).await;
    let request = receiver.only();
    assert_eq!(request.json()["alert"]["state"], "ok");
    assert_eq!(request.json()["alert"]["title"], json!(""));
    let signed = request.header("webhook-signature").expect("a signature");
    let (version, signature) = signed.split_once(',').expect("a version");
    assert_eq!(version, "v1");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
    let id = request.header("webhook-id").expect("an id");
    let time = request.header("webhook-timestamp").expect("a time");
    mac.update(format!("{id}.{time}.{}", request.body).as_bytes());
    mac.verify_slice(&STANDARD.decode(signature).expect("base64")).expect("a good signature");
}

#[tokio::test]
async fn slack_gets_a_coloured_attachment_with_links() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options = json!({ "url": format!("{}/services/T/B/x", receiver.url) });
    deliver(&channels, "slack", &options, &notice(Triggered)).await;
    deliver(&channels, "slack", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/services/T/B/x");
    assert_eq!(
        requests[0].json(),
        json!({ "attachments": [{
            "fallback": "S too many", "text": "S too many", "color": "#c0392b",
            "fields": [
                { "title": "Query", "value": QUERY },
                { "title": "Alert", "value": ALERT },
                { "title": "Description", "value": "B 1 2" },
            ],
            "mrkdwn_in": ["text", "fields"],
        }] })
    );
    let over = &requests[1].json()["attachments"][0];
    assert_eq!(over["text"], "too many went back to normal");
    assert_eq!(over["color"], "#27ae60");
    assert_eq!(over["fields"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn mattermost_gets_a_message_as_whom_and_where_the_options_say() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options = json!({
        "url": format!("{}/hooks/x", receiver.url), "username": "tessera",
        "icon_url": "http://i/x.png", "channel": "ops",
    });
    deliver(&channels, "mattermost", &options, &notice(Triggered)).await;
    deliver(&channels, "mattermost", &json!({ "url": receiver.url }), &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/hooks/x");
    assert_eq!(
        requests[0].json(),
        json!({
            "text": "S too many", "username": "tessera", "icon_url": "http://i/x.png",
            "channel": "ops",
            "attachments": [{
                "fallback": "too many just triggered", "color": "#c0392b",
                "fields": [
                    { "title": "Query", "value": QUERY },
                    { "title": "Alert", "value": ALERT },
                    { "title": "Description", "value": "B 1 2" },
                ],
            }],
        })
    );
    let over = requests[1].json();
    assert_eq!(over["text"], "#### too many went back to normal");
    assert_eq!(over.get("username"), None);
}

#[tokio::test]
async fn discord_gets_an_embed_that_calls_nobody() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let channels = channels(&receiver.url, |_| ());
    let options = json!({ "url": format!("{}/api/webhooks/1/x", receiver.url) });
    deliver(&channels, "discord", &options, &notice(Triggered)).await;
    deliver(&channels, "discord", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(
        requests[0].json(),
        json!({
            "content": "S too many",
            "embeds": [{
                "color": 12_597_547, "description": "B 1 2",
                "fields": [
                    { "name": "Query", "value": QUERY, "inline": true },
                    { "name": "Alert", "value": ALERT, "inline": true },
                ],
            }],
            "allowed_mentions": { "parse": [] },
        })
    );
    assert_eq!(requests[1].json()["content"], "too many went back to normal");
    assert_eq!(requests[1].json()["embeds"][0]["color"], 2_600_544);
}

#[tokio::test]
async fn teams_gets_its_template_and_no_value_breaks_out_of_it() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let template = r#"{"a": "{alert_name} {state} {query_text}", "n": [1, "{alert_url} {other}"]}"#;
    let options = json!({ "url": receiver.url, "message_template": template });
    deliver(&channels, "microsoft_teams_webhook", &options, &notice(Triggered)).await;
    let options = json!({ "url": receiver.url });
    deliver(&channels, "microsoft_teams_webhook", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(
        requests[0].json(),
        json!({
            "a": "too many TRIGGERED Orders \"today\"",
            "n": [1, format!("{ALERT} {{other}}")],
        })
    );
    assert_eq!(
        requests[1].json(),
        json!({
            "@type": "MessageCard", "@context": "http://schema.org/extensions",
            "themeColor": "27ae60", "summary": "too many went back to normal",
            "sections": [{
                "activityTitle": "too many went back to normal",
                "facts": [
                    { "name": "Alert Name", "value": "too many" },
                    { "name": "Alert URL", "value": ALERT },
                    { "name": "Query", "value": "Orders \"today\"" },
                    { "name": "Query URL", "value": QUERY },
                ],
                "markdown": true,
            }],
        })
    );
    let broken = json!({ "url": receiver.url, "message_template": "{" });
    let fault = channels.check("microsoft_teams_webhook", &broken).expect_err("refused");
    assert_eq!(fault.field(), Some("options.message_template"));
}

#[tokio::test]
async fn google_chat_gets_a_card_with_buttons() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options = json!({
        "url": format!("{}/v1/spaces/x/messages?key=k&token=t", receiver.url),
        "icon_url": "http://i/x.png",
    });
    deliver(&channels, "hangouts_chat", &options, &notice(Triggered)).await;
    deliver(&channels, "hangouts_chat", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/v1/spaces/x/messages?key=k&token=t");
    assert_eq!(requests[0].header("content-type"), Some("application/json; charset=UTF-8"));
    let button = |text: &str, url: &str| json!({ "textButton": { "text": text, "onClick": { "openLink": { "url": url } } } });
    assert_eq!(
        requests[0].json(),
        json!({ "cards": [{
            "header": { "title": "S too many", "imageUrl": "http://i/x.png" },
            "sections": [
                { "widgets": [
                    { "textParagraph": {
                        "text": "<b><font color=\"#c0392b\">Triggered</font></b>" } },
                    { "buttons": [button("OPEN QUERY", QUERY), button("OPEN ALERT", ALERT)] },
                ] },
                { "widgets": [{ "textParagraph": { "text": "B 1 2" } }] },
            ],
        }] })
    );
    let over = requests[1].json();
    assert_eq!(over["cards"][0]["header"]["title"], "too many");
    assert_eq!(over["cards"][0]["sections"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn pagerduty_resolves_what_it_opened_and_is_not_told_of_the_unknown() {
    let receiver = Receiver::answering(
        "HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n{\"status\":\"success\"}",
    );
    let channels = channels(&receiver.url, |_| ());
    let options = json!({ "integration_key": "R0", "description": "Shop" });
    deliver(&channels, "pagerduty", &options, &notice(Triggered)).await;
    deliver(&channels, "pagerduty", &options, &plain(Over)).await;
    deliver(&channels, "pagerduty", &options, &plain(Unknown)).await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].path, "/v2/enqueue");
    assert_eq!(
        requests[0].json(),
        json!({
            "routing_key": "R0", "event_action": "trigger", "dedup_key": "2_7",
            "client": "Tessera", "client_url": ALERT,
            "links": [{ "href": QUERY, "text": "Orders \"today\"" }],
            "payload": {
                "summary": "S too many", "source": "http://127.0.0.1:5000", "severity": "error",
                "timestamp": "2026-11-21T09:21:33.100Z",
                "custom_details": {
                    "description": "B 1 2", "condition": "max(qty) > 2", "value": "3",
                },
            },
        })
    );
    let over = requests[1].json();
    assert_eq!((&over["event_action"], &over["dedup_key"]), (&json!("resolve"), &json!("2_7")));
    assert_eq!(over["payload"]["summary"], "Shop");
}

#[tokio::test]
async fn datadog_gets_an_event() {
    let receiver = Receiver::answering("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    let channels = channels(&receiver.url, |_| ());
    let options = json!({ "api_key": "k", "tags": "team:shop, prod", "priority": "low" });
    deliver(&channels, "datadog", &options, &notice(Triggered)).await;
    deliver(&channels, "datadog", &json!({ "api_key": "k" }), &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/api/v1/events");
    assert_eq!(requests[0].header("dd-api-key"), Some("k"));
    assert_eq!(
        requests[0].json(),
        json!({
            "title": "S too many", "text": format!("B 1 2\nQuery: {QUERY}\nAlert: {ALERT}"),
            "alert_type": "error", "priority": "low", "source_type_name": "my_apps",
            "aggregation_key": "tessera:alert:2", "date_happened": 1_795_252_893,
            "tags": ["team:shop", "prod", "tessera", "query_id:7", "alert_id:2"],
        })
    );
    let over = requests[1].json();
    assert_eq!(over["alert_type"], "success");
    assert_eq!(over["title"], "too many went back to normal");
    assert_eq!(over["priority"], "normal");
}

#[tokio::test]
async fn chatwork_gets_a_form_for_its_room() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options = json!({
        "api_token": "t", "room_id": "42",
        "message_template": "{alert_name} changed state to {new_state}.\\n{alert_url}\\n{query_url}",
    });
    deliver(&channels, "chatwork", &options, &notice(Triggered)).await;
    deliver(&channels, "chatwork", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/v2/rooms/42/messages");
    assert_eq!(requests[0].header("x-chatworktoken"), Some("t"));
    assert_eq!(requests[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(requests[0].body, "body=S+too+many%0AB+1+2");
    let text = format!("too many changed state to OK.\n{ALERT}\n{QUERY}");
    let form = serde_urlencoded::to_string([("body", text)]).expect("a form");
    assert_eq!(requests[1].body, form);
    let escape = json!({ "api_token": "t", "room_id": "../me", "message_template": "x" });
    assert!(channels.check("chatwork", &escape).is_err());
}

#[tokio::test]
async fn webex_reaches_people_and_rooms() {
    let receiver = Receiver::start();
    let channels = channels(&receiver.url, |_| ());
    let options = json!({
        "webex_bot_token": "b", "to_person_emails": "a@x.org, b@x.org", "to_room_ids": "r1,",
    });
    deliver(&channels, "webex", &options, &notice(Triggered)).await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3);
    let to: Vec<_> = requests
        .iter()
        .map(|r| (r.json()["toPersonEmail"].clone(), r.json()["roomId"].clone()))
        .collect();
    assert_eq!(
        to,
        [
            (json!("a@x.org"), json!(null)),
            (json!("b@x.org"), json!(null)),
            (json!(null), json!("r1"))
        ]
    );
    assert_eq!(requests[0].path, "/v1/messages");
    assert_eq!(requests[0].header("authorization"), Some("Bearer b"));
    let open =
        |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    assert_eq!(
        requests[0].json(),
        json!({
            "toPersonEmail": "a@x.org", "markdown": "S too many\n\nB 1 2",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard", "version": "1.0",
                    "body": [
                        { "type": "TextBlock", "text": "S too many", "weight": "bolder",
                          "size": "medium", "wrap": true },
                        { "type": "TextBlock", "text": "B 1 2", "isSubtle": true, "wrap": true },
                    ],
                    "actions": [open("Open query", QUERY), open("Open alert", ALERT)],
                },
            }],
        })
    );
    let nobody = json!({ "webex_bot_token": "b", "to_person_emails": " , " });
    assert!(channels.check("webex", &nobody).is_err());
    let over = Receiver::start();
    let only = json!({ "webex_bot_token": "b", "to_room_ids": "r1" });
    deliver(&common::channels(&over.url, |_| ()), "webex", &only, &plain(Over)).await;
    assert_eq!(over.only().json()["markdown"], "too many went back to normal");
}

#[tokio::test]
async fn asana_gets_a_task_in_its_project() {
    let receiver = Receiver::answering("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
    let channels = channels(&receiver.url, |_| ());
    let options = json!({ "pat": "p", "project_id": "12" });
    deliver(&channels, "asana", &options, &notice(Triggered)).await;
    deliver(&channels, "asana", &options, &plain(Over)).await;
    let requests = receiver.requests();
    assert_eq!(requests[0].path, "/api/1.0/tasks");
    assert_eq!(requests[0].header("authorization"), Some("Bearer p"));
    assert_eq!(
        requests[0].json(),
        json!({ "data": {
            "name": "[Tessera Alert] TRIGGERED: too many",
            "notes": format!("S too many\n\nB 1 2\n\nQuery: {QUERY}\nAlert: {ALERT}"),
            "projects": ["12"],
        } })
    );
    assert_eq!(requests[1].json()["data"]["name"], "[Tessera Alert] RECOVERED: too many");
}

#[test]
fn kinds_their_order_and_their_secrets_are_as_clients_know_them() {
    let channels = channels("http://localhost", |_| ());
    let kinds: Vec<_> = channels.types().iter().map(|kind| (kind.kind, kind.secrets())).collect();
    assert_eq!(
        kinds,
        [
            ("email", vec![]),
            ("slack", vec!["url"]),
            ("webhook", vec!["password", "url", "signing_secret"]),
            ("discord", vec!["url"]),
            ("mattermost", vec!["url"]),
            ("chatwork", vec!["api_token"]),
            ("pagerduty", vec!["integration_key"]),
            ("hangouts_chat", vec!["url"]),
            ("microsoft_teams_webhook", vec!["url"]),
            ("asana", vec!["pat"]),
            ("webex", vec!["webex_bot_token"]),
            ("datadog", vec!["api_key"]),
        ]
    );
}

#[tokio::test]
async fn kinds_that_the_operator_switched_off_are_not_there() {
    let names = |channels: &tessera_channels::AllChannels| -> Vec<&'static str> {
        channels.types().iter().map(|known| known.kind).collect()
    };
    let two = channels("http://127.0.0.1:1", |settings| {
        settings.kinds_enabled = vec!["webhook".to_owned(), "email".to_owned()];
    });
    assert_eq!(names(&two), ["email", "webhook"]);
    let fewer = channels("http://127.0.0.1:1", |settings| {
        settings.kinds_disabled = vec!["slack".to_owned()];
    });
    assert!(names(&fewer).len() == 11 && !names(&fewer).contains(&"slack"));
    let options = json!({ "url": "http://127.0.0.1:1/" });
    let fault = fewer.check("slack", &options).expect_err("switched off");
    assert!(fault.detail().contains("channels.kinds_disabled"), "{fault}");
    assert!(fewer.check("mattermost", &options).is_ok(), "the others are where they were");
    let fault = fewer.deliver("slack", &options, &notice(Triggered)).await.expect_err("off");
    assert_eq!(fault.code(), tessera_kernel::Code::Invalid);
    let unknown = tessera_channels::ChannelSettings {
        kinds_disabled: vec!["pigeon".to_owned()],
        ..tessera_channels::ChannelSettings::default()
    };
    let clock: std::sync::Arc<dyn tessera_kernel::Clock> =
        std::sync::Arc::new(tessera_kernel::SystemClock);
    let mailer =
        tessera_channels::SmtpMailer::new(None, std::sync::Arc::clone(&clock)).expect("a mailer");
    let mailer = std::sync::Arc::new(mailer);
    let fault = tessera_channels::AllChannels::new(unknown, mailer, clock).expect_err("unknown");
    assert!(fault.detail().contains("pigeon"), "{fault}");
}

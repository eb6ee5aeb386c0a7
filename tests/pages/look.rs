//! What a real browser makes of the pages, and what those who do not see them are told.

use std::collections::HashSet;
use std::process::Command;

use serde_json::json;
use tessera_e2e::{Engine, Shop, options};

use crate::browser::Browser;

/// What a browser makes of a page.
fn look(url: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let out = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg("--virtual-time-budget=3000")
        .arg(format!("--user-data-dir={}", folder.path().display()))
        .args(["--dump-dom", url])
        .output()
        .expect("chromium runs (dev/setup installs it)");
    assert!(out.status.success(), "{url}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn world() -> (Shop, String) {
    let shop = Shop::open(options(Engine::Sqlite).expect("options")).expect("opens");
    let parameters = json!([
        { "name": "t", "title": "T", "type": "text", "value": "a" },
        { "name": "n", "title": "N", "type": "number", "value": 1 },
        { "name": "m", "title": "M", "type": "enum", "enumOptions": "x\ny", "value": ["x"],
          "multiValuesOptions": { "prefix": "", "suffix": "", "separator": "," } },
        { "name": "d", "title": "D", "type": "date", "value": "d_now" },
        { "name": "r", "title": "R", "type": "date-range", "value": "d_last_7_days" },
    ]);
    let text =
        "select {{ t }}, {{ n }}, {{ m }}, {{ d }}, {{ r.start }}, {{ r.end }}, {{ key.team }}";
    let query = shop.query(shop.sqlite, text, parameters).expect("made");
    let page = format!("/keys/pinned/new?query={}&version=latest", query["id"]);
    (shop, page)
}

#[test]
fn what_people_wrote_stays_text_in_a_real_browser() {
    let (shop, page) = world();
    let payload =
        "\"'><img src=x onerror=document.title='owned'><script>document.title='owned'</script>";
    let made = shop.admin.post("/v1/keys", &json!({ "name": payload })).expect("answers");
    let id = made.ok().expect("made")["key"]["id"].clone();
    let rename = json!({ "name": payload });
    let query = page.split(['=', '&']).nth(1).expect("a number");
    shop.admin
        .post(&format!("/api/queries/{query}"), &rename)
        .expect("answers")
        .ok()
        .expect("named");
    let key = shop.admin.key();
    let base = shop.server.url();
    for path in [
        format!("/keys?api_key={key}"),
        format!("/keys/{id}?api_key={key}"),
        format!("{page}&api_key={key}"),
        format!("/keys/pinned/new?api_key={key}"),
    ] {
        let dom = look(&format!("{base}{path}"));
        assert!(dom.contains("</main>") && dom.contains("&lt;script&gt;"), "{path}: {dom}");
        assert!(!dom.contains("<title>owned") && !dom.contains("<script"), "{path}: {dom}");
        assert!(!dom.contains("<img"), "{path}: {dom}");
    }
}

/// The values of an attribute.
fn values<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    page.split(&mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_control_has_a_label_and_every_reference_a_target() {
    let (shop, pin) = world();
    let admin = Browser::administrator(&shop).expect("signs in");
    let wrong = admin.fill(&pin, &pin, &[("name", ""), ("mode.n", "pin"), ("rows", "x")]);
    assert_eq!(wrong.status, 422);
    let made = shop.admin.post("/v1/keys", &json!({ "name": "k" })).expect("answers");
    let key = format!("/keys/{}", made.ok().expect("made")["key"]["id"]);
    for page in ["/keys", "/keys/new", "/keys/pinned/new", &pin, &key]
        .map(|path| admin.get(path).text())
        .into_iter()
        .chain([wrong.text()])
    {
        assert!(page.contains("<html lang=\"en\">") && page.matches("<h1>").count() == 1);
        assert!(page.contains("<main id=\"main\"") && page.contains("width=device-width"));
        let ids = values(&page, "id");
        let unique: HashSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        let described = values(&page, "aria-describedby");
        let described = described.iter().flat_map(|ids| ids.split_whitespace());
        let links = values(&page, "href").into_iter().filter_map(|href| href.strip_prefix('#'));
        let labels = values(&page, "for");
        for target in described.chain(links).chain(labels.iter().copied()) {
            assert!(unique.contains(&target), "{target} is not there: {page}");
        }
        for tag in ["<input ", "<select ", "<textarea "] {
            for control in page.split(tag).skip(1) {
                let control = format!(" {}", control.split('>').next().unwrap_or_default());
                let kind = values(&control, "type");
                // Those within their label have no place of their own.
                if kind.first().is_some_and(|kind| ["hidden", "radio", "checkbox"].contains(kind)) {
                    continue;
                }
                let id = values(&control, "id");
                assert!(id.first().is_some_and(|id| labels.contains(id)), "{control}");
            }
        }
        let boxes =
            page.matches("type=\"radio\"").count() + page.matches("type=\"checkbox\"").count();
        assert_eq!(page.matches("<label><input ").count(), boxes, "{page}");
        assert!(!page.contains("tabindex=\"1\""), "the order is that of the page");
    }
}

//! The search over the dialect: words of scripts without spaces are found inside of texts, whatever
//! the organization's switch for it says.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};

#[test]
fn multi_byte_words_are_found_inside_of_texts_whatever_the_switch_says() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let good = |path: &str, body: Value| {
            shop.admin.post(path, &body).expect("answers").ok().expect("good")
        };
        let made = |name: &str, description: &str, text: &str| {
            let query = shop.query(shop.sqlite, text, json!([])).expect("made");
            let path = format!("/api/queries/{}", query["id"]);
            good(&path, json!({ "name": name, "description": description, "is_draft": false }));
            query["id"].clone()
        };
        let chinese = made("每日销售报表", "按地区统计的订单金额", "select 1 -- 只看已付款的客户");
        let japanese =
            made("東京の売上レポート", "店舗ごとの集計", "select 2 -- 昨日までの注文だけ");
        made("Sales", "orders by region", "select 3");
        let board = good("/api/dashboards", json!({ "name": "週次の売上ボード" }));
        good(&format!("/api/dashboards/{}", board["id"]), json!({ "is_draft": false }));
        for switched_on in [false, true] {
            let switch = json!({ "multi_byte_search_enabled": switched_on });
            let told = good("/api/settings/organization", switch);
            assert_eq!(told["settings"]["multi_byte_search_enabled"], switched_on, "{told}");
            let found = |path: &str, words: &str| -> Vec<Value> {
                let asked = serde_urlencoded::to_string([("q", words)]).expect("a query");
                let page = shop.admin.get(&format!("{path}?{asked}"));
                let page = page.expect("answers").ok().expect("good");
                let all = page["results"].as_array().or(page["data"].as_array());
                all.expect("a page").iter().map(|one| one["id"].clone()).collect()
            };
            for (words, id) in [
                ("销售", &chinese),
                ("日销售报", &chinese),
                ("地区统计", &chinese),
                ("付款的客", &chinese),
                ("销售 客户", &chinese),
                ("name:报表", &chinese),
                ("description:订单 query:\"已付款\"", &chinese),
                ("売上", &japanese),
                ("の売上レ", &japanese),
                ("ポート", &japanese),
                ("店舗ごと", &japanese),
                ("までの注文", &japanese),
                ("売上 注文 集計", &japanese),
            ] {
                let hits = found("/api/queries", words);
                assert_eq!(hits, std::slice::from_ref(id), "{engine:?} {switched_on} {words}");
            }
            for words in ["售销", "売り上げ", "销售 売上", "name:客户"] {
                assert_eq!(found("/api/queries", words), Vec::<Value>::new(), "{words}");
            }
            assert_eq!(found("/api/dashboards", "次の売上"), [board["id"].clone()]);
            let everywhere = found("/v1/search", "売上");
            assert_eq!(everywhere.len(), 2, "the query and the dashboard: {everywhere:?}");
        }
    }
}

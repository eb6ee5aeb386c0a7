//! Files that go out: no formulas, and nothing is cut without a word.

use serde_json::json;
use tessera_e2e::{Engine, Shop, options};

const PAYLOADS: [&str; 8] =
    ["=1+1", "=HYPERLINK(\"http://x\")", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1+1"];

#[test]
fn no_cell_of_a_workbook_is_a_formula() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let values: Vec<String> = PAYLOADS.iter().map(|text| format!("('{text}')")).collect();
    let text = format!("with t(v) as (values {}) select v, -5 as n from t", values.join(", "));
    let body = json!({ "query": text, "data_source_id": shop.sqlite, "max_age": 0 });
    let started =
        shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
    let job = shop.admin.finish(&started).expect("ends");
    let id = &job["job"]["query_result_id"];
    let book = shop.admin.get(&format!("/api/query_results/{id}.xlsx")).expect("answers");
    assert_eq!(&book.body[..2], b"PK", "a workbook");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("book.xlsx");
    std::fs::write(&file, &book.body).expect("written");
    let sheet = std::process::Command::new("python3")
        .args(["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(''.join(z.read(n).decode() for n in z.namelist() if 'worksheets' in n or 'sharedStrings' in n))"])
        .arg(&file)
        .output()
        .expect("python runs");
    let sheet = String::from_utf8(sheet.stdout).expect("utf8");
    assert!(sheet.contains("<row"), "{sheet}");
    assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{sheet}");
}

#[test]
fn a_result_that_is_too_large_fails_with_the_name_of_the_limit() {
    let options = options(Engine::Sqlite).expect("an engine").with("RESULTS_ROWS_MAX", "100");
    let shop = Shop::open(options).expect("opens");
    for (source, text) in [
        (shop.postgres, "select * from generate_series(1, 101)"),
        (
            shop.sqlite,
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 101) select i from n",
        ),
    ] {
        let body = json!({ "query": text, "data_source_id": source, "max_age": 0 });
        let started =
            shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
        let job = shop.admin.finish(&started).expect("ends");
        assert_eq!(job["job"]["status"], 4);
        let error = job["job"]["error"].as_str().expect("words");
        assert!(error.contains("results.rows_max") && error.contains("100"), "{error}");
    }
}

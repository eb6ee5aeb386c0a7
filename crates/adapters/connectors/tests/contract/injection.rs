//! Values that would be statements if they were pasted. Whatever is given, only rows of the own tenant
//! come back, or the value is refused.

use serde_json::{Value as Json, json};
use tessera_kernel::Code;

use crate::engines::{self, Engine};

const TABLE: &str = "create table events (tenant integer, created_at timestamp, name text);
    insert into events values (4, '2020-06-01 00:00:00', 'four'), (5, '2020-06-01 00:00:00', 'five'),
        (5, '2019-06-01 00:00:00', 'old'), (6, '2020-06-01 00:00:00', 'six');";

async fn check(engine: &Engine, text: &str, kind: Json, value: Json) {
    let mut definition = json!({ "name": "v" });
    let fields = definition.as_object_mut().expect("an object");
    fields.extend(kind.as_object().expect("an object").clone());
    let definitions = json!([definition]);
    match engine.run_with(text, &definitions, &json!({ "v": value })).await {
        Ok(rows) => {
            for row in rows.cells() {
                assert_eq!(row[0], json!(5), "{} {text} {value}: {row:?}", engine.name);
            }
        }
        // Refused here, or by the database as a value of the wrong type; never as a statement.
        Err(fault) => match fault.code() {
            Code::InvalidParameters => {}
            Code::SourceFailed => assert!(
                fault.detail().contains("invalid input syntax")
                    || fault.detail().contains("out of range")
                    || fault.detail().contains("NUL")
                    || fault.detail().starts_with("Incorrect ")
                    || fault.detail().contains("Cannot parse")
                    || fault.detail().contains("CANNOT_PARSE")
                    || fault.detail().contains("TYPE_MISMATCH")
                    || fault.detail().starts_with("Conversion Error: "),
                "{} {text} {value}: {fault}",
                engine.name
            ),
            code => panic!("{} {text} {value}: {code} {fault}", engine.name),
        },
    }
}

const ATTACKS: [&str; 16] = [
    "2020-01-01' --",
    "2020-01-01;",
    "'2020-01-01'",
    "2020-01-01','",
    "' and '2020-01-01",
    "x' or '1'='1",
    "' or 1=1 --",
    "\\' or 1=1 --",
    "1; drop table events; --",
    "$$ or 1=1 --",
    "*/ or 1=1 /*",
    "') or ('1'='1",
    "\" or \"\"=\"",
    "five' union select 6, '2020-01-01', 'six",
    "\u{2019} or 1=1",
    "{{ v }}",
];

#[tokio::test]
async fn no_text_becomes_a_part_of_the_statement() {
    let texts = [
        "select tenant from events where name = '{{ v }}' and tenant = 5",
        "select tenant from events where name = {{ v }} and tenant = 5",
        "select tenant from events where name like '%{{ v }}%' and tenant = 5",
        "select tenant from events where tenant = 5 and name in ('{{ v }}', 'five')",
        "select tenant from events where tenant = 5 /* {{ v }} */ -- {{ v }}",
    ];
    for engine in engines::all(TABLE) {
        for text in texts {
            for attack in ATTACKS {
                check(&engine, text, json!({ "type": "text" }), json!(attack)).await;
                let pattern = json!({ "type": "text-pattern", "regex": ".*" });
                check(&engine, text, pattern, json!(attack)).await;
            }
        }
    }
}

#[tokio::test]
async fn no_date_becomes_a_part_of_the_statement() {
    let text = "select tenant from events where created_at > '{{ v }}' and tenant = 5";
    let range = "select tenant from events where created_at > '{{ v.start }}'
                 and created_at < '{{ v.end }}' and tenant = 5";
    for engine in engines::all(TABLE) {
        for attack in ATTACKS {
            for kind in ["date", "datetime-local", "datetime-with-seconds"] {
                check(&engine, text, json!({ "type": kind }), json!(attack)).await;
            }
            for kind in ["date-range", "datetime-range", "datetime-range-with-seconds"] {
                let kind = json!({ "type": kind });
                let start = json!({ "start": attack, "end": "2021-01-01" });
                check(&engine, range, kind.clone(), start).await;
                let end = json!({ "start": "2019-01-01", "end": attack });
                check(&engine, range, kind, end).await;
            }
        }
    }
}

#[tokio::test]
async fn no_number_becomes_a_part_of_the_statement() {
    let texts = [
        "select tenant from events where tenant = {{ v }} and tenant = 5",
        "select tenant from events where tenant = 5 limit {{ v }}",
    ];
    let numbers = ["5 or 1=1", "inf", "nan", "1_000", "0x5", "5--", "(select 6)", "5;", "5)", ""];
    for engine in engines::all(TABLE) {
        for text in texts {
            for number in numbers {
                check(&engine, text, json!({ "type": "number" }), json!(number)).await;
            }
        }
        let padded = engine
            .run_with(texts[0], &json!([{ "name": "v", "type": "number" }]), &json!({ "v": " 5 " }))
            .await
            .expect("blanks around a number do no harm");
        assert_eq!(padded.cells().len(), 2, "{}", engine.name);
    }
}

#[tokio::test]
async fn any_text_comes_back_as_it_was() {
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let texts = [
        "",
        " ",
        "a b",
        "ab",
        "\\",
        "\\\\'",
        "%_",
        "\n\t\r",
        "😀 漢字 ü",
        "{{ v }}",
        "$1",
        "?1",
        "::int",
    ];
    for engine in engines::all(TABLE) {
        for text in texts.iter().chain(&ATTACKS) {
            for statement in ["select '{{ v }}' as v", "select {{ v }} as v"] {
                let given = json!({ "v": text });
                let rows = engine.run_with(statement, &definitions, &given).await;
                let rows = rows.unwrap_or_else(|fault| panic!("{} {text:?}: {fault}", engine.name));
                assert_eq!(rows.first(), [json!(text)], "{} {statement}", engine.name);
            }
        }
    }
}

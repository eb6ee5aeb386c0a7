//! CSV and TSV.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use tessera_formats::{DateStyle, Format, Options, Style};
use tessera_kernel::ColumnKind;

use crate::sample::{all_kinds, batch_of, encode_text, floating, orders, text_column};

fn with_dates(date: &str, datetime: &str) -> Options {
    let dates = DateStyle::Pattern { date: date.to_owned(), datetime: datetime.to_owned() };
    Options { dates, ..floating() }
}

#[test]
fn floating_csv_of_every_kind() {
    assert_eq!(
        encode_text(Format::Csv, &all_kinds(), &with_dates("YYYY-MM-DD", "YYYY-MM-DD HH:mm:ss")),
        concat!(
            "i2,i8,f4,f8,num,num_int,num_big,num_nan,b_t,b_n,txt,ch,n,d,d_inf,ts,ts0,tstz,tm,iv,",
            "iv2,jb,js,ia,ta,by,uu,rng,nan,inf,mon,quoting,lead,formula,dup,dup1,",
            "\"Weird Name, x\"\r\n",
            "1,9007199254740993,0.1,0.1,1.1,100.0,1.2345678901234567e+19,,true,,text,c  ,,",
            "2020-02-03,infinity,2020-02-03 04:05:06,2020-02-03 04:05:06,2020-02-03 02:05:06,",
            "04:05:06.700,\"1 day, 2:00:00\",1:30:00,\"{'a': [1, None]}\",{'b': 2},\"[1, 2]\",",
            "\"['x', 'y']\",deadbeef,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,\"[1, 5)\",,,$12.34,",
            "\"a,b \"\"q\"\"\nline2; ünïcödé 漢字 🎉\", lead,=1+1,1,2,3\r\n"
        )
    );
}

#[test]
fn exact_csv_of_every_kind() {
    let text = encode_text(Format::Csv, &all_kinds(), &Options::default());
    assert_eq!(
        text.split_once("\r\n").unwrap().1,
        concat!(
            "1,9007199254740993,0.1,0.1,1.10,100,12345678901234567890.123456789,NaN,true,,text,",
            "c  ,,2020-02-03,infinity,2020-02-03T04:05:06.789123,2020-02-03T04:05:06,",
            "2020-02-03T02:05:06.500000Z,04:05:06.700000,P1DT2H,PT1H30M,\"{\"\"a\"\":[1,null]}\",",
            "\"{\"\"b\"\":2}\",\"[1,2]\",\"[\"\"x\"\",\"\"y\"\"]\",3q2+7w==,",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,\"[1, 5)\",NaN,Infinity,$12.34,",
            "\"a,b \"\"q\"\"\nline2; ünïcödé 漢字 🎉\", lead,=1+1,1,2,3\r\n"
        )
    );
}

#[test]
fn dates_follow_their_patterns() {
    let options = with_dates("DD/MM/YY", "DD/MM/YY HH:mm");
    let csv = "id,amount,paid,created_on,created_at,note\r\n\
               1,10.5,true,02/01/20,02/01/20 03:04,\r\n\
               2,99.99,false,03/02/20,03/02/20 00:00,\"a,b\"\r\n\
               3,5.0,,,,\"say \"\"hi\"\"\"\r\n\
               4,0.0,true,31/12/99,31/12/99 23:59,多言語\r\n";
    assert_eq!(encode_text(Format::Csv, &orders(), &options), csv);
    assert_eq!(
        encode_text(Format::Tsv, &orders(), &options),
        csv.replace("\"a,b\"", "a;b").replace(',', "\t").replace("a;b", "a,b")
    );
    let commas = with_dates("D, M", "D, M");
    assert!(encode_text(Format::Csv, &orders(), &commas).contains(",\"2, 1\",\"2, 1\","));
}

#[test]
fn line_of_one_empty_field_is_not_blank() {
    let batch = batch_of(vec![("a", ColumnKind::Text, text_column(&[None, Some(""), Some("x")]))]);
    assert_eq!(encode_text(Format::Csv, &batch, &floating()), "a\r\n\"\"\r\n\"\"\r\nx\r\n");
    assert_eq!(encode_text(Format::Csv, &batch.slice(0, 0), &floating()), "a\r\n");
}

#[test]
fn mixed_column_writes_scalars_without_json_quotes() {
    let values = [Some("1"), Some("1.50"), Some("\"a\\\"b\""), Some("true"), Some("null"), None];
    let batch = batch_of(vec![
        ("j", ColumnKind::Json, text_column(&values)),
        ("k", ColumnKind::Integer, Arc::new(Int64Array::from(vec![0; 6]))),
    ]);
    assert_eq!(
        encode_text(Format::Csv, &batch, &floating()),
        "j,k\r\n1,0\r\n1.5,0\r\n\"a\"\"b\",0\r\nTrue,0\r\n,0\r\n,0\r\n"
    );
    assert_eq!(
        encode_text(Format::Csv, &batch, &Options::default()),
        "j,k\r\n1,0\r\n1.50,0\r\n\"a\"\"b\",0\r\ntrue,0\r\n,0\r\n,0\r\n"
    );
}

fn formulas() -> RecordBatch {
    batch_of(vec![
        (
            "=head",
            ColumnKind::Text,
            text_column(&[
                Some("=1+1"),
                Some("+1"),
                Some("-1"),
                Some("@x"),
                Some("\tx"),
                Some("\rx"),
                Some("＝1"),
                Some("＠x,y"),
                Some("a=1"),
                Some(""),
            ]),
        ),
        ("n", ColumnKind::Integer, Arc::new(Int64Array::from(vec![-1; 10]))),
        ("d", ColumnKind::Decimal, text_column(&[Some("-1.5"); 10])),
        ("j", ColumnKind::Json, text_column(&[Some("\"=1\""); 10])),
        ("m", ColumnKind::Json, text_column(&[Some("-7"); 10])),
    ])
}

#[test]
fn formulas_are_escaped_on_demand_in_text_only() {
    let options = Options { escape_formulas: true, ..Options::default() };
    let escaped = encode_text(Format::Csv, &formulas(), &options);
    let rest = ",-1,-1.5,'=1,-7\r\n";
    let lines: String =
        ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "\"'\rx\"", "'＝1", "\"'＠x,y\"", "a=1", ""]
            .iter()
            .map(|field| format!("{field}{rest}"))
            .collect();
    assert_eq!(escaped, format!("'=head,n,d,j,m\r\n{lines}"));
    let plain = encode_text(Format::Csv, &formulas(), &Options::default());
    assert!(plain.starts_with("=head,n,d,j,m\r\n=1+1,-1,"));
    assert_eq!(Options::default().style, Style::Exact);
}

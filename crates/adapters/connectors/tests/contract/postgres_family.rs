//! What speaks PostgreSQL's protocol, on a real PostgreSQL as far as that can stand in for it.

use serde_json::json;

use crate::engines;

/// The views of Redshift's catalog that are asked for.
const REDSHIFT_CATALOG: &str =
    "create view svv_columns as select * from information_schema.columns;
    create view svv_external_schemas as select 'spectrum'::text as schemaname;";

#[tokio::test]
async fn each_of_the_family_runs_and_lists_its_tables() {
    for (name, catalog) in [("redshift", REDSHIFT_CATALOG), ("cockroach", ""), ("risingwave", "")] {
        let setup = format!(
            "{catalog} create table t (id integer, name text); insert into t values (1, 'a');
             create schema spectrum; create table spectrum.far (b integer);"
        );
        let mut engine = engines::postgres_as(name, &setup);
        engine.options["sslmode"] = json!("disable");
        engine.connector().test().await.expect("connects");
        let definitions = json!([{ "name": "v", "type": "text" }]);
        let given = json!({ "v": "a' or 1" });
        let text = "select id from t where name <> '{{ v }}'";
        let rows = engine.run_with(text, &definitions, &given).await;
        assert_eq!(rows.expect("runs").first(), [json!(1)], "{name}");
        let tables = engine.connector().tables().await.expect("lists");
        let found = |wanted: &str| {
            let table = tables.iter().find(|table| table.name == wanted).expect("is there");
            table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found("t"), ["id", "name"], "{name}");
        assert_eq!(found("spectrum.far"), ["b"], "{name}");
        let same = "select pg_backend_pid()";
        let first = engine.run(same).await.expect("runs").first();
        assert_ne!(engine.run(same).await.expect("runs").first(), first, "a connection of its own");
    }
}

#[tokio::test]
async fn queries_of_redshift_go_to_their_group() {
    let mut engine = engines::postgres_as("redshift", "select 1");
    engine.options["adhoc_query_group"] = json!("it's");
    // PostgreSQL has no such setting, and says so: it was asked for.
    let fault = engine.run("select 1").await.err().expect("unknown here");
    assert!(fault.detail().contains("query_group"), "{fault}");
}

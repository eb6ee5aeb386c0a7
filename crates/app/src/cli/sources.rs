//! `tessera sources`.

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use tessera_access::{
    CreateSource, DeleteSource, ListSourceTypes, ListSources, ReadSource, ReadSourceSettings,
    TestSource, UpdateSource,
};
use tessera_bi::{NewSource, SourceChange, SourceView};
use tessera_kernel::ids::SourceId;

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

const COLUMNS: [&str; 4] = ["id", "name", "type", "state"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the types and their options
    #[command(alias = "list_types", after_help = "Example:\n  tessera sources types --json")]
    Types,
    /// List data sources
    #[command(after_help = "Example:\n  tessera sources list")]
    List,
    /// Add a data source
    #[command(
        alias = "new",
        after_help = "\
Example:
  tessera sources create Warehouse --type pg -o host=db.example.com -o dbname=shop -o user=reader -o password=…"
    )]
    Create {
        /// The name
        name: String,
        /// The type, as in `tessera sources types`
        #[arg(long = "type")]
        kind: String,
        /// One option; may be repeated
        #[arg(short, long = "option", value_name = "NAME=VALUE")]
        option: Vec<String>,
    },
    /// Change a data source: its name, or single options; the others stay
    #[command(after_help = "\
Example:
  tessera sources edit 1 --name Warehouse -o host=db2.example.com -o password=…")]
    Edit {
        /// The number of the data source
        id: i64,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// One option; may be repeated
        #[arg(short, long = "option", value_name = "NAME=VALUE")]
        option: Vec<String>,
    },
    /// Try to connect
    #[command(after_help = "Example:\n  tessera sources test 1")]
    Test {
        /// The number of the data source
        id: i64,
    },
    /// Read tables and columns from the database
    #[command(after_help = "Example:\n  tessera sources schema 1")]
    Schema {
        /// The number of the data source
        id: i64,
    },
    /// Delete a data source and its results; its queries stay
    #[command(after_help = "Example:\n  tessera sources delete 1")]
    Delete {
        /// The number of the data source
        id: i64,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    let sources = &session.core.bi.sources;
    match command {
        Command::Types => {
            let grant = session.permit(ListSourceTypes {}).await?;
            let rows: Vec<_> = sources
                .types(&grant)
                .iter()
                .map(|kind| vec![json!(kind.name), json!(kind.title), option_names(&kind.schema)])
                .collect();
            output::table(&["type", "title", "options"], &rows, as_json)
        }
        Command::List => {
            let grant = session.permit(ListSources {}).await?;
            let found = sources.list(&grant).await.map_err(explain)?;
            let rows: Vec<_> = found.iter().map(row).collect();
            output::table(&COLUMNS, &rows, as_json)
        }
        Command::Create { name, kind, option } => {
            let grant = session.permit(CreateSource {}).await?;
            let options = options(&option, &schema_of(&session, &kind).await?)?;
            let new = NewSource { name, kind, options };
            let made = sources.create(&grant, new).await.map_err(explain)?;
            output::table(&COLUMNS, &[row(&made.view)], as_json)
        }
        Command::Edit { id, name, option } => {
            let source = SourceId(id);
            let reading = session.permit(ReadSourceSettings { source }).await?;
            let present = sources.settings(&reading).await.map_err(explain)?;
            // Options are set anew as a whole; secrets that are not named stay.
            let changed = match option.is_empty() {
                true => None,
                false => {
                    let schema = schema_of(&session, &present.view.source.kind).await?;
                    let mut all = present.view.source.options;
                    if let (Value::Object(all), Value::Object(given)) =
                        (&mut all, options(&option, &schema)?)
                    {
                        all.extend(given);
                    }
                    Some(all)
                }
            };
            let grant = session.permit(UpdateSource { source }).await?;
            let change = SourceChange { name, options: changed };
            let made = sources.update(&grant, change).await.map_err(explain)?;
            output::table(&COLUMNS, &[row(&made.view)], as_json)
        }
        Command::Test { id } => {
            let grant = session.permit(TestSource { source: SourceId(id) }).await?;
            sources.test(&grant).await.map_err(explain)?;
            if as_json { output::value(&json!({ "ok": true })) } else { output::line("ok") }
        }
        Command::Schema { id } => {
            let source = SourceId(id);
            session.permit(ReadSource { source }).await?;
            let tables = sources.read_tables(source).await.map_err(explain)?;
            if as_json {
                return output::value(&json!(tables));
            }
            for table in tables {
                output::line(&table.name)?;
                for column in table.columns {
                    output::line(&format!("  {} {}", column.name, column.kind))?;
                }
            }
            Ok(())
        }
        Command::Delete { id } => {
            let grant = session.permit(DeleteSource { source: SourceId(id) }).await?;
            sources.delete(&grant).await.map_err(explain)?;
            if as_json { output::value(&json!({ "deleted": id })) } else { output::line("deleted") }
        }
    }
}

/// `name=value` pairs as an object, each value as the type's schema wants it: a password of digits is
/// a text.
fn options(pairs: &[String], schema: &Value) -> Result<Value> {
    let mut options = Map::new();
    for pair in pairs {
        let (name, value) =
            pair.split_once('=').with_context(|| format!("the option {pair:?} has no ="))?;
        let value = match schema["properties"][name]["type"].as_str() {
            Some("boolean") => value.parse::<bool>().map_or_else(|_| json!(value), Value::Bool),
            Some("number" | "integer") => {
                value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number))
            }
            _ => json!(value),
        };
        options.insert(name.to_owned(), value);
    }
    Ok(Value::Object(options))
}

/// The schema of a type; null for one that there is not.
async fn schema_of(session: &Session, kind: &str) -> Result<Value> {
    let grant = session.permit(ListSourceTypes {}).await?;
    let types = session.core.bi.sources.types(&grant);
    let found = types.into_iter().find(|known| known.name == kind);
    Ok(found.map_or(Value::Null, |known| known.schema))
}

fn option_names(schema: &Value) -> Value {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let names: Vec<String> = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(
            |name| {
                if required.contains(&name.as_str()) { format!("{name}*") } else { name.clone() }
            },
        )
        .collect();
    json!(names.join(" "))
}

fn row(view: &SourceView) -> Vec<Value> {
    let source = &view.source;
    let state = if source.paused { "paused" } else { "ready" };
    vec![json!(source.id), json!(source.name), json!(source.kind), json!(state)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_their_schema_wants_them() {
        let schema = json!({ "properties": {
            "port": { "type": "number" }, "ssl": { "type": "boolean" },
            "password": { "type": "string" },
        }});
        let given = ["port=5432", "ssl=true", "password=12345", "other=true", "url=a=b"];
        let given = given.map(str::to_owned);
        let read = options(&given, &schema).expect("pairs");
        assert_eq!(
            read,
            json!({
                "port": 5432, "ssl": true, "password": "12345", "other": "true", "url": "a=b"
            })
        );
        assert!(options(&["port".to_owned()], &schema).is_err());
    }
}

//! Tables and views with their columns; members of a `STRUCT` are listed behind it.

use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use tessera_bi::{Table, TableColumn};
use tessera_kernel::Result;

use super::read::rows;

/// Names of other databases stand in front of what is in them.
const COLUMNS: &str = "
    SELECT CASE WHEN database_name IN ('memory', 'temp', 'system') THEN ''
                ELSE database_name || '.' END || schema_name || '.' || table_name,
           column_name, data_type
    FROM duckdb_columns() WHERE NOT internal
    ORDER BY database_name, schema_name, table_name, column_index";

/// What follows a name in the type of a struct, and how deep it is looked into.
const STRUCT: &str = "STRUCT(";
const DEPTH_MAX: usize = 16;

/// All tables that the connection sees.
pub(super) fn list(connection: &mut ManagedConnection) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for batch in rows(connection, COLUMNS)? {
        let [names, columns, kinds] =
            [0, 1, 2].map(|place| batch.column(place).as_string::<i32>().clone());
        for row in 0..batch.num_rows() {
            let name = names.value(row);
            if tables.last().is_none_or(|table| table.name != name) {
                tables.push(Table { name: name.to_owned(), columns: Vec::new() });
            }
            if let Some(table) = tables.last_mut() {
                add(&mut table.columns, columns.value(row).to_owned(), kinds.value(row), 0);
            }
        }
    }
    Ok(tables)
}

fn add(columns: &mut Vec<TableColumn>, name: String, kind: &str, depth: usize) {
    columns.push(TableColumn { name: name.clone(), kind: kind.to_owned() });
    let inner = kind.strip_prefix(STRUCT).and_then(|rest| rest.strip_suffix(')'));
    let Some(inner) = inner.filter(|_| depth < DEPTH_MAX) else { return };
    for (member, kind) in members(inner) {
        add(columns, format!("{name}.{member}"), kind, depth + 1);
    }
}

/// The names and types of `a INTEGER, "b c" STRUCT(d VARCHAR)`.
fn members(text: &str) -> Vec<(String, &str)> {
    let (mut depth, mut quoted, mut begin) = (0_usize, None, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match (quoted, c) {
            (Some(quote), c) if c == quote => quoted = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quoted = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts.into_iter().filter_map(|part| member(part.trim())).collect()
}

fn member(part: &str) -> Option<(String, &str)> {
    let Some(rest) = part.strip_prefix('"') else {
        let (name, kind) = part.split_once(' ')?;
        return Some((name.to_owned(), kind.trim()));
    };
    let mut end = 0;
    loop {
        end += rest.get(end..)?.find('"')?;
        if !rest.get(end + 1..)?.starts_with('"') {
            break;
        }
        end += 2;
    }
    Some((rest.get(..end)?.replace("\"\"", "\""), rest.get(end + 1..)?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_structs_are_columns_too() {
        let mut columns = Vec::new();
        let kind = "STRUCT(a INTEGER, \"b, \"\"c\" STRUCT(d DECIMAL(4,1), e ENUM('x, )', 'y')[]))";
        add(&mut columns, "s".to_owned(), kind, 0);
        let found: Vec<(&str, &str)> =
            columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(found[0], ("s", kind));
        assert_eq!(found[1], ("s.a", "INTEGER"));
        assert_eq!(found[2].0, "s.b, \"c");
        assert_eq!(found[3], ("s.b, \"c.d", "DECIMAL(4,1)"));
        assert_eq!(found[4], ("s.b, \"c.e", "ENUM('x, )', 'y')[]"));
    }
}

//! What SQLite means by a text, in the words of the engine: names without regard to case, functions
//! and truth values as SQLite has them. Values are put in as nodes of the tree, never as text.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, TableFactor, UnaryOperator, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::SQLiteDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Tokenizer;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bound;

use super::functions;
use super::table::ResultFile;
use crate::engine::{check_count, fill, only_questions};

/// How deep a text may be nested for the reader.
const RECURSION_MAX: usize = 100;

/// The tables and their columns.
#[derive(Default)]
pub(super) struct Known {
    tables: HashMap<String, Vec<String>>,
}

impl Known {
    pub(super) fn table(&mut self, name: &str, file: &ResultFile) {
        let columns = file.columns().fields().iter().map(|field| field.name().clone());
        self.tables.insert(name.to_owned(), columns.collect());
    }
}

/// Reads one question.
pub(super) fn question(bound: &Bound, known: &Known) -> Result<Statement> {
    let wrong = |error: &dyn std::fmt::Display| Fault::new(Code::SourceFailed, error.to_string());
    let tokens =
        Tokenizer::new(&SQLiteDialect {}, &bound.sql).tokenize().map_err(|error| wrong(&error))?;
    check_count(&tokens)?;
    let statements = Parser::new(&SQLiteDialect {})
        .with_recursion_limit(RECURSION_MAX)
        .with_tokens(tokens)
        .parse_statements()
        .map_err(|error| wrong(&error))?;
    let Ok([mut statement]) = <[ast::Statement; 1]>::try_from(statements) else {
        return Err(only_questions());
    };
    let ast::Statement::Query(query) = &mut statement else { return Err(only_questions()) };
    name_columns(query);
    let mut names = Names::of(known);
    let _: ControlFlow<()> = Visit::visit(query, &mut names);
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Rewrite { names });
    fill(&mut statement, bound, '?')?;
    Ok(Statement::Statement(Box::new(statement)))
}

/// Gives the columns of an answer that have no name the text they are written in, as SQLite does.
fn name_columns(query: &mut Query) {
    let mut body = query.body.as_mut();
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left.as_mut(),
            SetExpr::Select(select) => {
                let mut taken = HashSet::new();
                for item in &mut select.projection {
                    let SelectItem::UnnamedExpr(expr) = item else { continue };
                    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                        continue;
                    }
                    let name = expr.to_string();
                    let mut free = name.clone();
                    while !taken.insert(free.clone()) {
                        free = format!("{name}:{}", taken.len());
                    }
                    let expr = std::mem::replace(expr, Expr::value(Value::Null));
                    let alias = Ident::with_quote('"', free);
                    *item = SelectItem::ExprWithAlias { expr, alias };
                }
                return;
            }
            // What stands in brackets has names of its own, or none that matter.
            _ => return,
        }
    }
}

/// The names in a question.
struct Names<'a> {
    known: &'a Known,
    /// Tables by the names they have in the question, in small letters.
    tables: HashMap<String, &'a [String]>,
    /// All names of tables in the question.
    table_names: HashSet<String>,
    /// Columns and aliases by their names in small letters.
    columns: HashMap<String, String>,
    exact: HashSet<String>,
}

impl<'a> Names<'a> {
    fn of(known: &'a Known) -> Self {
        let mut names = Self {
            known,
            tables: HashMap::new(),
            table_names: HashSet::new(),
            columns: HashMap::new(),
            exact: HashSet::new(),
        };
        for column in known.tables.values().flatten() {
            names.column(column);
        }
        names
    }

    fn column(&mut self, name: &str) {
        self.columns.entry(name.to_lowercase()).or_insert_with(|| name.to_owned());
        self.exact.insert(name.to_owned());
    }

    /// A column as it is really called.
    fn canonical(&self, name: &str) -> Option<String> {
        if self.exact.contains(name) {
            return Some(name.to_owned());
        }
        self.columns.get(&name.to_lowercase()).cloned()
    }

    /// A column of a table of the question as it is really called.
    fn canonical_of(&self, table: &str, name: &str) -> Option<String> {
        match self.tables.get(table) {
            Some(columns) => columns
                .iter()
                .find(|column| *column == name)
                .or_else(|| columns.iter().find(|column| column.eq_ignore_ascii_case(name)))
                .cloned(),
            None => self.canonical(name),
        }
    }
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let (name, alias) = match factor {
            TableFactor::Table { name, alias, .. } => (Some(small(name)), alias),
            TableFactor::Derived { alias, .. } => (None, alias),
            _ => return ControlFlow::Continue(()),
        };
        let seen = alias.as_ref().map(|alias| alias.name.value.to_lowercase());
        if let Some(seen) = seen.or_else(|| name.clone()) {
            self.table_names.insert(seen.clone());
            if let Some(columns) = name.and_then(|name| self.known.tables.get(&name)) {
                self.tables.insert(seen, columns);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.column(&alias.value);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            for column in &table.alias.columns {
                self.column(&column.name.value);
            }
        }
        ControlFlow::Continue(())
    }
}

/// The name of a table in small letters.
fn small(name: &ObjectName) -> String {
    let parts = name.0.iter().filter_map(|part| part.as_ident());
    parts.map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".")
}

fn make_small(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            *ident = Ident::new(ident.value.to_lowercase());
        }
    }
}

struct Rewrite<'a> {
    names: Names<'a>,
}

impl VisitorMut for Rewrite<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        for table in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            table.alias.name.value = table.alias.name.value.to_lowercase();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        make_small(relation);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } = factor
        {
            alias.name = Ident::new(alias.name.value.to_lowercase());
        }
        if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
            conditions(&mut table_with_joins.joins);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::QualifiedWildcard(
                ast::SelectItemQualifiedWildcardKind::ObjectName(name),
                _,
            ) = item
            {
                make_small(name);
            }
        }
        for condition in [&mut select.selection, &mut select.having].into_iter().flatten() {
            truth(condition);
        }
        for table in &mut select.from {
            conditions(&mut table.joins);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => {
                let ident = ident.clone();
                self.identifier(ident, expr);
            }
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Value(value) => {
                if let Value::Boolean(known) = value.value {
                    value.value = Value::Number(i32::from(known).to_string(), false);
                }
            }
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                truth(left);
                truth(right);
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => truth(expr),
            Expr::Case { operand: None, conditions, .. } => {
                for when in conditions {
                    truth(&mut when.condition);
                }
            }
            _ => {
                if let Some(other) = functions::rewritten(expr) {
                    *expr = other;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Rewrite<'_> {
    /// A column, or, in double quotes, what is no column and so a text to SQLite.
    fn identifier(&self, ident: Ident, place: &mut Expr) {
        match (self.names.canonical(&ident.value), ident.quote_style) {
            (Some(name), _) => *place = Expr::Identifier(Ident::with_quote('"', name)),
            (None, Some('"')) => {
                *place = Expr::value(Value::SingleQuotedString(ident.value));
            }
            (None, _) => {}
        }
    }

    fn compound(&self, parts: &mut [Ident]) {
        let Some((column, tables)) = parts.split_last_mut() else { return };
        for table in tables.iter_mut() {
            *table = Ident::new(table.value.to_lowercase());
        }
        let table = tables.last().map(|table| table.value.as_str()).unwrap_or_default();
        if let Some(name) = self.names.canonical_of(table, &column.value) {
            *column = Ident::with_quote('"', name);
        }
    }
}

fn conditions(joins: &mut [ast::Join]) {
    use ast::JoinOperator as Op;
    for join in joins {
        if let Op::Join(constraint)
        | Op::Inner(constraint)
        | Op::Left(constraint)
        | Op::LeftOuter(constraint)
        | Op::Right(constraint)
        | Op::RightOuter(constraint)
        | Op::FullOuter(constraint)
        | Op::CrossJoin(constraint) = &mut join.join_operator
            && let ast::JoinConstraint::On(condition) = constraint
        {
            truth(condition);
        }
    }
}

/// A number where a truth value is wanted: anything but 0 is true.
fn truth(expr: &mut Expr) {
    match expr {
        Expr::Nested(inner) => truth(inner),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => {
            let number = std::mem::replace(expr, Expr::value(Value::Null));
            *expr = Expr::BinaryOp {
                left: Box::new(number),
                op: BinaryOperator::NotEq,
                right: Box::new(Expr::value(Value::Number("0".to_owned(), false))),
            };
        }
        _ => {}
    }
}

//! Texts of others before they are planned: how long they may be, and the values put into them, as
//! nodes of the tree and never as text.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::tokenizer::Token;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bind, Bound};

/// Most words and signs of a text.
const TOKENS_MAX: usize = 4000;

/// Refuses a text that is too long.
pub(crate) fn check_count(tokens: &[Token]) -> Result<()> {
    let count = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).count();
    if count > TOKENS_MAX {
        let detail = format!("the text has more than {TOKENS_MAX} words and signs");
        return Err(Fault::new(Code::SourceFailed, detail));
    }
    Ok(())
}

/// Gives a name to each table in parentheses that has none. Of two within each other whose columns
/// have one name, the engine takes the same calculation for one that it did before.
struct NameTables {
    named: usize,
}

impl ast::VisitorMut for NameTables {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut ast::TableFactor) -> ControlFlow<()> {
        if let ast::TableFactor::Derived { alias: alias @ None, .. } = table {
            self.named += 1;
            // No table has such a name.
            let name = ast::Ident::with_quote('"', format!(":{}", self.named));
            *alias = Some(ast::TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        }
        ControlFlow::Continue(())
    }
}

/// Puts the values of a statement in, whose places begin with `mark`: `$1` or `?1`; and names what
/// has to have a name.
pub(crate) fn fill(statement: &mut ast::Statement, bound: &Bound, mark: char) -> Result<()> {
    let _: ControlFlow<()> = ast::VisitMut::visit(statement, &mut NameTables { named: 0 });
    let filled = ast::visit_expressions_mut(statement, |expression| {
        let ast::Expr::Value(value) = expression else { return ControlFlow::Continue(()) };
        let ast::Value::Placeholder(name) = &value.value else {
            return ControlFlow::Continue(());
        };
        let place = name.strip_prefix(mark).and_then(|place| place.parse::<usize>().ok());
        match place.and_then(|place| bound.binds.get(place.checked_sub(1)?)) {
            Some(bind) => {
                *expression = literal(bind);
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(name.clone()),
        }
    });
    match filled {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => {
            Err(Fault::new(Code::SourceFailed, format!("there is no value for {name}")))
        }
    }
}

/// A value as a node.
fn literal(bind: &Bind) -> ast::Expr {
    let text = |text: &str| ast::Expr::value(ast::Value::SingleQuotedString(text.to_owned()));
    let typed = |value: &str, data_type| ast::Expr::Cast {
        kind: ast::CastKind::Cast,
        expr: Box::new(text(value)),
        data_type,
        array: false,
        format: None,
    };
    let number = |number: &str| {
        let plain = |digits: &str| ast::Expr::value(ast::Value::Number(digits.to_owned(), false));
        match number.strip_prefix('-') {
            None => plain(number),
            Some(digits) => ast::Expr::Nested(Box::new(ast::Expr::UnaryOp {
                op: ast::UnaryOperator::Minus,
                expr: Box::new(plain(digits)),
            })),
        }
    };
    match bind {
        Bind::Integer(value) => number(&value.to_string()),
        Bind::Decimal(value) => number(value),
        Bind::Text(value) | Bind::Untyped(value) => text(value),
        Bind::Date(value) => typed(&value.to_string(), ast::DataType::Date),
        Bind::Datetime(value) => typed(
            &value.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            ast::DataType::Timestamp(None, ast::TimezoneInfo::None),
        ),
    }
}

pub(crate) fn only_questions() -> Fault {
    Fault::new(Code::SourceFailed, "only SELECT can be run here: the tables are for reading")
}

//! Takes a text apart into statements, and limits the rows of the last one.

use crate::Dialect;
use crate::lexer::{Kind, Token, lex};
use crate::tags::find_tags;

/// The statements of a text, each without blanks and comments after its end.
pub(crate) fn statements(text: &str, dialect: Dialect) -> Vec<Vec<Token>> {
    let mut all = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    for token in lex(text, &find_tags(text), dialect) {
        if token.kind == Kind::Symbol(';') && !within_trigger(text, &current, dialect) {
            all.push(std::mem::take(&mut current));
        } else {
            current.push(token);
        }
    }
    all.push(current);
    for statement in &mut all {
        let end = statement.iter().rposition(Token::is_code).map_or(0, |last| last + 1);
        statement.truncate(end);
        let blanks = statement.iter().take_while(|token| token.kind == Kind::Space).count();
        statement.drain(..blanks);
    }
    all.retain(|statement| !statement.is_empty());
    all
}

/// Whether a semicolon here is one of those between the statements of a trigger.
fn within_trigger(text: &str, statement: &[Token], dialect: Dialect) -> bool {
    if dialect != Dialect::Sqlite {
        return false;
    }
    let mut code = statement.iter().filter(|token| token.is_code());
    let creates = code.next().is_some_and(|token| token.is_word(text, "create"));
    if !creates || !code.take(2).any(|token| token.is_word(text, "trigger")) {
        return false;
    }
    let mut back = statement.iter().rev().filter(|token| token.is_code());
    let ends = back.next().is_some_and(|token| token.is_word(text, "end"))
        && back.next().is_some_and(|token| token.kind == Kind::Symbol(';'));
    !ends
}

fn written<'t>(text: &'t str, statement: &[Token]) -> &'t str {
    match (statement.first(), statement.last()) {
        (Some(first), Some(last)) => text.get(first.start..last.end).unwrap_or_default(),
        _ => "",
    }
}

/// Drops statements that are empty or only comments, and joins the rest with `;` and a line break.
/// A text without any statement is left as it is.
#[must_use]
pub fn normalize_statements(text: &str, dialect: Dialect) -> String {
    let statements = statements(text, dialect);
    if statements.is_empty() {
        return text.to_owned();
    }
    statements.iter().map(|statement| written(text, statement)).collect::<Vec<_>>().join(";\n")
}

/// Normalizes the statements, and adds ` LIMIT rows` to the last one if it begins with `SELECT` and
/// does not say itself how many rows it wants.
#[must_use]
pub fn apply_auto_limit(text: &str, rows: u64, dialect: Dialect) -> String {
    let normalized = normalize_statements(text, dialect);
    let wants_limit =
        statements(text, dialect).last().is_some_and(|statement| takes_limit(text, statement));
    if wants_limit { format!("{normalized} LIMIT {rows}") } else { normalized }
}

fn takes_limit(text: &str, statement: &[Token]) -> bool {
    let mut depth = 0_i64;
    let mut code = statement.iter().filter(|token| token.is_code());
    if !code.next().is_some_and(|first| first.is_word(text, "select")) {
        return false;
    }
    for token in code {
        match token.kind {
            Kind::Symbol('(' | '[') => depth += 1,
            Kind::Symbol(')' | ']') => depth -= 1,
            Kind::Word if depth == 0 => {
                if ["limit", "offset", "fetch"].iter().any(|word| token.is_word(text, word)) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

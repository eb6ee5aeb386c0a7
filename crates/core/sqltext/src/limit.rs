//! Takes a text apart into statements, and limits the rows of the last one.

use crate::Dialect;
use crate::lexer::{Kind, Token, lex};
use crate::tags::find_tags;

/// The statements of a text, each without blanks and comments after its end.
pub(crate) fn statements(text: &str, dialect: Dialect) -> Vec<Vec<Token>> {
    let mut all = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    let mut trigger = Trigger::default();
    for token in lex(text, &find_tags(text), dialect) {
        let inside = dialect == Dialect::Sqlite && trigger.goes_on();
        if token.kind == Kind::Symbol(';') && !inside {
            all.push(std::mem::take(&mut current));
            trigger = Trigger::default();
            continue;
        }
        trigger.read(text, &token);
        current.push(token);
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

/// Follows a statement, to tell whether it makes a trigger, whose own statements end in semicolons.
#[derive(Default)]
struct Trigger {
    /// How many tokens of code there were.
    length: usize,
    creates: bool,
    is_trigger: bool,
    /// Whether the last token was a semicolon.
    after_semicolon: bool,
    /// Whether the last token was an `END` after a semicolon.
    ended: bool,
}

impl Trigger {
    fn read(&mut self, text: &str, token: &Token) {
        if !token.is_code() {
            return;
        }
        match self.length {
            0 => self.creates = token.is_word(text, "create"),
            // `CREATE TRIGGER` or `CREATE TEMP TRIGGER`
            1 | 2 => self.is_trigger |= self.creates && token.is_word(text, "trigger"),
            _ => {}
        }
        self.length += 1;
        self.ended = self.after_semicolon && token.is_word(text, "end");
        self.after_semicolon = token.kind == Kind::Symbol(';');
    }

    fn goes_on(&self) -> bool {
        self.is_trigger && !self.ended
    }
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
    if dialect.document().is_some() {
        return text.to_owned();
    }
    let statements = statements(text, dialect);
    if statements.is_empty() {
        return text.to_owned();
    }
    statements.iter().map(|statement| written(text, statement)).collect::<Vec<_>>().join(";\n")
}

/// Normalizes the statements, and adds ` LIMIT rows` (`TOP rows` in SQL Server) to the last one if it
/// begins with `SELECT` and does not say itself how many rows it wants.
#[must_use]
pub fn apply_auto_limit(text: &str, rows: u64, dialect: Dialect) -> String {
    if dialect.document().is_some() {
        return text.to_owned();
    }
    let normalized = normalize_statements(text, dialect);
    let all = statements(&normalized, dialect);
    let Some(last) = all.last().filter(|statement| takes_limit(&normalized, statement, dialect))
    else {
        return normalized;
    };
    if dialect != Dialect::SqlServer {
        return format!("{normalized} LIMIT {rows}");
    }
    let words = ["select", "distinct", "all"];
    let head = last.iter().filter(|token| token.is_code());
    let head =
        head.take_while(|token| words.iter().any(|word| token.is_word(&normalized, word))).last();
    let (before, after) = normalized.split_at(head.map_or(0, |token| token.end));
    format!("{before} TOP {rows}{after}")
}

fn takes_limit(text: &str, statement: &[Token], dialect: Dialect) -> bool {
    let mut depth = 0_i64;
    let mut code = statement.iter().filter(|token| token.is_code());
    if !code.next().is_some_and(|first| first.is_word(text, "select")) {
        return false;
    }
    for token in code {
        match token.kind {
            Kind::Symbol('(' | '[') => depth += 1,
            Kind::Symbol(')' | ']') => depth -= 1,
            // What is piped on is limited there, if at all.
            Kind::Symbol('|') if depth == 0 && piped(text, token, dialect) => return false,
            Kind::Word
                if depth == 0
                    && dialect.ends_of_query().iter().any(|word| token.is_word(text, word)) =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}

/// Whether the pipe `|>` of GoogleSQL begins here.
fn piped(text: &str, token: &Token, dialect: Dialect) -> bool {
    let next = text.get(token.end..).unwrap_or_default();
    dialect == Dialect::BigQuery && next.starts_with('>')
}

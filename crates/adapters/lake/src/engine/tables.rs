//! Registered tables, ready to be asked: for reading only.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::common::config::Dialect;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::Tokenizer;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bound;

use super::{About, check_count, fill, functions, only_questions};

/// The tables of one question.
pub(crate) struct Tables {
    context: SessionContext,
    about: About,
}

/// The rows of an answer.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch>>;

impl Tables {
    /// Tables that somebody registered.
    pub(crate) const fn over(context: SessionContext, about: About) -> Self {
        Self { context, about }
    }

    /// Asks with a text of ours; values stand at `$1 …`.
    pub(crate) async fn stream(&self, sql: &str, values: Vec<ScalarValue>) -> Result<Rows> {
        let refused = |error| self.about.refused(error);
        let frame = self.context.sql(sql).await;
        let frame = frame.and_then(|frame| frame.with_param_values(values)).map_err(refused)?;
        Ok(self.rows(frame.execute_stream().await.map_err(refused)?))
    }

    /// Asks with a text of somebody else's: one or more questions, the last of which is answered.
    /// Nothing but questions is accepted, and of tables only those that are registered.
    pub(crate) async fn ask(&self, statements: &[Bound]) -> Result<(SchemaRef, Rows)> {
        self.ask_read(statements, |bound| self.question(bound)).await
    }

    /// The same for texts that are read in another way.
    pub(crate) async fn ask_read(
        &self,
        statements: &[Bound],
        read: impl Fn(&Bound) -> Result<Statement>,
    ) -> Result<(SchemaRef, Rows)> {
        let mut last = None;
        for bound in statements {
            last = Some(read(bound)?);
        }
        let none = || Fault::new(Code::SourceFailed, "Query completed but it returned no data.");
        let statement = last.ok_or_else(none)?;
        let refused = |error| self.about.refused(error);
        let plan = self.context.state().statement_to_plan(statement).await.map_err(refused)?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .and_then(|()| functions::check(&plan))
            .map_err(refused)?;
        let frame = self.context.execute_logical_plan(plan).await.map_err(refused)?;
        let rows = frame.execute_stream().await.map_err(refused)?;
        Ok((rows.schema(), self.rows(rows)))
    }

    fn rows(&self, rows: SendableRecordBatchStream) -> Rows {
        let about = self.about;
        rows.map(move |batch| batch.map_err(|error| about.refused(error))).boxed()
    }

    /// Reads one question as PostgreSQL would, and puts its values in.
    fn question(&self, bound: &Bound) -> Result<Statement> {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, &bound.sql)
            .tokenize()
            .map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
        check_count(&tokens)?;
        let statement = self
            .context
            .state()
            .sql_to_statement(&bound.sql, &Dialect::PostgreSQL)
            .map_err(|error| self.about.refused(error))?;
        let Statement::Statement(mut inner) = statement else { return Err(only_questions()) };
        if !matches!(*inner, ast::Statement::Query(_)) {
            return Err(only_questions());
        }
        fill(&mut inner, bound, '$')?;
        Ok(Statement::Statement(inner))
    }
}

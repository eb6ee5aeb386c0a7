//! Makes work on the threads of the engine end soon after nobody wants it any more.
//!
//! A runtime ends a task where the task yields, and a join whose pairs are all refused never does:
//! it has nothing to give out. So every step of a plan, and every condition of a join, asks first
//! whether it is still wanted. That is one look at a flag for some thousand rows.

use std::fmt::{Display, Formatter};
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{JoinType, exec_err, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt as _};

use super::allowance::{Allowance, AtWork, begin_batch};
use super::grows::length;

/// Whether some work has been given up. All clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nobody wants the work any more.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An error once nobody wants the work; nobody reads what it says.
    fn check(&self) -> SqlResult<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(DataFusionError::Execution("the work was given up".to_owned()));
        }
        Ok(())
    }
}

/// The last rule that a plan goes through: makes all of it ask.
#[derive(Debug)]
pub(super) struct AskBeforeWork {
    stop: Stop,
    /// Most bytes of a batch.
    batch_bytes_max: usize,
    allowance: Allowance,
}

/// What a step may give out.
#[derive(Debug, Clone)]
struct BatchLimits {
    /// Most bytes of a batch.
    bytes_max: usize,
    /// How long its values may be, if it makes long ones.
    values: Option<Allowance>,
}

impl BatchLimits {
    fn check(&self, batch: &RecordBatch) -> SqlResult<()> {
        let bytes = batch.get_array_memory_size();
        if bytes > self.bytes_max {
            let detail = "a batch of rows is too large".to_owned();
            return Err(DataFusionError::ResourcesExhausted(detail));
        }
        let Some(allowance) = &self.values else { return Ok(()) };
        if allowance.check_value(bytes as u64).is_ok() {
            return Ok(());
        }
        for column in batch.columns() {
            let longest = (0..column.len()).map(|row| length(column, row)).max();
            if let Err(too_much) = allowance.check_value(longest.unwrap_or(0)) {
                return exec_err!("an aggregate makes {too_much}");
            }
        }
        Ok(())
    }
}

impl PhysicalOptimizerRule for AskBeforeWork {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let asking = plan.transform_up(|step| {
            let step = self.with_condition(step)?;
            // What an aggregate makes of many rows is one value.
            let sums = step.is::<AggregateExec>();
            let limits = BatchLimits {
                bytes_max: self.batch_bytes_max,
                values: sums.then(|| self.allowance.clone()),
            };
            Ok(Transformed::yes(Arc::new(Asking { step, stop: self.stop.clone(), limits }) as _))
        });
        asking.map(|asking| asking.data)
    }

    fn name(&self) -> &'static str {
        "ask_before_work"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

impl AskBeforeWork {
    pub(super) const fn new(stop: Stop, batch_bytes_max: usize, allowance: Allowance) -> Self {
        Self { stop, batch_bytes_max, allowance }
    }

    /// A join whose condition asks. Joins by merging are never planned here: inputs have an end, and
    /// the configuration prefers tables of hashes.
    fn with_condition(&self, step: Arc<dyn ExecutionPlan>) -> SqlResult<Arc<dyn ExecutionPlan>> {
        if let Some(join) = step.downcast_ref::<HashJoinExec>()
            && let Some(condition) = self.condition(join.filter(), *join.join_type())
        {
            return join.builder().with_filter(Some(condition)).build_exec();
        }
        if let Some(join) = step.downcast_ref::<NestedLoopJoinExec>()
            && let Some(condition) = self.condition(join.filter(), *join.join_type())
        {
            let join = NestedLoopJoinExecBuilder::from(join).with_filter(Some(condition));
            return Ok(Arc::new(join.build()?));
        }
        Ok(step)
    }

    /// `None` for a join that gives out all its pairs: who takes them asks.
    fn condition(&self, known: Option<&JoinFilter>, kind: JoinType) -> Option<JoinFilter> {
        let asking = |of| Arc::new(AskingCondition { of, stop: self.stop.clone() });
        match (known, kind) {
            (Some(known), _) => Some(JoinFilter::new(
                asking(Arc::clone(known.expression())),
                known.column_indices().to_vec(),
                Arc::clone(known.schema()),
            )),
            (None, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full) => None,
            (None, _) => {
                Some(JoinFilter::new(asking(lit(true)), Vec::new(), Arc::new(Schema::empty())))
            }
        }
    }
}

/// A step of a plan that asks before each batch, and gives out none that is too large.
#[derive(Debug)]
struct Asking {
    step: Arc<dyn ExecutionPlan>,
    stop: Stop,
    limits: BatchLimits,
}

impl DisplayAs for Asking {
    fn fmt_as(&self, _form: DisplayFormatType, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asking")
    }
}

impl ExecutionPlan for Asking {
    fn name(&self) -> &'static str {
        "Asking"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.step.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.step]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) {
            Ok([step]) => {
                let (stop, limits) = (self.stop.clone(), self.limits.clone());
                Ok(Arc::new(Self { step, stop, limits }))
            }
            Err(children) => internal_err!("one step was expected, not {}", children.len()),
        }
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> SqlResult<TreeNodeRecursion>,
    ) -> SqlResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let children_properties = ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(children_properties))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> SqlResult<SendableRecordBatchStream> {
        let rows = make_cooperative(self.step.execute(partition, context)?);
        let (stop, limits) = (self.stop.clone(), self.limits.clone());
        Ok(Box::pin(AskingRows { rows, stop, limits }))
    }
}

/// The rows of a step.
struct AskingRows {
    rows: SendableRecordBatchStream,
    stop: Stop,
    limits: BatchLimits,
}

impl Stream for AskingRows {
    type Item = SqlResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Err(given_up) = self.stop.check() {
            return Poll::Ready(Some(Err(given_up)));
        }
        let next = {
            let _at_work = AtWork::begin();
            ready!(self.rows.poll_next_unpin(cx))
        };
        if let Some(Ok(batch)) = &next
            && let Err(too_large) = self.limits.check(batch)
        {
            return Poll::Ready(Some(Err(too_large)));
        }
        Poll::Ready(next)
    }
}

impl RecordBatchStream for AskingRows {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
}

/// A condition that asks before each batch.
#[derive(Debug, Clone)]
struct AskingCondition {
    of: Arc<dyn PhysicalExpr>,
    stop: Stop,
}

impl PartialEq for AskingCondition {
    fn eq(&self, other: &Self) -> bool {
        self.of.as_ref() == other.of.as_ref()
    }
}

impl Eq for AskingCondition {}

impl Hash for AskingCondition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.of.as_ref().hash(state);
    }
}

impl Display for AskingCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.of, f)
    }
}

impl PhysicalExpr for AskingCondition {
    fn data_type(&self, input: &Schema) -> SqlResult<DataType> {
        self.of.data_type(input)
    }

    fn nullable(&self, input: &Schema) -> SqlResult<bool> {
        self.of.nullable(input)
    }

    fn evaluate(&self, batch: &RecordBatch) -> SqlResult<ColumnarValue> {
        self.stop.check()?;
        begin_batch();
        self.of.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.of]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> SqlResult<Arc<dyn PhysicalExpr>> {
        match <[Arc<dyn PhysicalExpr>; 1]>::try_from(children) {
            Ok([of]) => Ok(Arc::new(Self { of, stop: self.stop.clone() })),
            Err(children) => internal_err!("one condition was expected, not {}", children.len()),
        }
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.of.fmt_sql(f)
    }
}

//! Functions that would let a short text ask for more memory than there is: the engine counts what
//! is kept of a question, and not what a function makes of one row. Those that make more than they
//! are given look first at how much that is.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_schema::{DataType, FieldRef};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result as SqlResult;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};
use datafusion::prelude::SessionContext;

use super::allowance::Allowance;
use super::grows::Grows;
use super::join_texts::JoinTexts;

/// Functions of the engine's own types: of texts, they make some without any limit of length.
const LEFT_OUT: [&str; 2] = ["arrow_cast", "arrow_try_cast"];

/// Aggregates whose values are as long as what they are made of; over a window, for each row.
const NO_WINDOW: [&str; 2] = ["array_agg", "string_agg"];

/// The aggregate that puts something between the texts of all rows.
const BETWEEN: &str = "string_agg";

/// Longest text that may stand between two others, in bytes: of each row the engine counts about as
/// much, so that what comes of it is not much larger than what was counted.
const BETWEEN_BYTES_MAX: usize = 100;

/// What makes more than it is given.
const GROWING: [(&str, Grows); 11] = [
    ("repeat", Grows::Times),
    ("lpad", Grows::Letters),
    ("rpad", Grows::Letters),
    ("concat", Grows::Together),
    ("concat_ws", Grows::Between),
    ("overlay", Grows::Together),
    ("encode", Grows::Doubled),
    ("replace", Grows::Replaced),
    ("regexp_replace", Grows::Matched),
    ("regexp_match", Grows::Captured),
    ("to_char", Grows::Shown),
];

/// Leaves out and replaces what has no limit of its own.
pub(super) fn limit(context: &SessionContext, allowance: &Allowance) {
    for name in LEFT_OUT {
        context.deregister_udf(name);
    }
    let known = context.state().scalar_functions().clone();
    for (name, grows) in GROWING {
        if let Some(of) = known.get(name) {
            context.register_udf(Limited::of(of, grows, allowance));
        }
    }
    // Together they are null if one of them is, which `concat` is not.
    let joins = |of| Arc::new(Limited::of(&of, Grows::Together, allowance));
    context.add_analyzer_rule(Arc::new(JoinTexts::new(joins, Limited::placed)));
}

/// Refuses what would grow with the square of the rows, or by a text for each of them.
pub(super) fn check(plan: &LogicalPlan) -> SqlResult<()> {
    let part = |part: &Expr| match part {
        Expr::WindowFunction(window) if NO_WINDOW.contains(&window.fun.name()) => {
            plan_err!("{} cannot be used over a window here", window.fun.name())
        }
        Expr::AggregateFunction(aggregate) if aggregate.func.name() == BETWEEN => {
            if aggregate.params.args.get(1).is_none_or(is_short) {
                return Ok(TreeNodeRecursion::Continue);
            }
            plan_err!("what {BETWEEN} puts between must be a text of {BETWEEN_BYTES_MAX} bytes")
        }
        _ => Ok(TreeNodeRecursion::Continue),
    };
    plan.apply_with_subqueries(|node| node.apply_expressions(|expr| expr.apply(part))).map(drop)
}

/// Whether it is a text that stands there as it is and is not long.
fn is_short(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => value
            .try_as_str()
            .is_none_or(|text| text.unwrap_or_default().len() <= BETWEEN_BYTES_MAX),
        Expr::Cast(cast) => is_short(&cast.expr),
        Expr::TryCast(cast) => is_short(&cast.expr),
        Expr::Alias(alias) => is_short(&alias.expr),
        _ => false,
    }
}

/// A function that looks first at how much it makes.
#[derive(Debug)]
struct Limited {
    of: Arc<ScalarUDF>,
    grows: Grows,
    allowance: Allowance,
    /// Where in the text it stands.
    place: usize,
}

impl Limited {
    fn of(of: &Arc<ScalarUDF>, grows: Grows, allowance: &Allowance) -> ScalarUDF {
        let (of, allowance) = (Arc::clone(of), allowance.clone());
        let place = allowance.next_place();
        ScalarUDF::from(Self { of, grows, allowance, place })
    }

    /// The same for one place in the text; `None` for functions that have no limit.
    fn placed(function: &ScalarUDF) -> Option<Arc<ScalarUDF>> {
        let Self { of, grows, allowance, .. } = function.inner().downcast_ref()?;
        Some(Arc::new(Self::of(of, *grows, allowance)))
    }

    fn check(&self, args: &ScalarFunctionArgs) -> SqlResult<()> {
        let made = self.grows.made(&args.args, args.number_rows, &self.allowance)?;
        match self.allowance.make(made, self.place) {
            Ok(()) => Ok(()),
            Err(too_much) => exec_err!("{} makes {too_much}", self.name()),
        }
    }
}

impl PartialEq for Limited {
    fn eq(&self, other: &Self) -> bool {
        (&self.of, self.grows) == (&other.of, other.grows)
    }
}

impl Eq for Limited {}

impl Hash for Limited {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.of, self.grows).hash(state);
    }
}

impl ScalarUDFImpl for Limited {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> SqlResult<Vec<DataType>> {
        self.of.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> SqlResult<DataType> {
        self.of.return_type(given)
    }

    fn return_field_from_args(&self, given: ReturnFieldArgs<'_>) -> SqlResult<FieldRef> {
        self.of.return_field_from_args(given)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> SqlResult<ColumnarValue> {
        self.check(&args)?;
        self.of.invoke_with_args(args)
    }
}

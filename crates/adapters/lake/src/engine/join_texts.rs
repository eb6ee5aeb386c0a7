//! `||` as a function, so that it can be limited like the others: an operator has no such place. And
//! every limited function told apart from the same one elsewhere in the text.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result as SqlResult;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr::PhysicalExpr as _;
use datafusion::physical_expr::expressions::{self, Column};

/// Puts a function in the place of the operator, once both sides have one type.
#[derive(Debug)]
pub(super) struct JoinTexts {
    function: Arc<ScalarUDF>,
    placed: Placed,
}

/// A function for one place in a text, if it is one that is told apart.
type Placed = fn(&ScalarUDF) -> Option<Arc<ScalarUDF>>;

impl JoinTexts {
    /// With what is made of the function.
    pub(super) fn new(made: impl FnOnce(Arc<ScalarUDF>) -> Arc<ScalarUDF>, placed: Placed) -> Self {
        let signature = Signature::any(2, Volatility::Immutable);
        Self { function: made(Arc::new(ScalarUDF::from(Joined { signature }))), placed }
    }

    fn rewritten(&self, expr: Expr) -> Transformed<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
                let function = (self.placed)(&self.function);
                let function = function.unwrap_or_else(|| Arc::clone(&self.function));
                let function = ScalarFunction::new_udf(function, vec![*left, *right]);
                Transformed::yes(Expr::ScalarFunction(function))
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) => match (self.placed)(&func) {
                Some(func) => Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })),
                None => Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })),
            },
            other => Transformed::no(other),
        }
    }
}

impl AnalyzerRule for JoinTexts {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> SqlResult<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| {
            let names = NamePreserver::new(&node);
            let node = node.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|part| Ok(self.rewritten(part)))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?;
            if node.transformed { node.map_data(LogicalPlan::recompute_schema) } else { Ok(node) }
        });
        plan.map(|plan| plan.data)
    }

    fn name(&self) -> &'static str {
        "join_texts"
    }
}

/// What the operator does.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    signature: Signature,
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &'static str {
        "||"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> SqlResult<DataType> {
        match given {
            [left, right] if left == right => Ok(left.clone()),
            _ => plan_err!("only texts are put together by ||"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> SqlResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else {
            return internal_err!("two texts were expected, not {}", arrays.len());
        };
        let field = |name, of: &DataType| Field::new(name, of.clone(), true);
        let schema =
            Schema::new(vec![field("left", left.data_type()), field("right", right.data_type())]);
        let batch = RecordBatch::try_new(Arc::new(schema), arrays.clone())?;
        let joined = expressions::BinaryExpr::new(
            Arc::new(Column::new("left", 0)),
            Operator::StringConcat,
            Arc::new(Column::new("right", 1)),
        );
        let made = joined.evaluate(&batch)?;
        let is_one = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        match made {
            ColumnarValue::Array(made) if is_one => {
                let value = datafusion::common::ScalarValue::try_from_array(&made, 0)?;
                Ok(ColumnarValue::Scalar(value))
            }
            made => Ok(made),
        }
    }
}

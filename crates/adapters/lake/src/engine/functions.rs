//! Functions that would let a short text ask for more memory than there is: the engine counts what
//! is kept of a question, and not what a function makes of one row.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::{DataType, FieldRef};
use datafusion::common::plan_err;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::functions::{string, unicode};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};
use datafusion::prelude::SessionContext;

/// Most bytes that a function makes of a batch of rows.
const MADE_BYTES_MAX: u64 = 128 << 20;

/// Functions of the engine's own types: of texts, they make some without any limit of length.
const LEFT_OUT: [&str; 2] = ["arrow_cast", "arrow_try_cast"];

/// Aggregates whose values are as long as what they are made of; over a window, for each row.
const NO_WINDOW: [&str; 2] = ["array_agg", "string_agg"];

/// Leaves out and replaces what has no limit of its own.
pub(super) fn limit(context: &SessionContext) {
    for name in LEFT_OUT {
        context.deregister_udf(name);
    }
    for (of, grows) in [
        (string::repeat(), Grows::ByLength),
        (unicode::lpad(), Grows::ToLetters),
        (unicode::rpad(), Grows::ToLetters),
    ] {
        context.register_udf(ScalarUDF::from(Limited { of, grows }));
    }
}

/// Refuses what would grow with the square of the rows.
pub(super) fn check(plan: &LogicalPlan) -> SqlResult<()> {
    let part = |part: &Expr| match part {
        Expr::WindowFunction(window) if NO_WINDOW.contains(&window.fun.name()) => {
            plan_err!("{} cannot be used over a window here", window.fun.name())
        }
        _ => Ok(TreeNodeRecursion::Continue),
    };
    plan.apply_with_subqueries(|node| node.apply_expressions(|expr| expr.apply(part))).map(drop)
}

/// How long a text becomes that a number stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Grows {
    /// So many times as long.
    ByLength,
    /// So many letters.
    ToLetters,
}

/// A function of a text and a number that looks first at how long the texts become.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Limited {
    of: Arc<ScalarUDF>,
    grows: Grows,
}

impl Limited {
    fn check(&self, args: &ScalarFunctionArgs) -> SqlResult<()> {
        let [text, number, ..] = args.args.as_slice() else { return Ok(()) };
        let rows = match (text, number) {
            (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => 1,
            _ => args.number_rows,
        };
        let (texts, numbers) = (text.to_array(rows)?, number.to_array(rows)?);
        let Some(numbers) = numbers.as_primitive_opt::<Int64Type>() else { return Ok(()) };
        let made = (0..rows).filter(|row| numbers.is_valid(*row)).map(|row| {
            let number = u64::try_from(numbers.value(row)).unwrap_or(0);
            number.saturating_mul(match self.grows {
                Grows::ByLength => bytes(&texts, row),
                Grows::ToLetters => 4,
            })
        });
        if made.fold(0, u64::saturating_add) > MADE_BYTES_MAX {
            let detail = format!("{} makes more than {MADE_BYTES_MAX} bytes", self.name());
            return Err(DataFusionError::Execution(detail));
        }
        Ok(())
    }
}

/// The length of a text.
fn bytes(texts: &ArrayRef, row: usize) -> u64 {
    let text = match texts.data_type() {
        DataType::Utf8 => texts.as_string::<i32>().value(row),
        DataType::LargeUtf8 => texts.as_string::<i64>().value(row),
        DataType::Utf8View => texts.as_string_view().value(row),
        _ => return 0,
    };
    text.len() as u64
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

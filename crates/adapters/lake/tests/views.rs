//! Views of real result files: pages that read no more than they need, and rows that do not all
//! have to be in memory.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use futures::TryStreamExt as _;
use tessera_bi::ports::{ResultFiles, ResultViews};
use tessera_bi::views::{Condition, Operator, Sort, View, ViewLimits, ViewRows};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Result};
use tessera_lake::{Lake, ResultEngine};

const ROWS: i64 = 100_000;

const LIMITS: ViewLimits =
    ViewLimits { rows_max: 1_000_000, bytes_max: 64 << 20, time_limit_seconds: 60 };

struct World {
    folder: tempfile::TempDir,
    engine: ResultEngine,
    file: Uid,
}

impl World {
    /// A result with many rows, from 0.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::local(folder.path().to_owned()).expect("opens");
        let schema = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("text", DataType::Utf8, true),
        ]));
        let file = Uid::now_v7();
        let mut writer = lake.create(file).await.expect("created");
        writer.begin(Arc::clone(&schema)).await.expect("begun");
        for first in (0..ROWS).step_by(1000) {
            let numbers = first..first + 1000;
            let texts = numbers.clone().map(|number| Some(format!("{number:0>100}")));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(numbers.clone())),
                Arc::new(texts.collect::<StringArray>()),
            ];
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns).expect("fits");
            writer.batch(batch).await.expect("written");
        }
        writer.finish().await.expect("finished");
        let engine = ResultEngine::new(lake, 256 << 20, 16 << 20);
        Self { folder, engine, file }
    }

    async fn view(&self, view: &View) -> Result<ViewRows> {
        self.engine.view(self.file, view, LIMITS).await
    }

    /// The numbers of the rows of a view.
    async fn numbers(&self, view: &View) -> Vec<i64> {
        numbers(self.view(view).await.unwrap_or_else(|fault| panic!("{view:?}: {fault}"))).await
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("results")).expect("a folder").count()
    }
}

async fn numbers(rows: ViewRows) -> Vec<i64> {
    let batches: Vec<RecordBatch> = rows.batches.try_collect().await.expect("read");
    let column =
        |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(column).collect()
}

fn page(offset: u64, limit: u64) -> View {
    View { offset, limit: Some(limit), ..View::default() }
}

#[tokio::test]
async fn all_rows_of_a_large_view_come_in_their_order_and_leave_no_file() {
    let world = World::new().await;
    let rows = world.view(&View::default()).await.expect("made");
    assert!(rows.bytes > 8 << 20, "more than is kept in memory");
    assert_eq!((rows.rows, rows.more), (100_000, false));
    assert_eq!(numbers(rows).await, (0..ROWS).collect::<Vec<_>>());
    assert_eq!(world.files(), 1, "the result itself");
    drop(world.view(&View::default()).await.expect("made"));
    assert_eq!(world.files(), 1, "the result itself");
    let odd =
        Condition::Compare { column: "text".to_owned(), op: Operator::EndsWith, value: "1".into() };
    let some = View { filter: vec![odd], ..View::default() };
    assert_eq!(world.numbers(&some).await, (1..ROWS).step_by(10).collect::<Vec<_>>());
    let sort = Sort { column: "n".to_owned(), descending: true, nulls_first: false };
    let sorted = View { sort: vec![sort], ..page(5, 3) };
    assert_eq!(world.numbers(&sorted).await, [99_994, 99_993, 99_992]);
}

#[tokio::test]
async fn a_page_reads_the_file_no_further_than_its_rows() {
    let world = World::new().await;
    assert_eq!(world.numbers(&page(50_000, 3)).await, [50_000, 50_001, 50_002]);
    let path = world.folder.path().join("results").join(format!("{}.arrow", world.file));
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("opens");
    let bytes = file.metadata().expect("known").len();
    file.set_len(bytes / 2).expect("cut");
    assert_eq!(world.numbers(&page(0, 3)).await, [0, 1, 2]);
    assert_eq!(world.numbers(&page(10_000, 2)).await, [10_000, 10_001]);
    assert!(world.view(&page(90_000, 3)).await.is_err(), "these rows are gone");
}

#[tokio::test]
async fn more_than_the_operator_allows_is_refused_and_never_cut() {
    let world = World::new().await;
    let limits = ViewLimits { bytes_max: 6 << 20, ..LIMITS };
    let fault = world.engine.view(world.file, &View::default(), limits).await.err();
    let fault = fault.expect("refused");
    assert_eq!((fault.code(), fault.field()), (Code::TooLarge, Some("limit")));
    assert_eq!(world.files(), 1, "the result itself");
    let listed = |count: usize| {
        let one = || Condition::Compare {
            column: "n".to_owned(),
            op: Operator::NotNull,
            value: serde_json::Value::Null,
        };
        View { filter: (0..count).map(|_| one()).collect(), ..page(0, 1) }
    };
    assert_eq!(world.numbers(&listed(200)).await, [0]);
    assert_eq!(world.view(&listed(201)).await.err().expect("refused").field(), Some("filter"));
}

//! Round trips through real files.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures::TryStreamExt;
use tessera_bi::ports::ResultFiles;
use tessera_kernel::ids::Uid;
use tessera_kernel::{Clock, Code, SystemClock};
use tessera_lake::Lake;

fn schema(name: &str) -> SchemaRef {
    let number = Field::new("n", DataType::Int64, true);
    Arc::new(Schema::new(vec![number, Field::new(name, DataType::Utf8, true)]))
}

fn batch(schema: &SchemaRef, from: i64) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(from..from + 1000);
    let texts = StringArray::from_iter(
        (from..from + 1000).map(|n| (n % 7 != 0).then(|| format!("text {n}"))),
    );
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(numbers), Arc::new(texts)])
        .expect("fits")
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let list = std::fs::read_dir(folder.join("results")).expect("a folder");
    list.map(|entry| entry.expect("an entry").file_name().into_string().expect("utf8")).collect()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let (uid, schema) = (Uid::now_v7(), schema("t"));
    let mut writer = lake.create(uid).await.expect("created");
    writer.begin(Arc::clone(&schema)).await.expect("begun");
    for from in [0, 1000, 2000] {
        writer.batch(batch(&schema, from)).await.expect("written");
    }
    assert_eq!(lake.open(uid).await.err().map(|fault| fault.code()), Some(Code::NotFound));
    let (bytes, rows) = writer.finish().await.expect("finished");
    assert_eq!(rows, 3000);
    assert_eq!(names(folder.path()), [format!("{uid}.arrow")]);
    let size =
        std::fs::metadata(folder.path().join(format!("results/{uid}.arrow"))).expect("there").len();
    assert_eq!(bytes, size);
    let (read, batches) = lake.open(uid).await.expect("opens");
    assert_eq!(read, schema);
    let batches: Vec<RecordBatch> = batches.try_collect().await.expect("reads");
    assert_eq!(batches, [0, 1000, 2000].map(|from| batch(&schema, from)));
    lake.delete(uid).await.expect("deleted");
    lake.delete(uid).await.expect("deleting twice is no error");
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let schema = schema("t");
    let mut writer = lake.create(Uid::now_v7()).await.expect("created");
    writer.begin(Arc::clone(&schema)).await.expect("begun");
    // Little is kept in memory until the end; more goes to a file.
    while names(folder.path()).is_empty() {
        writer.batch(batch(&schema, 0)).await.expect("written");
    }
    assert_eq!(names(folder.path()).len(), 1);
    drop(writer);
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn other_columns_start_the_file_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let uid = Uid::now_v7();
    let mut writer = lake.create(uid).await.expect("created");
    let (first, second) = (schema("first"), schema("second"));
    writer.begin(Arc::clone(&first)).await.expect("begun");
    writer.batch(batch(&first, 0)).await.expect("written");
    writer.begin(Arc::clone(&second)).await.expect("begun again");
    writer.batch(batch(&second, 5)).await.expect("written");
    let (_, rows) = writer.finish().await.expect("finished");
    assert_eq!(rows, 1000);
    let (read, batches) = lake.open(uid).await.expect("opens");
    assert_eq!(read, second);
    let batches: Vec<RecordBatch> = batches.try_collect().await.expect("reads");
    assert_eq!(batches.len(), 1);
    assert!(!batches[0].column(0).is_null(0));
}

#[tokio::test]
async fn a_dead_process_leaves_files_that_are_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let left = folder.path().join("results").join(format!("{}.partial", Uid::now_v7()));
    std::fs::write(&left, b"half").expect("written");
    let later = SystemClock.now() + chrono::TimeDelta::hours(2);
    let hour = Duration::from_secs(3600);
    assert_eq!(lake.sweep_unfinished(SystemClock.now(), hour).await.expect("swept"), 0);
    assert_eq!(lake.sweep_unfinished(later, hour).await.expect("swept"), 1);
    assert!(!left.exists());
}

#[tokio::test]
async fn files_are_listed_by_age() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let uid = Uid::now_v7();
    let mut writer = lake.create(uid).await.expect("created");
    writer.begin(schema("t")).await.expect("begun");
    writer.finish().await.expect("finished");
    let now = SystemClock.now();
    let hour = chrono::TimeDelta::hours(1);
    assert!(lake.list_before(now - hour, 10).await.expect("listed").is_empty());
    assert_eq!(lake.list_before(now + hour, 10).await.expect("listed"), [uid]);
}

#[tokio::test]
async fn every_old_file_is_listed_in_its_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let mut unseen = std::collections::HashSet::new();
    for _ in 0..20 {
        let uid = Uid::now_v7();
        let mut writer = lake.create(uid).await.expect("created");
        writer.begin(schema("t")).await.expect("begun");
        writer.finish().await.expect("finished");
        unseen.insert(uid);
    }
    let later = SystemClock.now() + chrono::TimeDelta::hours(1);
    for second in 0..1000 {
        let now = later + chrono::TimeDelta::seconds(second);
        let listed = lake.list_before(now, 3).await.expect("listed");
        assert_eq!(listed.len(), 3);
        for uid in listed {
            unseen.remove(&uid);
        }
        if unseen.is_empty() {
            return;
        }
    }
    panic!("never listed: {unseen:?}");
}

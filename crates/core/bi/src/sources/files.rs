//! Files that data sources are made of: uploaded, listed, removed.

use bytes::Bytes;
use tessera_access::{Authorized, ChangeSourceFiles, Changes, ReadSourceSettings};
use tessera_kernel::ids::{SourceId, Uid};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::{Source, Sources, TableColumn};
use crate::Json;
use crate::ports::SourceFiles;

/// Longest name of a table, in characters.
const TABLE_CHARACTERS_MAX: usize = 63;

/// Longest name of a file, in characters.
const FILE_CHARACTERS_MAX: usize = 255;

/// A file, and the table made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The name of the table.
    pub table: String,
    /// The name that the file had.
    pub file_name: String,
    /// The size of the table as it is kept, in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<TableColumn>,
    /// When it was uploaded.
    pub added_at: Timestamp,
}

/// A file that is uploaded.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Marks what is written before it is whole.
    pub uid: Uid,
    /// The name of the file, whose ending says what it is.
    pub file_name: String,
    /// The name of the table: letters, digits and underscores.
    pub table: String,
    /// The sheet of a workbook; the first one if there is none.
    pub sheet: Option<String>,
    /// What is in it.
    pub bytes: Bytes,
    /// When it came.
    pub at: Timestamp,
}

/// What is said of a file that is uploaded.
#[derive(Debug, Clone, Default)]
pub struct FileUpload {
    /// The name of the file.
    pub file_name: String,
    /// The name of the table.
    pub table: String,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

impl Sources {
    /// The files of a data source, by the names of their tables.
    ///
    /// # Errors
    /// `Unsupported` if the data source is not made of files.
    pub async fn files(&self, grant: &Authorized<ReadSourceSettings>) -> Result<Vec<SourceFile>> {
        let source = self.require(grant.act().source).await?;
        self.files_of(&source)?.list().await
    }

    /// Makes a table of a file, or replaces the one of that name. Results of before are not found
    /// any more.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong; `TooLarge`.
    pub async fn add_file(
        &self,
        grant: &Authorized<ChangeSourceFiles>,
        upload: FileUpload,
        bytes: Bytes,
    ) -> Result<SourceFile> {
        let source = self.require(grant.act().source).await?;
        let files = self.files_of(&source)?;
        let table = checked_table(&upload.table)?;
        if upload.file_name.chars().count() > FILE_CHARACTERS_MAX {
            let detail = format!("must have at most {FILE_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("file_name", detail));
        }
        let at = self.parts.clock.now();
        let uid = self.parts.random.uid(at);
        let FileUpload { file_name, sheet, .. } = upload;
        let changes = Changes::new().field("files", Json::Null, table.as_str());
        self.parts.gate.audit().record_changes(grant, changes).await?;
        let file = files.add(NewFile { uid, file_name, table, sheet, bytes, at }).await?;
        self.moved_on(source.id).await?;
        Ok(file)
    }

    /// Removes a file and its table.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_file(
        &self,
        grant: &Authorized<ChangeSourceFiles>,
        table: &str,
    ) -> Result<()> {
        let source = self.require(grant.act().source).await?;
        let files = self.files_of(&source)?;
        let table = checked_table(table).map_err(|_| Fault::not_found("file"))?;
        let changes = Changes::new().field("files", table.as_str(), Json::Null);
        self.parts.gate.audit().record_changes(grant, changes).await?;
        if !files.remove(&table).await? {
            return Err(Fault::not_found("file"));
        }
        self.moved_on(source.id).await
    }

    /// Removes all files of a data source that is gone.
    pub(super) async fn forget_files(&self, source: &Source) -> Result<()> {
        match self.connector(source).ok().and_then(|connector| connector.files()) {
            Some(files) => files.remove_all().await,
            None => Ok(()),
        }
    }

    fn files_of(&self, source: &Source) -> Result<std::sync::Arc<dyn SourceFiles>> {
        self.connector(source)?
            .files()
            .ok_or_else(|| Fault::new(Code::Unsupported, "this data source is not made of files"))
    }

    /// What was read before is of an earlier version.
    async fn moved_on(&self, id: SourceId) -> Result<()> {
        let mut source = self.require(id).await?;
        source.version += 1;
        source.updated_at = self.parts.clock.now();
        self.parts.repos.update_source(&source).await?;
        let tables = self.connector(&source)?.tables().await?;
        self.parts.repos.save_schema(id, &tables, source.updated_at).await
    }
}

fn checked_table(table: &str) -> Result<String> {
    let good = table.len() <= TABLE_CHARACTERS_MAX
        && table.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && table.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if good {
        return Ok(table.to_owned());
    }
    let detail = "must be 1 to 63 of a to z, 0 to 9 and _, and not begin with a digit";
    Err(Fault::invalid("table", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_plain_name_that_cannot_leave_its_folder() {
        assert_eq!(checked_table("orders_2024").expect("a name"), "orders_2024");
        for table in ["", "A", "1a", "a-b", "../x", "a.parquet", "a/b", &"a".repeat(64)] {
            assert!(checked_table(table).is_err(), "{table}");
        }
    }
}

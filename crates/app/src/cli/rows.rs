//! Rows as a file, or on standard output.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use futures::StreamExt;
use tessera_bi::ResultReader;
use tessera_formats::{Format, Options, encoder};

use crate::compose::explain;

/// The format of a name, such as `csv`.
pub(super) fn format(name: &str) -> Result<Format> {
    Format::from_extension(name).with_context(|| {
        let known = Format::ALL.map(Format::extension).join(", ");
        format!("there is no format {name}; there are {known}")
    })
}

/// Writes rows in a format, as they come.
pub(super) async fn write(
    mut rows: ResultReader,
    format: Format,
    path: Option<&Path>,
) -> Result<()> {
    let mut encoder = encoder(format, rows.schema, &Options::default()).map_err(explain)?;
    // Written under another name first: what has the name asked for is whole.
    let partial = path.map(|path| path.with_extension("partial"));
    let mut out: Box<dyn Write + Send> = match &partial {
        Some(partial) => Box::new(
            std::fs::File::create(partial)
                .with_context(|| format!("writing {}", partial.display()))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    let mut chunk = Vec::new();
    encoder.begin(&mut chunk).map_err(explain)?;
    while let Some(batch) = rows.batches.next().await {
        encoder.batch(&batch.map_err(explain)?, &mut chunk).map_err(explain)?;
        out.write_all(&chunk)?;
        chunk.clear();
    }
    encoder.finish(&mut chunk).map_err(explain)?;
    if let Some(mut file) = encoder.take_file() {
        std::io::copy(&mut file, &mut out)?;
    }
    out.write_all(&chunk)?;
    out.flush()?;
    if let (Some(partial), Some(path)) = (partial, path) {
        std::fs::rename(&partial, path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

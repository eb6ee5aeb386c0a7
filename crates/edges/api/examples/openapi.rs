//! Writes the OpenAPI document: `cargo run -p tessera-api --example openapi > openapi/v1.json`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As a value first, so that members have one order whatever the maps inside do.
    let document = serde_json::to_value(tessera_api::openapi())?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(())
}

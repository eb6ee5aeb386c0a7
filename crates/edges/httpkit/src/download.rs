//! Files going out: names, and bodies that are encoded while they are sent, in constant memory.

use std::io::Read;

use arrow_array::RecordBatch;
use axum::body::Body;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use tessera_formats::Encoder;
use tessera_kernel::{Fault, Result};

/// How much of a file on disk is read at a time.
const FILE_CHUNK_BYTES: usize = 64 * 1024;

/// How many encoded batches may wait for a slow reader.
const CHUNKS_AHEAD: usize = 2;

/// What to do with a finished encoding that turned out to be small enough.
pub struct Keep {
    /// Larger ones are not kept.
    pub bytes_max: u64,
    /// Called once, with all of it.
    pub keep: Box<dyn FnOnce(Bytes) + Send>,
}

/// `attachment` with a name that every client can read: letters of other alphabets go into
/// `filename*` (RFC 5987), and `ascii` is what stands in for them.
#[must_use]
pub fn content_disposition(ascii: &str, name: &str) -> HeaderValue {
    let mut text = format!("attachment; filename={}", quoted(ascii));
    if ascii != name {
        text.push_str("; filename*=UTF-8''");
        text.push_str(&percent(name));
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

fn quoted(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) {
        return name.to_owned();
    }
    let safe: String = name
        .chars()
        .filter(|letter| (' '..='~').contains(letter))
        .flat_map(|letter| match letter {
            '"' | '\\' => vec!['\\', letter],
            _ => vec![letter],
        })
        .collect();
    format!("\"{safe}\"")
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string does not fail");
        }
        out
    })
}

/// A body that is made of batches as they come. `before` and `after` frame what the encoder writes.
/// An error on the way breaks the connection off, so that a cut file is never taken for a whole one.
pub fn stream(
    batches: BoxStream<'static, Result<RecordBatch>>,
    encoder: Box<dyn Encoder>,
    before: Vec<u8>,
    after: Vec<u8>,
    keep: Option<Keep>,
) -> Body {
    let (sender, receiver) = futures::channel::mpsc::channel(CHUNKS_AHEAD);
    let work = encode(batches, encoder, before, after, keep, sender);
    // The encoder advances only as the body is polled: one future, no task of its own.
    let chunks = futures::stream::select(
        futures::stream::once(work).filter_map(|done| async move { done.err().map(Err) }),
        receiver.map(Ok::<_, Fault>),
    );
    Body::from_stream(chunks)
}

async fn encode(
    mut batches: BoxStream<'static, Result<RecordBatch>>,
    mut encoder: Box<dyn Encoder>,
    before: Vec<u8>,
    after: Vec<u8>,
    keep: Option<Keep>,
    mut sender: futures::channel::mpsc::Sender<Bytes>,
) -> Result<()> {
    let mut out = before;
    let mut kept = keep.map(|keep| (keep, Vec::new(), 0));
    encoder.begin(&mut out)?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let chunk;
        (encoder, chunk) =
            in_background(encoder, out, move |encoder, out| encoder.batch(&batch, out)).await?;
        out = Vec::new();
        if !send(&mut sender, &mut kept, chunk.into()).await {
            return Ok(());
        }
    }
    let (mut encoder, mut out) =
        in_background(encoder, out, |encoder, out| encoder.finish(out)).await?;
    if let Some(file) = encoder.take_file() {
        let mut file = file;
        loop {
            let (rest, chunk) = read_chunk(file).await?;
            file = rest;
            if chunk.is_empty() {
                break;
            }
            if !send(&mut sender, &mut kept, chunk).await {
                return Ok(());
            }
        }
    }
    out.extend_from_slice(&after);
    if send(&mut sender, &mut kept, out.into()).await
        && let Some((keep, chunks, _)) = kept
    {
        (keep.keep)(chunks.concat().into());
    }
    Ok(())
}

/// `false` if nobody listens any more.
async fn send(
    sender: &mut futures::channel::mpsc::Sender<Bytes>,
    kept: &mut Option<(Keep, Vec<Bytes>, u64)>,
    chunk: Bytes,
) -> bool {
    if chunk.is_empty() {
        return true;
    }
    if let Some((keep, chunks, bytes)) = kept {
        *bytes += chunk.len() as u64;
        if *bytes > keep.bytes_max {
            *kept = None;
        } else {
            chunks.push(chunk.clone());
        }
    }
    sender.send(chunk).await.is_ok()
}

async fn in_background(
    mut encoder: Box<dyn Encoder>,
    mut out: Vec<u8>,
    work: impl FnOnce(&mut dyn Encoder, &mut Vec<u8>) -> Result<()> + Send + 'static,
) -> Result<(Box<dyn Encoder>, Vec<u8>)> {
    tokio::task::spawn_blocking(move || {
        work(encoder.as_mut(), &mut out)?;
        Ok((encoder, out))
    })
    .await
    .map_err(|error| Fault::internal("an encoder stopped", error))?
}

async fn read_chunk<F: Read + Send + 'static>(mut file: F) -> Result<(F, Bytes)> {
    tokio::task::spawn_blocking(move || {
        let mut chunk = vec![0; FILE_CHUNK_BYTES];
        let read = file
            .read(&mut chunk)
            .map_err(|error| Fault::internal("cannot read an encoded file", error))?;
        chunk.truncate(read);
        Ok((file, Bytes::from(chunk)))
    })
    .await
    .map_err(|error| Fault::internal("an encoder stopped", error))?
}

/// All of a small encoding at once.
///
/// # Errors
/// If a batch cannot be read or encoded.
pub async fn collect(body: Body) -> Result<Bytes> {
    use http_body_util::BodyExt as _;
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| Fault::internal("cannot encode a result", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::content_disposition;

    #[test]
    fn names_of_other_alphabets_have_a_plain_stand_in() {
        let plain = content_disposition("Orders_all.csv", "Orders_all.csv");
        assert_eq!(plain, "attachment; filename=Orders_all.csv");
        let other = content_disposition("Types_resume_.csv", "Tÿpes_résumé_漢.csv");
        assert_eq!(
            other,
            "attachment; filename=Types_resume_.csv; \
             filename*=UTF-8''T%C3%BFpes_r%C3%A9sum%C3%A9_%E6%BC%A2.csv"
        );
    }

    #[test]
    fn a_name_cannot_break_out_of_the_header() {
        let header = content_disposition("a\"; x=\"\r\nb", "a\"; x=\"\r\nb");
        assert_eq!(header, "attachment; filename=\"a\\\"; x=\\\"b\"");
    }
}

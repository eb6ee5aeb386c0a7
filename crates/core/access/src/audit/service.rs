//! What can be done with the log: write, read, export, verify, sign.

use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tessera_kernel::{Clock, Result};

use super::pending::{Identities, Identity, Pending, with};
use super::{
    AuditEntry, AuditEvent, AuditFilter, AuditRecord, AuditVerification, AuditVerifier, ChainHead,
    Changes, Checkpoint, CheckpointKey, CheckpointSigner,
};
use crate::acts::{Act, ExportAudit, ReadAudit, VerifyAudit};
use crate::ports::{CheckpointFile, Repos};
use crate::{Authorized, Caller, RequestContext, Throttle};

/// How many records are read or written at a time.
const STEP: u64 = 500;
/// No record has a higher number.
const AFTER_ALL: u64 = i64::MAX as u64;
/// How many different events may wait for the next flush.
const PENDING_MAX: usize = 2_000;
/// Refused attempts that are written down for one caller in an hour; one who is refused more often
/// cannot fill the disk with it.
const REFUSALS_PER_HOUR: u32 = 600;

/// A page of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// Records, newest first.
    pub records: Vec<AuditRecord>,
    /// How many there are in all.
    pub total: u64,
}

/// Lines of an export, without line ends.
pub type AuditExportLines = BoxStream<'static, Result<String>>;

/// The audit log.
#[derive(Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Arc<dyn Repos>,
    clock: Arc<dyn Clock>,
    pending: Mutex<Pending>,
    identities: Identities,
    /// Two flushes at a time would only wait for each other.
    flushing: tokio::sync::Mutex<()>,
    refusals: Throttle,
    notary: OnceLock<Notary>,
}

/// Who signs checkpoints, and where they are kept.
struct Notary {
    signer: CheckpointSigner,
    file: Arc<dyn CheckpointFile>,
    last: tokio::sync::Mutex<Option<ChainHead>>,
}

impl Audit {
    /// The log over storage.
    #[must_use]
    pub fn new(repos: Arc<dyn Repos>, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            repos,
            clock,
            pending: Mutex::default(),
            identities: Identities::default(),
            flushing: tokio::sync::Mutex::default(),
            refusals: Throttle::per_hour(REFUSALS_PER_HOUR),
            notary: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Lets checkpoints be signed and kept in a file; only the first call counts.
    pub fn keep_checkpoints(&self, signer: CheckpointSigner, file: Arc<dyn CheckpointFile>) {
        let notary = Notary { signer, file, last: tokio::sync::Mutex::default() };
        // A second one would only repeat the first.
        let _first = self.inner.notary.set(notary).is_ok();
    }

    /// The key that new checkpoints can be checked with.
    #[must_use]
    pub fn public_key(&self) -> Option<CheckpointKey> {
        self.inner.notary.get().map(|notary| notary.signer.public_key())
    }

    /// Writes an event down. When this returns it is on disk: what changes rights or secrets is
    /// done only afterwards.
    ///
    /// # Errors
    /// If storage fails; then nothing may be done.
    pub async fn record(&self, context: &RequestContext, mut entry: AuditEntry) -> Result<()> {
        with(&mut entry.detail, "request_id", json!(context.request_id));
        self.inner.repos.insert_audit(&[self.event(context, entry)]).await
    }

    /// Writes an event down within a second; for what changes nothing and may happen many times, such
    /// as a download. Equal events of that time become one record with a count, and an entry is made
    /// only if no equal one waits. `same` is what makes two of them equal, beside the caller's address.
    ///
    /// # Errors
    /// If so much waits that it had to be written now, and storage fails.
    pub async fn record_repeated(
        &self,
        context: &RequestContext,
        same: impl Hash,
        entry: impl FnOnce() -> AuditEntry,
    ) -> Result<()> {
        let identity = self.inner.identities.of((same, &context.address));
        self.record_once(context, identity, entry).await
    }

    async fn record_once(
        &self,
        context: &RequestContext,
        identity: Identity,
        entry: impl FnOnce() -> AuditEntry,
    ) -> Result<()> {
        if self.inner.pending.lock().count_again(identity) {
            return Ok(());
        }
        let event = self.event(context, entry());
        let request_id = context.request_id.as_deref();
        let waiting = self.inner.pending.lock().add(identity, event, request_id);
        if waiting >= PENDING_MAX { self.flush().await } else { Ok(()) }
    }

    /// Writes down what a granted act changes, before it does.
    ///
    /// # Errors
    /// If storage fails; then nothing may be done.
    pub async fn record_changes<A: Act>(
        &self,
        grant: &Authorized<A>,
        changes: Changes,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut detail = detail_of(grant.caller());
        with(&mut detail, "changes", changes.into_json());
        let entry = AuditEntry {
            actor: grant.caller().label(),
            action: A::ACTION.as_str(),
            object: grant.act().object().label(),
            detail,
        };
        match grant.context() {
            Some(context) => self.record(context, entry).await,
            None => self.record(&RequestContext::default(), entry).await,
        }
    }

    /// Notes that a caller was refused something that only few may do.
    pub(crate) async fn refused(&self, context: &RequestContext, entry: AuditEntry) {
        if self.inner.refusals.check(&entry.actor).is_err() {
            tracing::warn!(actor = entry.actor, action = entry.action, "refused, again and again");
            return;
        }
        let AuditEntry { actor, action, object, detail } = &entry;
        let same = (actor, action, object, detail, &context.address);
        let identity = self.inner.identities.of(same);
        if let Err(fault) = self.record_once(context, identity, || entry).await {
            tracing::error!(%fault, "a refused attempt could not be written down");
        }
    }

    /// Writes down all that waits.
    ///
    /// # Errors
    /// If storage fails; what was not written waits for the next time.
    pub async fn flush(&self) -> Result<()> {
        let _alone = self.inner.flushing.lock().await;
        let mut events = self.inner.pending.lock().take();
        while !events.is_empty() {
            let step = events.len().min(usize::try_from(STEP).unwrap_or(usize::MAX));
            if let Err(fault) = self.inner.repos.insert_audit(&events[..step]).await {
                self.inner.pending.lock().put_back(events);
                return Err(fault);
            }
            events.drain(..step);
        }
        Ok(())
    }

    /// A page of records, newest first, before a number if one is given.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        _grant: &Authorized<ReadAudit>,
        filter: &AuditFilter,
        before: Option<u64>,
        size: u64,
    ) -> Result<AuditPage> {
        let (stored, total) = self.inner.repos.audit_newest(filter, before, size).await?;
        let records = stored.into_iter().filter_map(|stored| stored.record).collect();
        Ok(AuditPage { records, total })
    }

    /// All records that fit, oldest first, as lines of JSON. Without a filter the last line is a
    /// checkpoint, `{"checkpoint": …}`, so that the file proves by itself that it is whole.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn export(
        &self,
        grant: &Authorized<ExportAudit>,
        filter: AuditFilter,
    ) -> Result<AuditExportLines> {
        let conditions = Changes::new().field("filter", Json::Null, filter.describe());
        if !filter.is_empty() {
            self.record_changes(grant, conditions).await?;
        }
        self.flush().await?;
        let head = self.inner.repos.audit_head().await?;
        let whole = filter.is_empty();
        let log = self.clone();
        let lines = records(Arc::clone(&self.inner.repos), filter, head.seq).map(|step| {
            let text = |stored: super::StoredRecord| match stored.record {
                Some(record) => record.line(),
                None => json!({ "unreadable": stored.seq }).to_string(),
            };
            step.map(|step| step.into_iter().map(text).collect::<Vec<_>>())
        });
        let end = stream::once(async move {
            let sign = |notary: &Notary| notary.signer.sign(head, log.inner.clock.now());
            let made = log.inner.notary.get().filter(|_| whole && head.seq > 0).map(sign);
            let line = |made: Checkpoint| json!({ "checkpoint": made.to_json() }).to_string();
            Ok(made.map(line).into_iter().collect())
        });
        let single = |step: Result<Vec<String>>| match step {
            Ok(lines) => stream::iter(lines.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(fault) => stream::iter(vec![Err(fault)]),
        };
        Ok(lines.chain(end).flat_map(single).boxed())
    }

    /// Reads the whole chain and compares it with its head and all checkpoints.
    ///
    /// # Errors
    /// If storage or the file of checkpoints cannot be read.
    pub async fn verify(&self, _grant: &Authorized<VerifyAudit>) -> Result<AuditVerification> {
        self.flush().await?;
        // Before the head: what is signed meanwhile belongs to records that are not read.
        let filter = AuditFilter::default;
        let (marks, refused) = self.checkpoints().await?;
        let head = self.inner.repos.audit_head().await?;
        let mut verifier = AuditVerifier::new(marks.into_iter().map(|mark| mark.head));
        let mut steps = records(Arc::clone(&self.inner.repos), filter(), head.seq).boxed();
        while let Some(step) = steps.next().await {
            step?.iter().for_each(|stored| verifier.push_stored(stored));
            // Hashing is short, but there may be millions.
            tokio::task::yield_now().await;
        }
        // Whoever appends moves the head along: what is beyond it was put there by somebody else.
        let beyond = self.inner.repos.audit_from(&filter(), head.seq, AFTER_ALL, 1).await?;
        if let Some(stored) = beyond.first()
            && self.inner.repos.audit_head().await?.seq < stored.seq
        {
            verifier.push_stored(stored);
        }
        Ok(verifier.finish(Some(head), refused))
    }

    /// Signs the head and appends it to the file, unless nothing was written since the last time.
    ///
    /// # Errors
    /// If storage or the file fails.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let Some(notary) = self.inner.notary.get() else { return Ok(None) };
        let mut last = notary.last.lock().await;
        let head = self.inner.repos.audit_head().await?;
        if last.is_none() {
            *last = self.compare_with_last().await?;
        }
        if head.seq == 0 || *last == Some(head) {
            return Ok(None);
        }
        let made = notary.signer.sign(head, self.inner.clock.now());
        notary.file.append(&made.to_json().to_string()).await?;
        *last = Some(head);
        Ok(Some(made))
    }

    /// The last checkpoint of an earlier run; an error in the server's log if the chain does not
    /// fit it any more.
    async fn compare_with_last(&self) -> Result<Option<ChainHead>> {
        let (marks, _) = self.checkpoints().await?;
        let Some(mark) = marks.last().map(|mark| mark.head) else { return Ok(None) };
        let from = mark.seq.saturating_sub(1);
        let filter = AuditFilter::default();
        let found = self.inner.repos.audit_from(&filter, from, mark.seq, 1).await?;
        let fits = found
            .first()
            .and_then(|stored| stored.record.as_ref())
            .is_some_and(|record| record.head() == mark);
        if !fits {
            tracing::error!(
                seq = mark.seq,
                "the audit log does not fit its last checkpoint; run: tessera audit verify"
            );
        }
        Ok(Some(mark))
    }

    /// All checkpoints with a good signature, and how many others there are.
    async fn checkpoints(&self) -> Result<(Vec<Checkpoint>, u64)> {
        let Some(notary) = self.inner.notary.get() else { return Ok((Vec::new(), 0)) };
        let lines = notary.file.lines().await?;
        Ok(super::checkpoint::read_lines(&lines, notary.signer.public_keys()))
    }

    fn event(&self, context: &RequestContext, entry: AuditEntry) -> AuditEvent {
        AuditEvent {
            at: self.inner.clock.now(),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            detail: entry.detail,
            address: context.address.clone(),
        }
    }
}

/// Particulars that tell how a caller proved who it is.
pub(crate) fn detail_of(caller: &Caller) -> Json {
    caller.key().map_or_else(|| json!({}), |key| json!({ "key": key.id() }))
}

/// Records up to a number, oldest first, some at a time.
fn records(
    repos: Arc<dyn Repos>,
    filter: AuditFilter,
    until: u64,
) -> impl futures::Stream<Item = Result<Vec<super::StoredRecord>>> + Send {
    stream::try_unfold((repos, filter, 0_u64), move |(repos, filter, after)| async move {
        let step = repos.audit_from(&filter, after, until, STEP).await?;
        Ok(step.last().map(|last| last.seq).map(|seq| (step, (repos, filter, seq))))
    })
}

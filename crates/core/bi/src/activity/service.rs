//! Takes what people did without making them wait, writes it in batches, and gives it to
//! administrators.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::Mutex;
use tessera_access::{
    Authorized, ListActivity, ReadStatus, RecordActivity, RequestContext, client_of,
};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Page, PageRequest, Result};

use super::buffer::Buffer;
use super::{Activity, NewActivity};
use crate::ports::ContentCounts;
use crate::service::Parts;

/// Most that one request may tell.
const TOLD_MAX: usize = 1000;
/// Longest word, in characters.
const WORD_CHARACTERS_MAX: usize = 255;
/// Longest particulars, in bytes of JSON.
const DETAIL_BYTES_MAX: usize = 8192;
/// Written in one transaction.
const BATCH: usize = 500;

/// What people did.
#[derive(Clone)]
pub struct ActivityService {
    parts: Arc<Parts>,
    buffer: Arc<Mutex<Buffer>>,
    /// Two writers would mix up what comes back after a failure.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl ActivityService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts, buffer: Arc::default(), writing: Arc::default() }
    }

    /// Takes what a client tells of its user. Never waits.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong; then nothing is taken.
    pub fn record(
        &self,
        grant: &Authorized<RecordActivity>,
        context: &RequestContext,
        told: Vec<NewActivity>,
    ) -> Result<()> {
        if told.len() > TOLD_MAX {
            let detail = format!("send at most {TOLD_MAX} at a time");
            return Err(Fault::new(Code::Invalid, detail));
        }
        for one in &told {
            check(one)?;
        }
        let caller = grant.caller();
        let (user, actor) = (caller.user().map(|user| user.id), caller.label());
        for one in told {
            self.note(user, &actor, context, one);
        }
        Ok(())
    }

    /// Takes what an edge saw. Never waits.
    pub fn note(
        &self,
        user: Option<UserId>,
        actor: &str,
        context: &RequestContext,
        new: NewActivity,
    ) {
        let settings = &self.parts.settings;
        if settings.activity_retention_seconds == 0 {
            return;
        }
        let now = self.parts.clock.now();
        let believed =
            |at: &_| (now - TimeDelta::days(1)..=now + TimeDelta::minutes(5)).contains(at);
        let usage = &self.parts.gate.settings().usage;
        let activity = Activity {
            id: 0,
            at: new.at.filter(believed).unwrap_or(now),
            user,
            user_name: String::new(),
            actor: actor.to_owned(),
            action: storable(new.action),
            object_kind: storable(new.object_kind),
            object: new.object.map(storable),
            address: context.address.clone().filter(|_| usage.addresses),
            client: context.client.as_deref().map(client_of).filter(|_| usage.clients),
            detail: new.detail,
        };
        self.buffer.lock().push(activity, settings.activity_entries_max);
    }

    /// Writes what waits; what could not be written waits on. Gives the number of lost ones.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn flush(&self) -> Result<u64> {
        let _alone = self.writing.lock().await;
        let (mut waiting, lost) = self.buffer.lock().take();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(BATCH));
            if let Err(fault) = self.parts.repos.insert_activities(&waiting).await {
                waiting.extend(rest);
                let most = self.parts.settings.activity_entries_max;
                self.buffer.lock().restore(waiting, most);
                return Err(fault);
            }
            waiting = rest;
        }
        Ok(lost)
    }

    /// A page of what people did, latest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        _grant: &Authorized<ListActivity>,
        user: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Activity>> {
        self.flush().await?;
        self.parts.repos.activities(user, page).await
    }

    /// Removes what is too old; tells how many.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        let age = TimeDelta::seconds(self.parts.settings.activity_retention_seconds);
        self.parts.repos.purge_activities(self.parts.clock.now() - age).await
    }
}

impl ActivityService {
    /// How much is stored, for operators.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn content_counts(&self, _grant: &Authorized<ReadStatus>) -> Result<ContentCounts> {
        let age = TimeDelta::seconds(self.parts.settings.result_retention_seconds);
        self.parts.repos.content_counts(self.parts.clock.now() - age).await
    }
}

/// Not every store keeps NUL, and one record that cannot be written would hold up all others.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn check(new: &NewActivity) -> Result<()> {
    for (name, text) in [
        ("action", Some(new.action.as_str())),
        ("object_type", Some(new.object_kind.as_str())),
        ("object_id", new.object.as_deref()),
    ] {
        let Some(text) = text else { continue };
        if text.is_empty() || text.chars().count() > WORD_CHARACTERS_MAX {
            let detail = format!("must have 1 to {WORD_CHARACTERS_MAX} characters");
            return Err(Fault::invalid(name, detail));
        }
        // They are written together: one that cannot be stored would keep all others waiting.
        if text.contains('\0') {
            return Err(Fault::invalid(name, "must not hold the character NUL"));
        }
    }
    if !new.detail.is_object() || new.detail.to_string().len() > DETAIL_BYTES_MAX {
        let detail = format!("must be an object of at most {DETAIL_BYTES_MAX} bytes");
        return Err(Fault::invalid("additional_properties", detail));
    }
    Ok(())
}

//! Work that counts once on all nodes together, by a key that the caller chose: the first request
//! does it, a repetition gets the first answer.
//!
//! Who begins writes so into storage before anything is made ([`Once::begin`]) and its answer
//! afterwards ([`Turn::Mine`]). A process that ends between the two leaves a record without an
//! answer: whether something was made is not known then, and it is not made again.

mod local;
mod record;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};
use tessera_kernel::{Clock, Code, Fault, Result, Secret, Timestamp};

use self::local::{Held, Local};
pub use self::record::{OnceClaim, OnceRecord, OnceRepo};
use crate::keys::hex;
use crate::ports::Repos;
use crate::{Peppers, Sealer};

/// How often a record that comes and goes is asked for.
const TRIES: usize = 5;

/// What the operator decides about work that counts once.
#[derive(Debug, Clone)]
pub struct OnceSettings {
    /// How long answers are kept, in hours.
    pub kept_hours: u32,
    /// How long work may go on before a repetition is told that its end is not known, in seconds.
    pub flight_seconds: u32,
    /// Longest answer that is kept, in bytes.
    pub answer_bytes_max: usize,
    /// Answers kept of one caller; beyond, the oldest go.
    pub entries_per_caller_max: u64,
    /// Bytes of all answers together; beyond, the oldest go.
    pub bytes_max: u64,
}

impl Default for OnceSettings {
    fn default() -> Self {
        Self {
            kept_hours: 24,
            flight_seconds: 60,
            answer_bytes_max: 1 << 20,
            entries_per_caller_max: 10_000,
            bytes_max: 64 << 20,
        }
    }
}

/// Who asks for what under which key.
#[derive(Debug, Clone, Copy)]
pub struct OnceRequest<'a> {
    /// Who asks; nobody else sees the answer.
    pub caller: &'a str,
    /// What is asked for.
    pub operation: &'a str,
    /// The key that the caller chose.
    pub key: &'a str,
    /// What was sent.
    pub body: &'a [u8],
}

/// Whose turn it is.
pub enum Turn {
    /// The work is to be done, and its end told.
    Mine(Mine),
    /// It was done; what [`Mine::done`] was given.
    Done(Secret),
}

/// Work that counts once.
#[derive(Clone)]
pub struct Once(Arc<Inner>);

struct Inner {
    repos: Arc<dyn Repos>,
    peppers: Peppers,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    settings: OnceSettings,
    local: Arc<Local>,
    /// Whether something was begun here since it was tidied up.
    grown: AtomicBool,
}

/// Work that was begun. Dropped without telling its end, it counts as done without an answer.
pub struct Mine {
    once: Once,
    claim: OnceClaim,
    /// Other requests of this node wait for it.
    _held: Held,
}

impl Once {
    pub(crate) fn new(
        repos: Arc<dyn Repos>,
        peppers: Peppers,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        settings: OnceSettings,
    ) -> Self {
        let (local, grown) = (Arc::default(), AtomicBool::new(false));
        Self(Arc::new(Inner { repos, peppers, sealer, clock, settings, local, grown }))
    }

    /// What the operator decided.
    #[must_use]
    pub fn settings(&self) -> &OnceSettings {
        &self.0.settings
    }

    /// Now, by the clock that ages are counted with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Begins the work, unless it was begun under this key. A repetition on the same node waits for
    /// the first request; while another node works it is refused.
    ///
    /// # Errors
    /// `Invalid` if the key was used with another body. `Conflict` while another node works, with
    /// the seconds after which to try again; and, without, if that goes on for longer than it should:
    /// then the node ended, and whether the work was done is not known. Those of storage.
    pub async fn begin(&self, request: OnceRequest<'_>) -> Result<Turn> {
        let inner = &*self.0;
        let (caller, name) = names(&request);
        let held = inner.local.hold(&name).await;
        let sent = hex(&Sha256::digest(request.body));
        let (pepper, body) = inner.peppers.digest(&sent);
        for _ in 0..TRIES {
            let began = inner.clock.now();
            let until = began + TimeDelta::hours(inner.settings.kept_hours.into());
            let (name, caller) = (name.clone(), caller.clone());
            let claim = OnceClaim { name, caller, body, pepper, began, until };
            if inner.repos.begin_once(&claim).await? {
                inner.grown.store(true, Ordering::Relaxed);
                return Ok(Turn::Mine(Mine { once: self.clone(), claim, _held: held }));
            }
            // Without a record its work came to nothing meanwhile.
            let Some(known) = inner.repos.once_record(&claim.name).await? else { continue };
            if !inner.peppers.verify(&sent, known.pepper, &known.body) {
                let detail = "the key was used with another body; choose a new key";
                return Err(Fault::invalid("Idempotency-Key", detail));
            }
            return match known.answer {
                Some(sealed) => Ok(Turn::Done(inner.sealer.open(&sealed, &context(&claim.name))?)),
                None => Err(self.unfinished(began - known.began)),
            };
        }
        Err(being_done())
    }

    /// Removes what is too old and what is too much; tells how many.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        let Inner { repos, clock, settings, .. } = &*self.0;
        let most = (settings.entries_per_caller_max, settings.bytes_max);
        repos.purge_once(clock.now(), most.0, most.1).await
    }

    /// The same, if something was begun on this node since the last time.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn tidy(&self) -> Result<u64> {
        if self.0.grown.swap(false, Ordering::Relaxed) { self.purge().await } else { Ok(0) }
    }

    fn unfinished(&self, age: TimeDelta) -> Fault {
        let flight = TimeDelta::seconds(self.0.settings.flight_seconds.into());
        if age < flight {
            return being_done();
        }
        let detail = "the request with this key was begun and its end is not known; look whether \
                      it was done, and choose a new key to do it again";
        Fault::new(Code::Conflict, detail).with_field("Idempotency-Key")
    }
}

impl Mine {
    /// The work is done, and this is the answer for repetitions. If it cannot be kept, nothing is
    /// made twice all the same: a repetition is told that the end of the work is not known.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn done(self, answer: &Secret) -> Result<()> {
        let Inner { repos, sealer, .. } = &*self.once.0;
        let sealed = sealer.seal(answer, &context(&self.claim.name))?;
        repos.settle_once(&self.claim, &sealed).await
    }

    /// Nothing came of the work: it may be done again under the same key, with another body too.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn undone(self) -> Result<()> {
        self.once.0.repos.forget_once(&self.claim).await
    }
}

fn being_done() -> Fault {
    let detail = "the request with this key is still being done; try again";
    Fault::new(Code::Conflict, detail).with_field("Idempotency-Key").with_retry_after(1)
}

/// The names of a caller and of a request in storage.
fn names(request: &OnceRequest<'_>) -> (String, String) {
    let OnceRequest { caller, operation, key, .. } = request;
    let of_caller = hex(&Sha256::digest(caller.as_bytes()));
    // Of a fixed length, lengths and a zero byte: no two requests are written alike.
    let name = format!("{of_caller}{}:{operation}\0{key}", operation.len());
    (of_caller, hex(&Sha256::digest(name.as_bytes())))
}

/// What a sealed answer is bound to.
fn context(name: &str) -> String {
    format!("once:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_others_and_for_something_else_have_other_names() {
        let of = |caller, operation, key| {
            names(&OnceRequest { caller, operation, key, body: b"the same" }).1
        };
        let all = [
            of("user:1", "POST /v1/queries", "k"),
            of("user:11", "POST /v1/queries", "k"),
            of("user:1", "POST /v1/alerts", "k"),
            of("user:1", "POST /v1/queries", "kk"),
        ];
        for (place, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(!all[..place].contains(one));
        }
    }
}

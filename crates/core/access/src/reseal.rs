//! Sealing everything anew, after the sealing secret was changed.

use async_trait::async_trait;
use tessera_kernel::{Code, Fault, Result};

use crate::Sealer;

/// How many values are read at once.
const STEP: u64 = 200;

/// What has a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealedKind {
    /// The secret options of a data source.
    Source,
    /// A recoverable key.
    Key,
    /// A second factor.
    SecondFactor,
    /// The secret options of a destination.
    Destination,
    /// A mail that waits.
    Mail,
    /// An answer that is kept for repetitions of its request.
    Answer,
}

impl SealedKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::Key, Self::SecondFactor, Self::Destination, Self::Mail, Self::Answer];

    /// The kind in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "data source",
            Self::Key => "key",
            Self::SecondFactor => "second factor",
            Self::Destination => "destination",
            Self::Mail => "mail",
            Self::Answer => "kept answer",
        }
    }
}

/// A sealed value, and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// What has it.
    pub kind: SealedKind,
    /// The number of what has it.
    pub id: i64,
    /// What it is bound to.
    pub context: String,
    /// The value.
    pub sealed: Vec<u8>,
}

/// Where sealed values are kept.
#[async_trait]
pub trait SealedRepo: Send + Sync {
    /// The values of one kind whose owner's number is above `after`, by number.
    async fn sealed_values(
        &self,
        kind: SealedKind,
        after: i64,
        limit: u64,
    ) -> Result<Vec<SealedValue>>;
    /// Writes a value in another form, if it is still the same; otherwise `false`.
    async fn replace_sealed(&self, value: &SealedValue, sealed: &[u8]) -> Result<bool>;
}

/// How many values there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SealedCount {
    /// All of them.
    pub total: u64,
    /// Those that the present secret sealed.
    pub current: u64,
}

/// Counts the sealed values, and opens each to be sure that it can be.
///
/// # Errors
/// `SetupState` if one cannot be opened: then the secrets are not those of this store.
pub async fn check_sealed(repo: &dyn SealedRepo, sealer: &Sealer) -> Result<SealedCount> {
    let mut count = SealedCount::default();
    for kind in SealedKind::ALL {
        let mut after = i64::MIN;
        loop {
            let values = repo.sealed_values(kind, after, STEP).await?;
            let Some(last) = values.last() else { break };
            after = last.id;
            for value in &values {
                open(sealer, value)?;
                count.total += 1;
                count.current += u64::from(sealer.is_current(&value.sealed));
            }
        }
    }
    Ok(count)
}

/// Seals with the present secret what an earlier one sealed. Can be broken off and begun again.
/// Returns how many values were sealed anew.
///
/// # Errors
/// `SetupState` if one cannot be opened.
pub async fn reseal(repo: &dyn SealedRepo, sealer: &Sealer) -> Result<u64> {
    let mut done = 0;
    for kind in SealedKind::ALL {
        let mut after = i64::MIN;
        loop {
            let values = repo.sealed_values(kind, after, STEP).await?;
            let Some(last) = values.last() else { break };
            after = last.id;
            for value in values.iter().filter(|value| !sealer.is_current(&value.sealed)) {
                let fresh = sealer.seal(&open(sealer, value)?, &value.context)?;
                // Changed meanwhile, it was sealed with the present secret or is found next time.
                done += u64::from(repo.replace_sealed(value, &fresh).await?);
            }
        }
    }
    Ok(done)
}

fn open(sealer: &Sealer, value: &SealedValue) -> Result<tessera_kernel::Secret> {
    sealer.open(&value.sealed, &value.context).map_err(|fault| {
        let (kind, id) = (value.kind.as_str(), value.id);
        let detail = format!(
            "what is sealed of {kind} {id} cannot be opened: these are not the secrets of this store"
        );
        Fault::new(Code::SetupState, detail).with_source(fault)
    })
}

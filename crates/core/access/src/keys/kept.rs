//! Keys that came with their object from another server and can be shown as they were there.

use tessera_kernel::{Code, Fault, Result, Secret};

use super::service::seal_context;
use super::{Key, KeyKind, KeyOwner, Keys, format};
use crate::Authorized;
use crate::acts::RunImport;

/// Fewer characters than this could be guessed.
const CHARACTERS_MIN: usize = 22;

impl Keys {
    /// A recoverable key with a text from another server, for an object that is about to be made.
    ///
    /// # Errors
    /// `Invalid` for a text that is no such key; `Duplicate` if it is here already.
    pub async fn kept_recoverable(
        &self,
        _grant: &Authorized<RunImport>,
        kind: KeyKind,
        owner: KeyOwner,
        text: &Secret,
    ) -> Result<Key> {
        let foreign = matches!(format::read(text.expose()), Some(format::KeyText::Foreign));
        if !foreign || text.expose().len() < CHARACTERS_MIN {
            return Err(Fault::invalid("key", "is no key of forty letters and digits"));
        }
        if self.gate.find(text).await?.is_some() {
            return Err(Fault::new(Code::Duplicate, "the key is here already").with_field("key"));
        }
        let mut key = self.record(kind, owner, text, None);
        key.sealed = Some(self.sealer.seal(text, &seal_context(&key.lookup))?);
        Ok(key)
    }

    /// Gives an owner the recoverable key that it had on another server, in place of its own.
    ///
    /// # Errors
    /// As [`kept_recoverable`](Self::kept_recoverable).
    pub async fn keep_recoverable(
        &self,
        grant: &Authorized<RunImport>,
        kind: KeyKind,
        owner: KeyOwner,
        text: &Secret,
    ) -> Result<()> {
        let key = self.kept_recoverable(grant, kind, owner, text).await?;
        self.repos.replace_recoverable_key(kind, &key, self.clock.now()).await?;
        self.gate.forget_keys();
        Ok(())
    }
}

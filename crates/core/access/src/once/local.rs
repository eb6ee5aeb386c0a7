//! What is being done on this node: a repetition waits for the first request here, without asking
//! storage again and again.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// What is being done, by name.
#[derive(Default)]
pub(super) struct Local(Mutex<HashMap<String, Lock>>);

/// The right to work under a name, on this node; its end lets the next one go on.
pub(super) struct Held {
    local: Arc<Local>,
    name: String,
    lock: Lock,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Local {
    /// Waits until nobody else works under the name here.
    pub(super) async fn hold(self: &Arc<Self>, name: &str) -> Held {
        let lock = Arc::clone(self.0.lock().entry(name.to_owned()).or_default());
        // Made first: it cleans up too if the caller stops waiting.
        let (local, name) = (Arc::clone(self), name.to_owned());
        let mut held = Held { local, name, lock, guard: None };
        held.guard = Some(Arc::clone(&held.lock).lock_owned().await);
        held
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.guard = None;
        let mut all = self.local.0.lock();
        // The map's and ours: nobody waits, and who comes now finds the map locked.
        if Arc::strong_count(&self.lock) == 2 {
            all.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_works_under_a_name_and_nothing_is_left_behind() {
        let local = Arc::<Local>::default();
        let first = local.hold("a").await;
        let other = local.hold("b").await;
        let mut second = Box::pin(local.hold("a"));
        let mut given_up = Box::pin(local.hold("a"));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(given_up.as_mut().poll(&mut context).is_pending());
        drop(given_up);
        drop(first);
        let second = second.await;
        assert_eq!(local.count(), 2);
        drop(second);
        drop(other);
        assert_eq!(local.count(), 0);
    }
}

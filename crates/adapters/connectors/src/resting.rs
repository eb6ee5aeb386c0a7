//! Connections that nobody uses right now: the last used one is the first to be used again, and those
//! that rest too long are closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::ConnectorSettings;

/// Those of one data source.
pub(crate) struct Resting<C> {
    idle: Arc<Mutex<Idle<C>>>,
    most: usize,
    rest: Duration,
}

struct Idle<C> {
    /// The last used one at the end.
    resting: Vec<(C, Instant)>,
    /// Whether somebody closes the ones that rest too long.
    watched: bool,
}

impl<C: Send + 'static> Resting<C> {
    /// As many, and as long, as the operator allows.
    pub(crate) fn new(settings: &ConnectorSettings) -> Self {
        let idle = Idle { resting: Vec::new(), watched: false };
        Self {
            idle: Arc::new(Mutex::new(idle)),
            most: settings.pool_connections,
            rest: Duration::from_secs(settings.pool_idle_seconds),
        }
    }

    /// One that did not rest too long.
    pub(crate) fn take(&self) -> Option<C> {
        let mut idle = lock(&self.idle);
        while let Some((connection, since)) = idle.resting.pop() {
            if since.elapsed() < self.rest {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps one, or drops it if there are enough.
    pub(crate) fn put(&self, connection: C) {
        let mut idle = lock(&self.idle);
        if idle.resting.len() >= self.most {
            return;
        }
        idle.resting.push((connection, now()));
        if !idle.watched {
            idle.watched = true;
            watch(Arc::downgrade(&self.idle), self.rest);
        }
    }
}

fn lock<C>(idle: &Mutex<Idle<C>>) -> MutexGuard<'_, Idle<C>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes connections that rest too long, until there are none.
#[expect(clippy::disallowed_methods, reason = "it ends with the connections it watches")]
fn watch<C: Send + 'static>(idle: Weak<Mutex<Idle<C>>>, rest: Duration) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(rest.max(Duration::from_secs(1)) / 2).await;
            let Some(idle) = idle.upgrade() else { return };
            let mut idle = lock(&idle);
            idle.resting.retain(|(_, since)| since.elapsed() < rest);
            if idle.resting.is_empty() {
                idle.watched = false;
                return;
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how long a thing took is not domain time")]
fn now() -> Instant {
    Instant::now()
}

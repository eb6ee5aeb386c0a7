//! The words every other crate speaks: identifiers, error codes, time, chance, secrets and pages.
//!
//! It knows nothing of HTTP, SQL, files or the environment; clock and randomness are parameters.
//! Entry points: [`Fault`] and [`Code`] (the closed error vocabulary), [`Clock`], [`Random`],
//! [`Secret`], [`Page`] and the identifier types in [`ids`].

mod clock;
mod code;
mod column;
mod fault;
pub mod ids;
mod networks;
mod page;
mod random;
mod secret;

pub use clock::{Clock, SystemClock, TestClock, Timestamp};
pub use code::Code;
pub use column::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind};
pub use fault::{Fault, Result};
pub use networks::is_open;
pub use page::{Page, PageRequest};
pub use random::{Random, SystemRandom};
pub use secret::Secret;

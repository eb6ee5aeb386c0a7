//! Answers that are sent again and again leave without being copied into the kernel.
//!
//! A body that is kept in memory is copied into buffers of the kernel with every answer. Of bodies
//! that are asked for repeatedly [`Sending`] keeps a second copy in a file in memory (`memfd`),
//! from which [`Listener`]'s connections send with `sendfile(2)`. HTTP knows nothing of it: a
//! connection recognises what it is given to write by its place in memory.

mod connection;
mod copies;

#[cfg(test)]
mod tests;

pub use connection::{Connection, Listener, Peer};
pub use copies::Sending;

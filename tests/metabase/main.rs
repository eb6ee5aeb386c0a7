//! What clients of the Metabase API rely on, through the real binary, on both metadata engines.

mod callers;
mod graph;
mod groups;
mod keys;
mod sessions;
mod users;

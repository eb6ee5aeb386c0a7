//! What a key opens ends with it: by time, by order, with its owner, on every way in and every node.

mod keys;
mod nodes;
mod proof;
mod states;

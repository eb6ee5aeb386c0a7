//! What a key opens ends with it: by time, by order, with its owner, on all ways in, on all nodes.

mod keys;
mod nodes;
mod proof;
mod states;

//! Too much of anything ends with the name of the limit, and harms nobody else.

mod limits;
mod nodes;
mod requests;

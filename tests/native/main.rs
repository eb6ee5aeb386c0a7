//! Running the server: start, setup, health, demo, end, and the command line.

mod cli;
mod cli_keys;
mod cli_objects;
mod cli_results;
mod import;
mod import_broken;
mod once;
mod search;
mod source_files;
mod start;
mod views;

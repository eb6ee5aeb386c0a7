//! One contract for every engine, against real databases.

mod contract;
mod engines;
mod injection;
mod postgres;
mod sqlite;

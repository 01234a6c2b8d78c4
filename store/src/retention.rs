//! How long things are kept, and the erasure of one person everywhere (OPS-3).
//!
//! [`TABLES`] names every table that holds rows of tenants: what class of data it is, how a person's rows are found in
//! it, and what becomes of them. A test fails for a table that is not in the list.

mod erase;
mod late;
mod marks;
mod subject;
mod sweep;
mod tables;
mod webhooks;

pub use erase::Erased;
pub use subject::Subject;
pub use sweep::Swept;
pub use tables::{Erase, TABLES, Table};

//! Zoho CRM: its records, and its change notifications.
//!
//! Facts were read in the vendor's documentation, its OpenAPI files and its SDKs of version 8. What could not be
//! verified there is an option.

mod append;
mod change;
mod channel;
mod client;
mod error;
mod oauth;
mod read;
pub mod webhook;
mod wire;
mod write;

pub use append::{CallFields, CallKind, Mark, NewCall, NewNote};
pub use change::{Change, ChangeKind};
pub use channel::{ChannelRequest, Granted};
pub use client::{Client, Options};
pub use error::{CrmError, ProblemKind, RecordProblem, TokenError};
pub use oauth::{AccessToken, Accounts, Grant, Hosts};
pub use read::{Deleted, Page};
pub use wire::Table;
pub use write::{MAX_RECORDS, NewRecord, Update, Written};

/// The version of the interface that is spoken.
const VERSION: &str = "v8";

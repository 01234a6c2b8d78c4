//! What each vendor tells of: one file per vendor, each with a story of so many events.

pub(super) mod agent;
pub(super) mod openphone;
pub(super) mod quo;
pub(super) mod retell;
pub(super) mod standard;
pub(super) mod twilio;
pub(super) mod vapi;
pub(super) mod zoho;

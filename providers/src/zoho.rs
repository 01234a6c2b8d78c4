//! Zoho CRM: its change notifications.
//!
//! Facts were read in the vendor's documentation and OpenAPI files of version 8.

pub mod webhook;

//! Webhooks of anybody who follows the Standard Webhooks specification, or Svix, whose scheme it is.

pub mod webhook;

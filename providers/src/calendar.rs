//! Calendars that say when a business is free: Google Calendar, Cal.com, and feeds in the iCalendar format.
//!
//! Every client answers with a [`FreeBusy`](domain::calendar::FreeBusy) of the span that was asked about. What
//! a calendar does not say, or says in a way that is not understood, is unknown in it and never free.

mod error;
mod http;

pub mod cal_com;
pub mod google;
pub mod ical;

pub use error::CalendarError;

//! Whole-system tests: real PostgreSQL, real Temporal, the real binary as processes of its own. Only the
//! voice provider is simulated.

mod alerts;
mod behaviours;
mod calendars;
mod chaos;
mod compose;
mod crm;
mod dashboard;
mod demo_command;
mod desk;
mod dev_command;
mod doctor_command;
mod erasure;
mod faults;
mod followups;
mod harness;
mod inbound;
mod live;
mod memory;
mod merges;
mod opt_outs;
mod plan_command;
mod replay;
mod rooms;
mod texts;
mod vapi;
mod webhooks;

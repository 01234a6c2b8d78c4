//! Conversations by text and phone: what was said, whether texts are wanted, and what is read out of them (TEXT-1 to TEXT-6).
//!
//! Events of one conversation come in any order, twice or never. So an [`Entry`] is joined from whatever is known of
//! it, and the order in which it became known changes nothing.

mod approval;
mod budget;
mod consent;
mod conversation;
mod entry;
mod extraction;
mod outbound;
mod passage;
mod phone_call;
mod plausible;
mod proposal;
mod sound;
mod typed;
mod words;

pub use approval::{Approval, ApprovalStep, Superseded, Verdict, approval_step};
pub use budget::{
    ExtractionFacts, ExtractionStep, ExtractionStop, MonthOfUse, Usage, extraction_step, month_of,
};
pub use consent::{Choice, Keyword, TextConsent, keyword};
pub use conversation::{Conversation, EntryKey};
pub use entry::{Entry, EntryKind, Media, Parties, Text, TextStatus, What};
pub use extraction::{
    Callback, Field, Found, LONGEST_ADDRESS, LONGEST_EMAIL, LONGEST_NAME, LONGEST_PREFERENCE,
};
pub use outbound::{
    LONGEST_TEXT, OutboundFacts, OutboundPurpose, OutboundStep, TextRefusal, outbound_step,
};
pub use passage::{Passage, PassageKind, passage_of_talk, passages};
pub use phone_call::{
    CallSign, CallStage, PhoneCall, Recording, Speaker, Summary, Transcript, TranscriptLine,
    Voicemail,
};
pub use proposal::{CallbackWish, ContactNow, Objection, Proposal, callback, proposals};
pub use sound::{SoundFacts, SoundFailure, SoundKind, SoundStep, sound_step};
pub use typed::{FieldProblem, LONGEST_PREFERENCES};
pub use words::{Number, Words};

#[cfg(test)]
mod tests;

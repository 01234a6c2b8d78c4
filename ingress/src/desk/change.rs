//! The change that was decided, made in the database.

use domain::{
    appointment::AppointmentStatus,
    desk::{Act, Deed, FollowUp, NoteKind},
    ids::{CallId, ContactId},
    inbound::is_sensitive,
    phone::PhoneNumber,
    settings::Settings,
    zone::LocalChoice,
};
use jiff::Timestamp;
use store::{AskedIn, Booking, Moved, NewNote, Result, TenantTx};

/// `false` when what it was decided from has changed since, and nothing may be committed.
pub(super) async fn make(
    tx: &mut TenantTx,
    deed: &Deed,
    call: Option<&AskedIn>,
    settings: &Settings,
    now: Timestamp,
) -> Result<bool> {
    let call = call.map(|call| call.id);
    match &deed.act {
        Act::Nothing => {}
        Act::Confirm {
            appointment,
            version,
        } => {
            let confirmed = AppointmentStatus::Confirmed;
            return tx.change_status(*appointment, *version, confirmed).await;
        }
        Act::Cancel {
            appointment,
            version,
            ..
        } => {
            let cancelled = AppointmentStatus::Cancelled;
            return tx.change_status(*appointment, *version, cancelled).await;
        }
        Act::Move {
            appointment,
            version,
            starts_at,
            choice,
            ..
        } => {
            let moved = Moved {
                appointment: *appointment,
                version: *version,
                starts_at: *starts_at,
                first_of_two: *choice == LocalChoice::FirstOfTwo,
            };
            if !tx.move_appointment(&moved, now).await? {
                return Ok(false);
            }
            let what = format!("{appointment} was moved to");
            let contact = deed.identity.contact();
            to_be_entered(tx, &what, contact, *starts_at, call, settings, now).await?;
        }
        Act::Book {
            contact,
            starts_at,
            minutes,
            choice,
            kind,
        } => {
            let booking = Booking {
                contact: *contact,
                starts_at: *starts_at,
                time_zone: &settings.tenant.timezone,
                first_of_two: *choice == LocalChoice::FirstOfTwo,
                minutes: *minutes,
                kind: kind.as_deref(),
            };
            let booked = tx.book(&booking, now).await?;
            let what = format!("{booked} was booked for");
            to_be_entered(tx, &what, Some(*contact), *starts_at, call, settings, now).await?;
        }
        Act::Note {
            contact,
            name,
            number,
            text,
            urgent,
        } => {
            let note = NewNote {
                kind: NoteKind::Note,
                contact: *contact,
                call,
                name: name.as_deref(),
                e164: number.as_ref().map(|number| number.e164()),
                body: text,
                urgent: *urgent,
                held: is_sensitive(text),
                wants_answer: *urgent || number.is_some(),
            };
            tx.add_note(&note, now).await?;
        }
        Act::FollowUp(follow_up) => promise(tx, follow_up, call, now).await?,
        Act::OptOut { number, contact } => {
            let number = number.as_ref().map(PhoneNumber::e164);
            tx.wants_no_calls(*contact, number, "call").await?;
        }
    }
    Ok(true)
}

/// The business' own calendar does not know of it yet.
async fn to_be_entered(
    tx: &mut TenantTx,
    what: &str,
    contact: Option<ContactId>,
    starts_at: Timestamp,
    call: Option<CallId>,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    let zone = settings.tenant.zone_or_utc();
    let at = starts_at.to_zoned(zone);
    let body = format!(
        "{what} {} in a call: to be entered in the calendar",
        at.strftime("%a %Y-%m-%d %H:%M %Z")
    );
    let note = NewNote {
        kind: NoteKind::ToEnter,
        contact,
        call,
        body: &body,
        wants_answer: true,
        ..NewNote::default()
    };
    tx.add_note(&note, now).await
}

/// A colleague calls back: the caller was told so.
async fn promise(
    tx: &mut TenantTx,
    follow_up: &FollowUp,
    call: Option<CallId>,
    now: Timestamp,
) -> Result<()> {
    let details = [
        follow_up.time.as_deref().map(|time| format!("time {time}")),
        follow_up.kind.as_deref().map(|kind| format!("for {kind}")),
        follow_up
            .appointment
            .map(|(appointment, _)| format!("instead of {appointment}")),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let body = format!("Wants: {}. {}", follow_up.wanted, details.join(", "));
    let note = NewNote {
        kind: NoteKind::CallBack,
        contact: follow_up.contact,
        call,
        name: follow_up.name.as_deref(),
        e164: Some(follow_up.number.e164()),
        body: body.trim_end(),
        wants_answer: true,
        ..NewNote::default()
    };
    tx.add_note(&note, now).await
}

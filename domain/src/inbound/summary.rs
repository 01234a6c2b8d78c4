//! What the agent says first, and what it should know, in plain short sentences.

use super::{
    Caller, Line,
    shown::{Appointment, Call, Contact, FreeTimes, Past, PastCall, Person, Shown, Time},
};

/// `Welcome back, Jason! Last time we discussed bookkeeping.`; for anybody else the business's name and a question.
pub(super) fn greeting(shown: &Shown, business: &str) -> String {
    let Some(person) = &shown.person else {
        return format!(
            "{} May I ask who is calling?",
            sentence(format!("Hello, this is {business}"))
        );
    };
    let welcome = match person.called() {
        Some(name) => format!("Welcome back, {name}!"),
        None => "Welcome back!".to_owned(),
    };
    match person.last_topic() {
        Some(topic) => format!(
            "{welcome} {}",
            sentence(format!("Last time we discussed {topic}"))
        ),
        None => welcome,
    }
}

pub(super) fn summary(shown: &Shown) -> String {
    let mut sentences = match &shown.person {
        Some(person) => of_person(person),
        None => vec![of_nobody(shown).to_owned()],
    };
    sentences.extend(shown.free_times.as_ref().map(free_times));
    sentences.join(" ")
}

fn of_nobody(shown: &Shown) -> &'static str {
    match (shown.line, shown.caller) {
        (Line::UnknownNumber | Line::UnknownAgent, _) => {
            "This line is not set up. Say nothing about anybody, and take a message."
        }
        (Line::Ours, Caller::Withheld) => "The caller's number is withheld. Ask who is calling.",
        (Line::Ours, Caller::Shared) => {
            "Several people call from this number. Ask who is calling, and say nothing about anybody before."
        }
        (Line::Ours, Caller::Known | Caller::Unknown) => {
            "The caller's number is not known. Ask who is calling."
        }
    }
}

fn of_person(person: &Person) -> Vec<String> {
    let mut sentences = vec![match &person.name {
        Some(name) => format!("The number belongs to {name}; ask for the name to confirm it."),
        None => "The caller's number is known; ask for the name to confirm it.".to_owned(),
    }];
    if let Some(count) = person.appointment_count {
        let called = person.called().unwrap_or("The caller");
        sentences.extend(appointments(called, count, &person.appointments));
    }
    sentences.extend(person.last_call.iter().flat_map(last_call));
    sentences.extend(
        person
            .sentiment
            .map(|trend| format!("The mood of the last calls is {trend}.")),
    );
    sentences.extend(match person.issues.as_slice() {
        [] => None,
        [one] => Some(sentence(format!("One matter is open: {one}"))),
        several => Some(sentence(format!(
            "{} matters are open: {}",
            several.len(),
            several.join("; ")
        ))),
    });
    let profile = &person.profile;
    sentences.extend(profile.contact.as_ref().map(contact));
    let preferences = profile.preferences.as_ref();
    sentences.extend(preferences.map(|text| sentence(format!("What is noted of them: {text}"))));
    sentences.extend(all_of(
        "Earlier appointments",
        &profile.past_appointments,
        past,
    ));
    sentences.extend(all_of("Earlier calls", &profile.calls, earlier_call));
    sentences.extend(person.held_back.then(|| {
        "A colleague is looking into a matter; do not bring it up, and offer to take a message."
            .to_owned()
    }));
    sentences
}

fn appointments(called: &str, count: usize, told: &[Appointment]) -> Vec<String> {
    let Some((next, later)) = told.split_first() else {
        return vec![format!("{called} has no appointment.")];
    };
    let when = &next.time.spoken;
    let mut sentences = if count == 1 {
        vec![format!("{called} has an appointment on {when}.")]
    } else {
        vec![format!(
            "{called} has {count} appointments. The next is on {when}."
        )]
    };
    sentences.extend(match (&next.kind, &next.provider) {
        (Some(kind), Some(provider)) => {
            Some(sentence(format!("It is booked as {kind} with {provider}")))
        }
        (Some(kind), None) => Some(sentence(format!("It is booked as {kind}"))),
        (None, Some(provider)) => Some(sentence(format!("It is with {provider}"))),
        (None, None) => None,
    });
    if !later.is_empty() {
        let later = later.iter().map(|each| &each.time);
        sentences.push(format!("After that: {}.", listed(later)));
    }
    sentences
}

fn last_call(call: &PastCall) -> Vec<String> {
    let about = call
        .topic
        .as_ref()
        .map_or(String::new(), |topic| format!(", about {topic}"));
    let mut sentences = vec![sentence(format!("The last call was {}{about}", call.day))];
    sentences.extend(
        call.summary
            .as_ref()
            .map(|summary| sentence(format!("What was said: {summary}"))),
    );
    sentences
}

fn contact(contact: &Contact) -> String {
    let email = contact.email.iter().map(|email| format!("mail {email}"));
    let numbers = contact
        .numbers
        .iter()
        .map(|number| format!("number {number}"));
    let address = contact
        .address
        .iter()
        .map(|address| format!("address {address}"));
    let all: Vec<String> = email.chain(numbers).chain(address).collect();
    sentence(format!(
        "On file, to compare and not to read out: {}",
        all.join("; ")
    ))
}

fn past(past: &Past) -> String {
    let kind = past.kind.iter().map(|kind| format!("{kind}, "));
    format!(
        "{} ({}{})",
        past.day,
        kind.collect::<String>(),
        words(past.status)
    )
}

fn earlier_call(call: &Call) -> String {
    let from = if call.is_inbound() {
        "from them"
    } else {
        "to them"
    };
    let topic = call.topic.iter().map(|topic| format!("about {topic}, "));
    format!(
        "{} ({from}, {}{})",
        call.day,
        topic.collect::<String>(),
        words(call.outcome)
    )
}

fn all_of<T>(what: &str, all: &[T], words: impl Fn(&T) -> String) -> Option<String> {
    let words: Vec<String> = all.iter().map(words).collect();
    (!words.is_empty()).then(|| format!("{what}: {}.", words.join("; ")))
}

fn words(code: &str) -> String {
    code.replace('_', " ")
}

fn free_times(times: &FreeTimes) -> String {
    let FreeTimes::Known(times) = times else {
        return "Free times are not known; look them up before offering one.".to_owned();
    };
    match times.as_slice() {
        [] => "There are no free times.".to_owned(),
        [one] => format!("One time is free: {}.", one.spoken),
        several => format!("These times are free: {}.", listed(several)),
    }
}

fn listed<'a>(times: impl IntoIterator<Item = &'a Time>) -> String {
    let times = times.into_iter().map(|time| time.spoken.as_str());
    times.collect::<Vec<_>>().join("; ")
}

/// With a full stop, unless the text brought its own end.
fn sentence(text: String) -> String {
    if text.ends_with(['.', '!', '?', '…']) {
        text
    } else {
        text + "."
    }
}

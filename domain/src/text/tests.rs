mod approval;
mod budget;
mod consent;
mod joining;
mod outbound;
mod proposal;
mod sound;
mod typed;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

//! What a client says to log in.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    command::Mechanism,
    wire::{Gone, Line, Wire},
};

/// Asks for user and password; `None` when what comes is not of that form.
pub(super) async fn ask(
    wire: &mut Wire,
    mechanism: Mechanism,
    initial: Option<String>,
) -> Result<Option<(String, String)>, Gone> {
    let first = match (mechanism, initial) {
        (_, Some(initial)) => initial,
        (Mechanism::Plain, None) => piece(wire, "").await?,
        // "Username:" and "Password:".
        (Mechanism::Login, None) => piece(wire, "VXNlcm5hbWU6").await?,
    };
    Ok(match mechanism {
        Mechanism::Plain => plain_login(&first),
        Mechanism::Login => {
            let password = piece(wire, "UGFzc3dvcmQ6").await?;
            decoded(&first).zip(decoded(&password))
        }
    })
}

/// Asks for the next piece.
async fn piece(wire: &mut Wire, question: &str) -> Result<String, Gone> {
    wire.reply(334, question).await?;
    match wire.command().await? {
        Line::Text(line) => Ok(String::from_utf8_lossy(&line).into_owned()),
        Line::TooLong | Line::Torn => Ok(String::new()),
    }
}

/// User and password out of NUL-separated base64.
fn plain_login(text: &str) -> Option<(String, String)> {
    let decoded = decoded(text)?;
    let mut pieces = decoded.split('\0').skip(1);
    Some((pieces.next()?.to_owned(), pieces.next()?.to_owned()))
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

//! From bytes to text: which encoding a file is in.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::HeaderProblem;

/// The file's bytes as UTF-8 as far as can be said for the file as a whole, without byte-order mark.
///
/// UTF-16 is converted here. What is left may still hold Windows-1252: exports glued together from several programs
/// change from row to row, so that is decided by row, with [`row_text`].
///
/// # Errors
/// When the file is recognisably something else than text.
pub(super) fn without_utf16(
    bytes: &[u8],
) -> Result<(Cow<'_, [u8]>, Option<String>), HeaderProblem> {
    if let Some(what) = other_file(bytes) {
        return Err(HeaderProblem::NotThisFormat(format!(
            "this is {what}; save it as CSV (UTF-8) and import that"
        )));
    }
    let utf16 = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok((Cow::Borrowed(rest), None)),
        [0xff, 0xfe, rest @ ..] => Some((UTF_16LE, rest)),
        [0xfe, 0xff, rest @ ..] => Some((UTF_16BE, rest)),
        [first, 0, _, 0, ..] if *first != 0 => Some((UTF_16LE, bytes)),
        [0, first, 0, _, ..] if *first != 0 => Some((UTF_16BE, bytes)),
        _ => None,
    };
    let Some((encoding, rest)) = utf16 else {
        return Ok((Cow::Borrowed(bytes), None));
    };
    let (text, _) = encoding.decode_without_bom_handling(rest);
    Ok((
        Cow::Owned(text.into_owned().into_bytes()),
        Some(format!("the file was read as {}", encoding.name())),
    ))
}

/// How the bytes of one row are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowEncoding {
    Utf8,
    Windows1252,
    /// UTF-8 and something else side by side: one of the two would be misread.
    Mixed,
}

pub(super) fn row_encoding(row: &[u8]) -> RowEncoding {
    if std::str::from_utf8(row).is_ok() {
        return RowEncoding::Utf8;
    }
    let has_utf8_sequence = row.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if has_utf8_sequence {
        RowEncoding::Mixed
    } else {
        RowEncoding::Windows1252
    }
}

pub(super) fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode_without_bom_handling(bytes).0
}

fn other_file(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Some("an Excel workbook or a ZIP archive"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old Excel workbook"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF document"),
        [0x1f, 0x8b, ..] => Some("a compressed file"),
        _ => None,
    }
}

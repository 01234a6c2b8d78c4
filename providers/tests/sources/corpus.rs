//! The fuzzers' corpus, through the code that they fuzz, so that every test run knows it.

use std::{fs, path::Path};

use providers::{
    redact::stored_body,
    source::{Request, SourceKind, SourceOptions, verify},
};

use crate::exercise::{self, NOW_MS, SECRETS};

/// The inputs of a target with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let inputs: Vec<_> = files
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().to_string_lossy().into_owned();
            (name, fs::read(file.path()).unwrap())
        })
        .collect();
    let least = if target == "calendar" { 15 } else { 40 };
    assert!(inputs.len() >= least, "{}", folder.display());
    inputs
}

#[test]
fn every_input_is_outlined() {
    for (_, input) in corpus("outline") {
        exercise::outline(&input);
    }
}

#[test]
fn every_input_is_verified() {
    for (_, input) in corpus("verify") {
        exercise::verify(&input);
    }
}

#[test]
fn every_input_is_read() {
    for (_, input) in corpus("read") {
        exercise::read(&input);
    }
}

#[test]
fn every_input_is_diagnosed() {
    for (_, input) in corpus("diagnose") {
        exercise::diagnosis(&input);
    }
}

#[test]
fn every_feed_is_laid_out() {
    for (_, input) in corpus("calendar") {
        exercise::calendar(&input);
    }
}

/// Without this the fuzzers would start from inputs that are all refused at once.
#[test]
fn every_sample_of_a_source_is_signed() {
    for (name, input) in corpus("verify") {
        let Some(kind) = name
            .split_once('-')
            .and_then(|(code, _)| SourceKind::from_code(code))
        else {
            assert!(name.starts_with("odd-"), "{name}");
            continue;
        };
        assert!(exercise::is_accepted(kind, &input), "{name}");
    }
}

#[test]
fn no_sample_is_stored_with_its_secret() {
    let mut cut = 0;
    for (name, input) in corpus("read") {
        let end = input.windows(2).position(|pair| pair == b"\n\n");
        let body = &input[end.map_or(input.len(), |end| end + 2)..];
        let kind = name
            .split_once('-')
            .and_then(|(code, _)| SourceKind::from_code(code));
        let stored = stored_body(kind.unwrap_or(SourceKind::Retell), body);
        let text = String::from_utf8_lossy(&stored);
        assert!(
            !text.contains("corpus-secret") && !text.contains("to-be-removed"),
            "{name}"
        );
        cut += usize::from(*stored != *body);
    }
    assert!(cut >= 4, "{cut} bodies held secrets");
}

#[test]
fn a_sample_altered_in_its_body_is_refused_unless_only_a_token_proves_it() {
    for (name, input) in corpus("verify") {
        let Some(kind) = name
            .split_once('-')
            .and_then(|(code, _)| SourceKind::from_code(code))
        else {
            continue;
        };
        let Some(end) = input.windows(2).position(|pair| pair == b"\n\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&input[..end]).into_owned();
        let token_only = head.contains("authorization")
            || head.contains("x-vapi-secret")
            || kind == SourceKind::Zoho;
        if token_only || end + 2 == input.len() {
            continue;
        }
        let mut altered = input.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(!exercise::is_accepted(kind, &altered), "{name}");
    }
}

#[test]
fn without_headers_no_body_is_accepted_but_zohos() {
    let headers = http::HeaderMap::new();
    let options = SourceOptions {
        public_base_url: Some("https://hooks.example.org".to_owned()),
        ..SourceOptions::default()
    };
    let secrets = SECRETS.map(Into::into);
    for (name, input) in corpus("verify") {
        let request = Request {
            headers: &headers,
            path_and_query: "/hooks/abc",
            body: &input,
            now_ms: NOW_MS,
        };
        for kind in SourceKind::ALL {
            let result = verify(kind, &options, &request, &secrets, exercise::tolerance());
            assert!(result.is_err(), "{kind:?} {name}");
        }
    }
}

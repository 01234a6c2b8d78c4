//! Signatures from the vendors' own tests, and others computed apart from our code: each is accepted as it is,
//! and with one character changed anywhere it is refused, for the reason that is true.

mod file;

use providers::{
    openphone,
    source::{SignatureProblem, SourceKind},
};

use file::{Vector, vectors};

/// The text with one character another, at each of its places.
fn altered(text: &str) -> impl Iterator<Item = String> {
    let place = |at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = match bytes[at] {
            b'9' | b'f' => b'0',
            b'z' => b'a',
            b'Z' => b'A',
            byte if byte.is_ascii_alphanumeric() => byte + 1,
            byte => byte ^ 1,
        };
        String::from_utf8(bytes).unwrap()
    };
    (0..text.len()).map(place)
}

#[test]
fn every_vector_is_accepted_and_its_secret_named() {
    for vector in vectors() {
        assert_eq!(vector.verify(), Ok(1), "vector {}", vector.place);
        let diagnosis = vector.diagnose();
        assert_eq!(
            (diagnosis.code(), diagnosis.is_valid()),
            ("valid", true),
            "vector {}",
            vector.place
        );
    }
}

#[test]
fn every_vector_with_a_byte_of_its_body_changed_is_refused() {
    for vector in vectors() {
        for at in 0..vector.body.len() {
            let mut other = vector.clone();
            other.body[at] ^= 1;
            assert_eq!(
                other.verify(),
                Err(SignatureProblem::NoMatch),
                "vector {} byte {at}",
                vector.place
            );
        }
        let mut longer = vector.clone();
        longer.body.push(b'\n');
        // A line end is the one change that the doctor can take back.
        longer.is_refused(&["body_rewritten"], "end of the body");
        let mut other = vector.clone();
        other.body.insert(0, b'x');
        other.is_refused(&["wrong_key"], "body");
    }
}

#[test]
fn every_vector_with_a_character_of_its_secret_changed_is_refused() {
    for vector in vectors() {
        // The last characters of base64 may hold bits that are no part of the key.
        let length = vector.secret.trim_end_matches('=').len();
        let length = if vector.secret.ends_with('=') {
            length - 1
        } else {
            length
        };
        for secret in altered(&vector.secret).take(length) {
            let other = Vector {
                secret,
                ..vector.clone()
            };
            assert_eq!(
                other.verify(),
                Err(SignatureProblem::NoMatch),
                "vector {} {}",
                vector.place,
                other.secret
            );
        }
        let other = Vector {
            secret: "b3RoZXI=".to_owned(),
            ..vector.clone()
        };
        other.is_refused(&["wrong_key"], "secret");
    }
}

#[test]
fn every_vector_with_a_character_of_a_header_changed_is_refused() {
    for vector in vectors() {
        for place in 0..vector.headers.len() {
            let (name, value) = &vector.headers[place];
            // A time that is not signed is not looked at, and a changed one may be out of the window too.
            for changed in altered(value) {
                let mut other = vector.clone();
                other.headers[place].1 = changed;
                other.is_refused(&["wrong_key", "malformed_header"], name);
            }
        }
    }
}

#[test]
fn every_vector_without_one_of_its_headers_is_refused() {
    for vector in vectors() {
        for place in 0..vector.headers.len() {
            let mut other = vector.clone();
            let (name, _) = other.headers.remove(place);
            assert!(
                matches!(other.verify(), Err(SignatureProblem::MissingHeader(missing)) if missing == name.to_ascii_lowercase())
            );
            other.is_refused(&["missing_header"], &name);
        }
    }
}

#[test]
fn every_vector_that_signs_its_time_is_refused_at_another() {
    for vector in vectors() {
        let timeless = vector.kind == SourceKind::Twilio
            || (vector.kind == SourceKind::Vapi && vector.headers.len() == 1);
        for off_by_ms in [301_000, -301_000, 86_400_000] {
            let other = Vector {
                now_ms: vector.now_ms + off_by_ms,
                ..vector.clone()
            };
            if timeless {
                assert_eq!(other.verify(), Ok(1), "vector {}", vector.place);
            } else {
                other.is_refused(&["clock_drift"], "time of receipt");
                assert_eq!(other.diagnose().off_by_ms, Some(off_by_ms.into()));
            }
        }
    }
}

#[test]
fn every_twilio_vector_is_refused_at_another_address() {
    let of_twilio = vectors()
        .into_iter()
        .filter(|vector| vector.kind == SourceKind::Twilio);
    for vector in of_twilio {
        for path_and_query in altered(&vector.path_and_query) {
            let other = Vector {
                path_and_query,
                ..vector.clone()
            };
            assert!(
                other.verify().is_err(),
                "vector {} {}",
                vector.place,
                other.path_and_query
            );
        }
        let base = vector.options.public_base_url.clone().unwrap();
        let mut other = vector.clone();
        other.options.public_base_url = Some(base.replace("https://", "http://"));
        other.is_refused(&["wrong_url"], "scheme");
    }
}

#[test]
fn both_keys_of_quos_rotation_fit_one_header_in_either_order() {
    let of_quo: Vec<_> = vectors()
        .into_iter()
        .filter(|vector| vector.kind == SourceKind::Quo)
        .collect();
    let [new, old] = &of_quo[..] else { panic!() };
    let signature = |vector: &Vector| {
        vector
            .headers
            .iter()
            .find(|(name, _)| name == "webhook-signature")
            .unwrap()
            .1
            .clone()
    };
    let (first, second) = (signature(new), signature(old));
    for both in [format!("{first} {second}"), format!("{second} {first}")] {
        for vector in [new, old] {
            let mut rotating = vector.clone();
            for (name, value) in &mut rotating.headers {
                if name == "webhook-signature" {
                    *value = both.clone();
                }
            }
            assert_eq!(rotating.verify(), Ok(1));
        }
    }
}

#[test]
fn what_openphone_and_quo_sign_in_them_is_read_in_full() {
    let of_both = |kind| matches!(kind, SourceKind::OpenPhone | SourceKind::Quo);
    let signed: Vec<_> = vectors()
        .into_iter()
        .filter(|each| of_both(each.kind))
        .collect();
    assert_eq!(signed.len(), 4);
    for vector in signed {
        let problem = openphone::event::read(&vector.body).err();
        assert_eq!(problem, None, "vector {}", vector.place);
    }
}

//! What to do about a webhook that is not accepted.

use providers::diagnose::{Diagnosis, Finding, Secret, SourceKind};

/// Advice on a finding; none when there is nothing to be done. `received_at_given` is whether the webhook was
/// checked at the time it came in, and not at this machine's time of now.
pub(super) fn advice(diagnosis: &Diagnosis, received_at_given: bool) -> Option<&'static str> {
    let kind = diagnosis.kind;
    Some(match &diagnosis.finding {
        Finding::NoSecret => match kind {
            SourceKind::Retell => "give the API key of the Retell workspace with --secret-file",
            _ => "give the source's secret with --secret-file",
        },
        Finding::MissingOption(_) => "give it with --options-file; for an address --url will do",
        Finding::MissingHeader { .. } => {
            "give every header as received, with --header or --headers-file; if it did not arrive, look at what stands \
             between the sender and ingress: it has to let the header pass"
        }
        Finding::MalformedHeader { .. } => {
            "copy the header's value whole and as received, without quotation marks or breaks; if it is so, compare the \
             source's kind and options with what is set up at the sender"
        }
        Finding::MissingToken => {
            "make the channel at Zoho again with the token that is stored for this source"
        }
        Finding::Signed(Secret::Retired(_)) => rotation(kind),
        Finding::Signed(_) if diagnosis.off_by_ms.is_some() && !received_at_given => {
            "it was checked against this machine's clock of now; for a webhook that came earlier give the time of its \
             receipt with --now"
        }
        Finding::Signed(_) if diagnosis.off_by_ms.is_some() => drift(kind),
        Finding::Signed(Secret::Older(_)) => {
            "the rotation is not finished: retire this secret only when no webhook is signed with it any more"
        }
        Finding::Signed(Secret::Newest) => return None,
        Finding::Stored(_) => {
            "nothing is wrong with it; to check a webhook itself give the body as it came in"
        }
        Finding::BodyRewritten { .. } => {
            "let every proxy and handler pass the body on as it came, without parsing it; when saving or sending it with \
             curl use --data-binary"
        }
        Finding::SecretMistyped { .. } => match kind {
            SourceKind::Retell => {
                "store the key again exactly as Retell shows it: bellhop tenant add-key TENANT < key.txt"
            }
            _ => {
                "store the secret again exactly as the sender shows it: bellhop tenant add-secret TENANT --source KEY < \
                 secret.txt"
            }
        },
        Finding::SettingDiffers { .. } => match kind {
            SourceKind::Twilio => {
                "set public_base_url to the address as it is written at Twilio, and let no proxy change path or query; \
                 if the path or query is what differs, correct the address at Twilio"
            }
            _ => "set the option as the sender has it, or change it there",
        },
        Finding::NoMatch => no_match(kind),
    })
}

fn rotation(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Retell => {
            "a rotation is not finished: make the new key the one with the webhook badge at Retell, or store the old one \
             again with `bellhop tenant add-key` until that is done"
        }
        _ => {
            "a rotation is not finished: make the sender use the new secret, or store the old one again with `bellhop \
             tenant add-secret` until that is done"
        }
    }
}

fn drift(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::OpenPhone => {
            "compare the clock of the machine that runs ingress with a time server; if the clocks agree, OpenPhone may \
             have sent it again with its first time: timestamp_tolerance_seconds \"off\" accepts that"
        }
        _ => {
            "compare the clock of the machine that runs ingress with a time server; a webhook that is held up or sent \
             again later keeps its first time and is refused rightly"
        }
    }
}

fn no_match(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Retell => {
            "compare the key with the one that has the webhook badge at Retell, of the same workspace; then make sure \
             that the body file holds the bytes as received, whole"
        }
        SourceKind::Zoho | SourceKind::Agent => {
            "compare the token with the one that the sender was given"
        }
        SourceKind::Twilio => {
            "compare the secret with the primary auth token of the account, and the address with the one at Twilio; then \
             make sure that the body file holds the bytes as received, whole"
        }
        _ => {
            "compare the secret with the one at the sender, of the same endpoint; then make sure that the body file holds \
             the bytes as received, whole"
        }
    }
}

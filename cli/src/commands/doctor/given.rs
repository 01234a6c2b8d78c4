//! What the person at the keyboard gives: secrets, headers, and how the source is set up.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use providers::source::{SourceKind, SourceOptions, split_url};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::options_file;

/// Secrets, and where each is from: they are named by that.
pub(super) struct Secrets {
    pub(super) values: Vec<SecretString>,
    pub(super) sources: Vec<String>,
}

/// Those in files come first, in their order; then those given directly, named by their option.
pub(super) fn secrets(files: &[PathBuf], direct: &[String], option: &str) -> Result<Secrets> {
    let mut secrets = Secrets {
        values: Vec::new(),
        sources: Vec::new(),
    };
    for path in files {
        secrets.values.push(secret_in(path)?);
        secrets.sources.push(path.display().to_string());
    }
    for (index, secret) in direct.iter().enumerate() {
        secrets.values.push(secret.clone().into());
        secrets
            .sources
            .push(format!("{option} number {}", index + 1));
    }
    Ok(secrets)
}

fn secret_in(path: &Path) -> Result<SecretString> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // What editors add. Other white space stays: it may be the very fault that is looked for.
    let secret = text
        .trim_start_matches('\u{feff}')
        .trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("{} holds no secret", path.display());
    }
    Ok(secret.to_owned().into())
}

/// The option that holds where the sender reaches us.
const BASE_URL: &str = "public_base_url";

/// The source's options out of a file, as JSON or TOML, else the defaults; where they need an address and
/// name none, the one of `url`.
pub(super) fn source_options(
    kind: SourceKind,
    file: Option<&Path>,
    url: Option<&str>,
) -> Result<SourceOptions> {
    let mut value = match file {
        Some(path) => options_file::read(path)?,
        None => json!({}),
    };
    if let (Some(url), Err(problem)) = (url, SourceOptions::read(kind, value.clone()))
        && problem.field == BASE_URL
        && value.get(BASE_URL).is_none()
    {
        let (base, _) = split(url)?;
        if let Some(value) = value.as_object_mut() {
            value.insert(BASE_URL.to_owned(), base.into());
        }
    }
    SourceOptions::read(kind, value).with_context(|| {
        let from = file.map_or_else(
            || "the defaults".to_owned(),
            |path| path.display().to_string(),
        );
        format!("the options of this source ({from}); see --options-file and --url")
    })
}

/// What follows the host in an address; nothing without one.
pub(super) fn path_and_query(url: Option<&str>) -> Result<&str> {
    Ok(match url {
        Some(url) => split(url)?.1,
        None => "",
    })
}

fn split(url: &str) -> Result<(&str, &str)> {
    split_url(url).context("--url is no address like https://hooks.example.org/hooks/…")
}

pub(super) type Header = (String, String);

/// A header as `Name: value`. The message leaves the value out: it may be a key.
pub(super) fn header(text: &str) -> Result<Header> {
    let (name, value) = text
        .split_once(':')
        .context("--header is not of the form 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Headers one a line, as a request or `curl -v` shows them, or as a JSON object.
pub(super) fn headers_in(path: &Path) -> Result<Vec<Header>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let headers = if text.starts_with('{') {
        json_headers(text)
    } else {
        header_lines(text)
    };
    headers.with_context(|| path.display().to_string())
}

/// The value of a header in JSON: some tools list it, since a header may come several times.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

fn json_headers(text: &str) -> Result<Vec<Header>> {
    let headers: BTreeMap<String, Values> = serde_json::from_str(text)
        .ok()
        .context("expected a JSON object of header names and values")?;
    let each = headers.into_iter().flat_map(|(name, values)| {
        let values = match values {
            Values::One(value) => vec![value],
            Values::Several(values) => values,
        };
        values
            .into_iter()
            .map(move |value| (name.clone(), value.trim().to_owned()))
    });
    Ok(each.collect())
}

fn header_lines(text: &str) -> Result<Vec<Header>> {
    let mut headers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix(['>', '<']).unwrap_or(line).trim_start();
        if line.is_empty() || is_start_line(line) {
            continue;
        }
        match line.split_once(':') {
            // The pseudo-headers of HTTP/2, such as `:method: POST`.
            Some(("", _)) => {}
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None => bail!("line {} is no header of the form Name: value", index + 1),
        }
    }
    Ok(headers)
}

/// `POST /hooks/… HTTP/1.1` or `HTTP/1.1 200 OK`.
fn is_start_line(line: &str) -> bool {
    let version = |word: &str| word.starts_with("HTTP/");
    let mut words = line.split_whitespace();
    words.next().is_some_and(version) || words.nth(1).is_some_and(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(headers: &[Header]) -> Vec<(&str, &str)> {
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    #[test]
    fn headers_are_read_as_tools_show_them() {
        let expected = [
            ("Content-Type", "application/json"),
            ("X-Retell-Signature", "v=1,d=ab"),
        ];
        for text in [
            "Content-Type: application/json\nX-Retell-Signature: v=1,d=ab\n",
            "POST /hooks/abc HTTP/1.1\r\nContent-Type:application/json\r\n\r\nX-Retell-Signature:  v=1,d=ab \r\n",
            "> :method: POST\n> Content-Type: application/json\n> X-Retell-Signature: v=1,d=ab\n>",
            "HTTP/1.1 200 OK\nContent-Type: application/json\nX-Retell-Signature: v=1,d=ab",
        ] {
            assert_eq!(pairs(&header_lines(text).unwrap()), expected, "{text:?}");
        }
        let json = r#"{"Content-Type": "application/json", "X-Retell-Signature": ["v=1,d=ab"]}"#;
        assert_eq!(pairs(&json_headers(json).unwrap()), expected);
    }

    #[test]
    fn an_address_serves_where_the_options_need_one_and_name_none() {
        let url = Some("https://a.example:8443/hooks/k?x=1");
        let twilio = source_options(SourceKind::Twilio, None, url).unwrap();
        assert_eq!(
            twilio.public_base_url.as_deref(),
            Some("https://a.example:8443")
        );
        assert_eq!(path_and_query(url).unwrap(), "/hooks/k?x=1");
        let retell = source_options(SourceKind::Retell, None, url).unwrap();
        assert_eq!(retell, SourceOptions::default());
        assert!(source_options(SourceKind::Twilio, None, None).is_err());
        assert!(source_options(SourceKind::Twilio, None, Some("a.example")).is_err());
    }

    #[test]
    fn what_is_no_header_is_named_by_its_line_and_not_repeated() {
        let error = header_lines("A: b\nkey_secret\n").unwrap_err().to_string();
        assert!(
            error.contains("line 2") && !error.contains("key_secret"),
            "{error}"
        );
        assert!(
            !header("key_secret")
                .unwrap_err()
                .to_string()
                .contains("key_secret")
        );
    }
}

//! Values of options: read once, and refused in words that name what would do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser};
use regex::Regex;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use crate::api::pattern;
use crate::domain::identity::InstallationKey;
use crate::domain::lease;
use crate::domain::name::RoleArn;

/// The URL of something on the web.
pub(super) fn url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        // "gitlab.example.com:8080" is a URL, too, with a scheme that nobody meant.
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        // It is not repeated: whoever puts a password into it does not want to read that in a log.
        .ok_or_else(|| "this is not a URL such as https://gitlab.example.com".to_owned())
}

/// The issuer of id tokens. AWS IAM takes none without TLS; one on this machine is a test's.
pub(super) fn issuer(text: &str) -> Result<Url, String> {
    let url = url(text)?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || here {
        Ok(url)
    } else {
        Err("this must begin with https://, as AWS IAM knows the issuer".to_owned())
    }
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not an address to listen on, such as 0.0.0.0:8080 or [::]:8080")
    })
}

/// The full path of a GitLab group.
pub(super) fn group(text: &str) -> Result<String, String> {
    let path = text.trim_matches('/');
    if path.len() <= 255 && fits(pattern::GROUP, path) {
        Ok(path.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the full path of a GitLab group, such as platform/applications"
        ))
    }
}

/// Something that is not empty.
pub(super) fn filled(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// An AWS region.
pub(super) fn region(text: &str) -> Result<String, String> {
    if fits(pattern::REGION, text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not an AWS region such as eu-west-1"))
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// A file that can be read and has something in it.
pub(super) fn filled_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| read(&path).map(|_| path))
}

/// A file with an installation key.
pub(super) fn key_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| key(&path).map(|_| path))
}

/// Reads the installation key.
///
/// # Errors
/// A sentence that names the file.
pub(super) fn key(path: &Path) -> Result<InstallationKey, String> {
    InstallationKey::new(read(path)?.trim_ascii())
        .map_err(|problem| format!("{}: {problem}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if bytes.trim_ascii().is_empty() {
        return Err(format!("{shown} is empty"));
    }
    Ok(bytes)
}

/// An image that no registry can exchange for another.
pub(super) fn image(text: &str) -> Result<String, String> {
    if fits(r"^[^\s@]+@sha256:[0-9a-f]{64}$", text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} must name an image by digest, such as registry.example.com/tool@sha256:…, with 64 digits"
    ))
}

/// The ARN of a role.
pub(super) fn role_arn(text: &str) -> Result<String, String> {
    match RoleArn::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!(
            "{text:?} must be the ARN of an IAM role, such as arn:aws:iam::111111111111:role/harmonix"
        )),
    }
}

/// A time such as `500ms`, `10s`, `2m` or `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is not a time such as 500ms, 10s, 2m or 1h"))?;
    let unit = match &text[digits.len()..] {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return Err(format!("{text:?} needs a unit: ms, s, m or h")),
    };
    match u32::try_from(number) {
        Ok(number) if number > 0 => Ok(unit * number),
        Ok(_) | Err(_) => Err(format!(
            "{text:?} must be more than nothing, and less than a lifetime"
        )),
    }
}

/// How long a lease lasts.
pub(super) fn lease_duration(text: &str) -> Result<Duration, String> {
    let (shortest, longest) = (lease::SHORTEST, lease::LONGEST);
    let duration = duration(text)?;
    if (shortest..=longest).contains(&duration) && duration.subsec_nanos() == 0 {
        return Ok(duration);
    }
    Err(format!(
        "{text:?} must be whole seconds, from {} s, since a slow answer would end a shorter one, to {} s, for which nobody \
         acts after a replica died",
        shortest.as_secs(),
        longest.as_secs()
    ))
}

/// The name of a namespace.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    if text.len() <= 63 && fits(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", text) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the name of a namespace, such as harmonix-system"
        ))
    }
}

/// The name of a lease.
pub(super) fn lease_name(text: &str) -> Result<String, String> {
    let label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    if text.len() <= 253 && fits(&format!(r"^{label}(\.{label})*$"), text) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the name of a Lease, such as harmonix"
        ))
    }
}

/// `NAME=VALUE`.
pub(super) fn job_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if fits(pattern::VARIABLE, name) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        // What stands there may be a secret that lost its name.
        Some(_) | None => Err(
            "each must read NAME=VALUE, with letters, digits and '_' in the name, and a comma begins the next one"
                .to_owned(),
        ),
    }
}

/// How many objects at once.
pub(super) fn concurrency(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=256).contains(number))
        .ok_or_else(|| format!("{text:?} is not a number from 1 to 256"))
}

/// A filter of log lines.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{text:?} cannot be understood: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_are_more_than_nothing() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["", "5", "0s", "s", "5d", "-1s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lease_lasts_whole_seconds_within_bounds() {
        assert_eq!(lease_duration("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(lease_duration("5m"), Ok(Duration::from_mins(5)));
        for wrong in ["2s", "6m", "3500ms", "15"] {
            assert!(lease_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn leases_and_namespaces_are_named_as_kubernetes_names_them() {
        assert!(lease_name("harmonix.blue-2").is_ok());
        assert!(namespace("harmonix-system").is_ok());
        for wrong in ["", "Harmonix", "-x", "x-", "a_b", "a/b"] {
            assert!(lease_name(wrong).is_err(), "{wrong}");
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
        assert!(namespace("a.b").is_err());
        assert!(namespace(&"a".repeat(64)).is_err());
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        for refused in [
            url("gitlab.example.com:secret@x").unwrap_err(),
            url("https://me:secret@").unwrap_err(),
            job_variable("secret").unwrap_err(),
        ] {
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn concurrency_is_at_least_one_and_bounded() {
        assert_eq!((concurrency("1"), concurrency("256")), (Ok(1), Ok(256)));
        for wrong in ["0", "257", "-1", "many", "70000"] {
            assert!(concurrency(wrong).is_err(), "{wrong}");
        }
    }
}

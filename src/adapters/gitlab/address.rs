//! Where the instance is, and what may be sent there.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

/// How one GitLab instance is reached.
#[derive(Clone, Debug)]
pub struct GitlabAddress {
    /// The instance's base URL, such as `https://gitlab.example.com`; a path in it is kept.
    pub base_url: Url,
    /// The file that holds the access token. It may change at any time.
    pub token_file: PathBuf,
    /// Certificates, in PEM, that the instance's may be signed by, besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// How long one request may take, from being sent to the end of its answer.
    pub timeout: Duration,
}

impl GitlabAddress {
    /// How long a request may take unless configured otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The root of the REST API.
    ///
    /// # Errors
    /// A sentence when the base URL could leak the token or cannot lead anywhere.
    pub(super) fn api(&self) -> Result<Url, String> {
        let url = &self.base_url;
        // First, because every other sentence repeats the URL.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "the GitLab URL must not hold a user or a password; the token belongs into the token file"
                    .to_owned(),
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("the GitLab URL must end before any \"?\" or \"#\"".to_owned());
        }
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "the GitLab URL \"{url}\" must look like https://gitlab.example.com"
            ));
        }
        if url.scheme() == "http" && !self.is_loopback() {
            return Err(format!(
                "the GitLab URL \"{url}\" would send the token in the clear; use https"
            ));
        }
        let mut root = url.clone();
        root.set_path(&format!("{}/api/v4/", url.path().trim_end_matches('/')));
        Ok(root)
    }

    /// Whether the instance is on this very machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.base_url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(url: &str) -> Result<String, String> {
        let address = GitlabAddress {
            base_url: Url::parse(url).unwrap(),
            token_file: PathBuf::from("/run/token"),
            ca_bundle: None,
            timeout: GitlabAddress::DEFAULT_TIMEOUT,
        };
        address.api().map(|url| url.to_string())
    }

    #[test]
    fn the_api_lies_below_the_base_url_with_its_path() {
        for (base, root) in [
            (
                "https://gitlab.example.com",
                "https://gitlab.example.com/api/v4/",
            ),
            (
                "https://example.com/gitlab/",
                "https://example.com/gitlab/api/v4/",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v4/"),
            ("http://[::1]:8080", "http://[::1]:8080/api/v4/"),
            ("http://localhost", "http://localhost/api/v4/"),
        ] {
            assert_eq!(api(base).unwrap(), root);
        }
    }

    #[test]
    fn a_url_that_could_leak_the_token_is_refused() {
        for (base, why) in [
            ("http://gitlab.example.com", "in the clear"),
            ("http://localhost.example.com", "in the clear"),
            ("https://user:secret@gitlab.example.com", "token file"),
            (
                "https://gitlab.example.com/?private_token=secret",
                "must end",
            ),
            ("ftp://gitlab.example.com", "must look like"),
            ("ftp://user:secret@gitlab.example.com", "token file"),
        ] {
            let refused = api(base).unwrap_err();
            assert!(refused.contains(why), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}

//! What the parts of a world see of this machine's environment: as little as they need, and no credentials.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

/// Variables that say where programs are and how this machine reaches the internet. Terraform may have to fetch plugins.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "USER",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "XDG_RUNTIME_DIR",
    "RUST_LOG",
    "RUST_BACKTRACE",
];

/// The home folder of every process of a world, below the world's own.
pub const HOME: &str = "home";
/// The folder for their temporary files.
pub const TEMPORARY: &str = "tmp";

/// The variable that every process of a world carries, and whatever these processes start.
pub const MARK: &str = "HARMONIX_WORLD_FOLDER";

/// Answers the environment of a part of the world in `folder`.
#[must_use]
pub fn base(folder: &Path) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), env::var(name).ok()?)))
        .collect();
    variables.insert("LANG".into(), "C.UTF-8".into());
    // A person's own configuration (of git, of the AWS command line) would make worlds differ.
    for (name, below) in [("HOME", HOME), ("TMPDIR", TEMPORARY)] {
        variables.insert(
            name.into(),
            folder.join(below).to_string_lossy().into_owned(),
        );
    }
    for name in ["NO_PROXY", "no_proxy"] {
        variables.insert(name.into(), "127.0.0.1,localhost".into());
    }
    variables.insert(MARK.into(), folder.to_string_lossy().into_owned());
    variables
}

/// Answers the entry that marks the processes of the world in `folder`, as /proc shows it.
#[must_use]
pub fn mark(folder: &Path) -> String {
    format!("{MARK}={}", folder.display())
}

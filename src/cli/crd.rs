//! `harmonix crd`.

use std::io::Write as _;
use std::process::ExitCode;

use crate::api;

/// Prints every CustomResourceDefinition, as `kubectl apply -f -` takes them.
pub(super) fn print() -> ExitCode {
    let mut out = std::io::stdout().lock();
    for crd in api::all_crds() {
        let Ok(text) = serde_saphyr::to_string(&crd) else {
            return ExitCode::FAILURE;
        };
        if write!(out, "---\n{text}").is_err() {
            // The reader went away, which is the reader's business.
            return ExitCode::SUCCESS;
        }
    }
    ExitCode::SUCCESS
}

//! Production of the files we own in repositories: typed values in, text out, nothing else.

mod application;
mod catalog_info;
pub mod developers;
pub mod pipeline;
mod provider;

pub use application::{ApplicationFiles, EnvironmentParameters, application, snake_case};
pub use provider::{ProviderFiles, provider};

use serde::Serialize;

/// YAML without block scalars: GitLab's parser takes some characters for line ends that others do not,
/// and a text with one of them could leave its block. Between quotes they are escaped.
fn yaml(value: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    // Our values are structs and maps with text keys: serializing cannot fail.
    serde_saphyr::to_string_with_options(value, options).unwrap_or_default()
}

/// Pretty JSON with a final line end.
fn json(value: &impl Serialize) -> String {
    // Our values are structs, maps with text keys and numbers: serializing cannot fail.
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .unwrap_or_default()
}

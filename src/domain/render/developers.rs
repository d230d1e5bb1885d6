//! The developers' own pipeline file, as it is seeded. It is theirs from then on: no later change of
//! the settings touches it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::ApplicationTemplate;
use crate::domain::settings::Settings;

/// Where it stands, and what our own pipeline file includes.
pub const PATH: &str = ".gitlab-ci.yml";

/// The whole file: jobs, and nothing that ours would inherit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DevelopersFile {
    /// The jobs.
    pub jobs: BTreeMap<String, DevelopersJob>,
}

/// A job to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevelopersJob {
    /// Its stage.
    pub stage: String,
    /// Its image, by digest.
    pub image: String,
    /// Tags of runners that take it.
    pub tags: Vec<String>,
    /// What it runs.
    pub script: Vec<String>,
}

impl DevelopersFile {
    /// A job that tests the template's source, on the runners and the image of the image's build: where
    /// that goes green, so does this, and a release needs the whole pipeline.
    pub fn of(template: &ApplicationTemplate, settings: &Settings) -> Self {
        let job = DevelopersJob {
            stage: "test".into(),
            image: settings.node_image.clone(),
            tags: settings.runner_tags.clone(),
            script: template.test().to_vec(),
        };
        Self {
            jobs: BTreeMap::from([("unit-tests".into(), job)]),
        }
    }

    /// The file's text. Parsing it gives the same value (a test proves it).
    pub fn to_yaml(&self) -> String {
        let heading = "# Your own jobs: they run beside the image's build on every push, never in deployments.\n\
                       # A release needs all of them green; each needs a runner with its tags.\n";
        heading.to_owned() + &super::yaml(self)
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// What the parser says.
    pub fn from_yaml(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}

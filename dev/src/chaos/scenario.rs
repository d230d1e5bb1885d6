//! Scenarios: what people do, step by step, with the moment from which something may go wrong.

mod step;
mod story;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use step::Step;

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Scenario {
    /// A provider is declared.
    CreateProvider,
    /// An application is declared for one level.
    CreateApplication1,
    /// An application is declared for two levels.
    CreateApplication2,
    /// A parameter of a running application changes.
    EditParameters,
    /// A developer pushes to a running application.
    DeveloperPushes,
    /// A deployment fails, and passes when it is asked for again.
    PipelineFailsThenPasses,
    /// A push is promoted from level to level.
    Promotion,
    /// An application waits for its environment.
    EnvironmentLate,
    /// An application and its environment wait for their provider.
    ProviderLate,
    /// Two tenants have an application of the same name.
    TwoTenants,
    /// Twenty applications on one provider.
    TwentyApplications,
    /// The controller's GitLab token is rotated under an edit.
    TokenRotated,
    /// The sessions of AWS end before an edit.
    SessionsExpire,
    /// Everything in the cluster is lost, and made again from the same manifests.
    ClusterRebuilt,
    /// An application is let go and declared again.
    LetGoAndAgain,
    /// A value is changed, and changed back.
    ValueABA,
    /// An application is suspended while it is deployed, and goes on.
    SuspendAndResume,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::CreateProvider,
        Self::CreateApplication1,
        Self::CreateApplication2,
        Self::EditParameters,
        Self::DeveloperPushes,
        Self::PipelineFailsThenPasses,
        Self::Promotion,
        Self::EnvironmentLate,
        Self::ProviderLate,
        Self::TwoTenants,
        Self::TwentyApplications,
        Self::TokenRotated,
        Self::SessionsExpire,
        Self::ClusterRebuilt,
        Self::LetGoAndAgain,
        Self::ValueABA,
        Self::SuspendAndResume,
    ];

    /// Answers its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateProvider => "create-provider",
            Self::CreateApplication1 => "create-application-1",
            Self::CreateApplication2 => "create-application-2",
            Self::EditParameters => "edit-parameters",
            Self::DeveloperPushes => "developer-pushes",
            Self::PipelineFailsThenPasses => "pipeline-fails-then-passes",
            Self::Promotion => "promotion",
            Self::EnvironmentLate => "environment-late",
            Self::ProviderLate => "provider-late",
            Self::TwoTenants => "two-tenants",
            Self::TwentyApplications => "twenty-applications",
            Self::TokenRotated => "token-rotated",
            Self::SessionsExpire => "sessions-expire",
            Self::ClusterRebuilt => "cluster-rebuilt",
            Self::LetGoAndAgain => "let-go-and-again",
            Self::ValueABA => "value-a-b-a",
            Self::SuspendAndResume => "suspend-and-resume",
        }
    }

    /// Answers its steps, with this text in the names of everything.
    #[must_use]
    pub fn steps(self, run: &str) -> Vec<Step> {
        story::of(self, run)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name);
                format!("{text:?} is no scenario; there are {}", names.join(", "))
            })
    }
}

impl From<Scenario> for String {
    fn from(scenario: Scenario) -> Self {
        scenario.name().to_owned()
    }
}

impl TryFrom<String> for Scenario {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_one_moment_from_which_something_may_go_wrong() {
        for scenario in Scenario::ALL {
            let steps = scenario.steps("p0001");
            let marks = steps.iter().filter(|step| matches!(step, Step::Mark));
            assert_eq!(marks.count(), 1, "{scenario}");
            assert_eq!(scenario.name().parse(), Ok(scenario));
        }
    }

    #[test]
    fn everything_that_a_scenario_applies_carries_the_text_of_the_run() {
        for scenario in Scenario::ALL {
            for step in scenario.steps("p0042") {
                if let Step::Apply(object) = step {
                    let metadata = object["metadata"].to_string();
                    assert!(metadata.contains("p0042"), "{scenario}: {metadata}");
                }
            }
        }
    }
}

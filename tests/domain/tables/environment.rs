//! An environment: what its status tells of its providers.

use harmonix::api::condition::Reason;
use harmonix::api::{EnvironmentMemberStatus, EnvironmentStatus};
use harmonix::domain::report::{self, Report};
use harmonix::domain::target::EnvironmentSummary;
use harmonix::domain::verdict::Verdict;

use super::case::telling;
use crate::world::settings;

fn told(members: [(&str, bool); 2]) -> Report<EnvironmentStatus> {
    let settings = settings();
    let telling = telling(&settings, &[]);
    let member = |(name, ready): (&str, bool)| EnvironmentMemberStatus {
        name: name.into(),
        ready,
        account: "222222222222".into(),
        region: format!("region of {name}"),
    };
    let summary = EnvironmentSummary {
        members: members.map(member).into(),
        applications: 7,
    };
    report::environment(&Ok(summary), EnvironmentStatus::default(), &telling)
}

#[test]
fn an_environment_is_ready_with_all_its_providers() {
    let report = told([("b", true), ("a", true)]);
    assert_eq!(report.verdict, Verdict::Settled);
    let status = report.status;
    assert_eq!((status.summary.as_str(), status.applications), ("2/2", 7));
    assert_eq!(status.accounts, ["222222222222"]);
    assert_eq!(status.regions, ["region of a", "region of b"]);
    assert_eq!(status.observed_generation, Some(3));
}

#[test]
fn an_environment_names_the_provider_that_it_waits_for() {
    let report = told([("a", true), ("b", false)]);
    assert_eq!(report.status.summary, "1/2");
    match report.verdict {
        Verdict::Waiting(Reason::DependencyNotReady, message) => assert_eq!(
            message,
            "the EnvironmentProvider b is not ready; its own status says why"
        ),
        other => panic!("{other:?}"),
    }
}

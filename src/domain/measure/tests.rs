use std::collections::BTreeSet;

use super::*;
use crate::api::condition::Reason;
use crate::domain::verdict::Backoff;

#[test]
fn every_verdict_is_a_result_of_the_same_name() {
    let verdicts = [
        Verdict::Settled,
        Verdict::Progressing(Reason::Updating, String::new()),
        Verdict::Waiting(Reason::Updating, String::new()),
        Verdict::Blocked(Reason::Updating, String::new(), Backoff::Growing),
        Verdict::Stalled(Reason::Updating, String::new()),
        Verdict::Suspended,
    ];
    for verdict in verdicts {
        assert_eq!(PassResult::of(&verdict).as_str(), verdict.name());
    }
}

#[test]
fn a_host_knows_its_own_verbs_and_calls_all_others_other() {
    for host in Host::ALL {
        for verb in Verb::ALL {
            let known = if host.verbs().contains(verb) {
                *verb
            } else {
                Verb::Other
            };
            assert_eq!(host.verb(verb.as_str()), known, "{host:?}");
        }
    }
    assert_eq!(Host::AwsEcs.verb("Query"), Verb::Other);
    assert_eq!(Host::AwsDynamoDb.verb("Query"), Verb::Query);
}

#[test]
fn a_status_belongs_to_the_class_of_its_hundred() {
    for (status, class) in [
        (101, "2xx"),
        (200, "2xx"),
        (299, "2xx"),
        (300, "3xx"),
        (399, "3xx"),
        (400, "4xx"),
        (429, "4xx"),
        (499, "4xx"),
        (500, "5xx"),
        (599, "5xx"),
        (0, "5xx"),
    ] {
        assert_eq!(CallClass::of_status(status).as_str(), class, "{status}");
    }
}

#[test]
fn readiness_is_what_the_condition_says() {
    for (status, readiness) in [
        (Some("True"), "true"),
        (Some("False"), "false"),
        (Some("Unknown"), "unknown"),
        (None, "unknown"),
    ] {
        assert_eq!(Readiness::of_status(status).as_str(), readiness);
    }
}

#[test]
fn a_reason_that_names_a_party_is_that_partys_obstacle_and_every_obstacle_has_a_reason() {
    let free: Vec<&str> = Reason::ALL
        .iter()
        .filter(|reason| Obstacle::of(**reason).is_none())
        .map(|reason| reason.as_str())
        .collect();
    assert_eq!(free, ["Succeeded", "Valid", "ExpiresSoon"]);
    for reason in Reason::ALL {
        for (part, obstacle) in [
            ("GitLab", Obstacle::GitLab),
            ("Repository", Obstacle::GitLab),
            ("Pipeline", Obstacle::Pipeline),
            ("Service", Obstacle::Service),
            ("Aws", Obstacle::Aws),
            ("Audit", Obstacle::Audit),
            ("NotAllowed", Obstacle::Spec),
        ] {
            if reason.as_str().contains(part) {
                assert_eq!(Obstacle::of(*reason), Some(obstacle), "{reason:?}");
            }
        }
    }
    for (reason, obstacle) in [
        (Reason::Suspended, "suspended"),
        (Reason::Pending, "harmonix"),
        (Reason::WaitingForRelease, "dependency"),
        (Reason::Invalid, "spec"),
        (Reason::CommitRefused, "gitlab"),
        (Reason::DeploymentFailed, "service"),
        (Reason::RoleDenied, "aws"),
    ] {
        assert_eq!(Obstacle::of(reason).map(Obstacle::as_str), Some(obstacle));
    }
    let met: BTreeSet<Obstacle> = Reason::ALL
        .iter()
        .filter_map(|r| Obstacle::of(*r))
        .collect();
    assert_eq!(met.len(), Obstacle::ALL.len());
}

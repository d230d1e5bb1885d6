//! How often what was called, by whom.

use std::collections::BTreeMap;

use super::call::{Call, Who};

/// The controller's calls by system, verb and what the verb was about.
pub fn of_controller(calls: &[Call]) -> Vec<[String; 5]> {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.who == Who::Controller) {
        let kind = if call.mutating { "write" } else { "read" };
        let refused = Some(call.status).filter(|_| !call.succeeded());
        let key = (
            call.system,
            kind,
            call.what.as_str(),
            call.verb.as_str(),
            refused,
        );
        *counts.entry(key).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|((system, kind, what, verb, refused), count)| {
            let what = match refused {
                Some(status) => format!("{what}, answered {status}"),
                None => what.to_owned(),
            };
            [
                system.name().to_owned(),
                kind.to_owned(),
                verb.to_owned(),
                what,
                count.to_string(),
            ]
        })
        .collect()
}

/// Everybody's calls by system: reads and writes.
pub fn of_everybody(calls: &[Call]) -> Vec<[String; 4]> {
    let mut counts: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for call in calls {
        let (reads, writes) = counts.entry((call.system, call.who)).or_default();
        *(if call.mutating { writes } else { reads }) += 1;
    }
    counts
        .into_iter()
        .map(|((system, who), (reads, writes))| {
            [
                system.name().to_owned(),
                who.name().to_owned(),
                reads.to_string(),
                writes.to_string(),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::call::System;
    use super::super::call::tests::call;
    use super::*;

    #[test]
    fn calls_are_counted_by_verb_and_refusals_apart() {
        let post = call(0, System::GitLab, "POST", "projects.create", "apps/cart");
        let refused = Call {
            status: 409,
            ..post.clone()
        };
        let job = Call {
            who: Who::Pipeline,
            ..post.clone()
        };
        let list = call(0, System::Kubernetes, "list", "applications", "");
        let calls = [post.clone(), post, refused, job, list];

        let text = |rows: Vec<String>| rows.join("\n");
        assert_eq!(
            text(
                of_controller(&calls)
                    .into_iter()
                    .map(|row| row.join("|"))
                    .collect()
            ),
            "GitLab|write|POST|projects.create|2\n\
             GitLab|write|POST|projects.create, answered 409|1\n\
             Kubernetes|read|list|applications|1"
        );
        assert_eq!(
            text(
                of_everybody(&calls)
                    .into_iter()
                    .map(|row| row.join("|"))
                    .collect()
            ),
            "GitLab|the controller|0|3\nGitLab|pipelines|0|1\nKubernetes|the controller|1|0"
        );
    }
}

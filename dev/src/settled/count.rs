//! What stands in the journals from a moment on.

use crate::demo::call::{self, Call, System, Who};
use crate::demo::object::Object;
use crate::failure::{Doing, Failure};
use crate::journal;
use crate::world::World;

/// What a controller may write at any time: its events, and the lease by which one of several leads.
const NOT_COUNTED: [&str; 2] = ["events", "leases"];

/// The journals of a world.
#[derive(Debug)]
pub struct Journals<'a> {
    world: &'a World,
    operations: Vec<String>,
}

/// How many calls each journal has.
#[derive(Debug, Clone, Copy)]
pub struct Length([usize; 3]);

impl<'a> Journals<'a> {
    /// Those of a world with these objects: the providers say which sessions in AWS are the controller's.
    pub fn of(world: &'a World, objects: &[Object]) -> Self {
        let outputs = objects
            .iter()
            .filter_map(|object| object.status.outputs.as_ref());
        Self {
            world,
            operations: outputs
                .map(|outputs| outputs.operations_role_arn.clone())
                .collect(),
        }
    }

    /// Answers how long they are now.
    pub fn length(&self) -> Result<Length, Failure> {
        Ok(Length(self.read()?.map(|calls| calls.len())))
    }

    /// Answers the calls of the controller and of pipelines that were added since.
    pub fn after(&self, begin: &Length) -> Result<Vec<Call>, Failure> {
        let read = self.read()?.into_iter().zip(begin.0);
        let mut calls: Vec<Call> = read
            .flat_map(|(calls, known)| calls.into_iter().skip(known))
            .filter(|call| call.who != Who::Person)
            .collect();
        calls.sort_by_key(|call| call.time);
        Ok(calls)
    }

    fn read(&self) -> Result<[Vec<Call>; 3], Failure> {
        let path = |name| self.world.layout.journal(name);
        let entries =
            |name| journal::read(&path(name)).doing(|| format!("read {}", path(name).display()));
        Ok([
            call::of_gitlab(entries("gitlab")?),
            call::of_aws(entries("aws")?, &self.operations),
            call::of_kubernetes(&path("kubernetes"))?,
        ])
    }
}

/// Answers whether a call is a write that a settled world must not see.
pub fn is_write(call: &Call) -> bool {
    let own_affair = call.system == System::Kubernetes && NOT_COUNTED.contains(&call.what.as_str());
    call.mutating && !own_affair
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::call::tests::call;

    #[test]
    fn events_and_leases_are_the_controllers_own_affair_and_all_other_writes_count() {
        let write = |system, verb, what| is_write(&call(0, system, verb, what, ""));
        assert!(!write(System::Kubernetes, "create", "events"));
        assert!(!write(System::Kubernetes, "update", "leases"));
        assert!(write(System::Kubernetes, "patch", "applications/status"));
        assert!(write(System::GitLab, "POST", "commits.create"));
        assert!(!write(System::GitLab, "GET", "pipelines.list"));
        // What a condition refused was a write all the same.
        let refused = Call {
            status: 400,
            ..call(0, System::Aws, "PutItem", "dynamodb", "")
        };
        assert!(is_write(&refused));
    }
}

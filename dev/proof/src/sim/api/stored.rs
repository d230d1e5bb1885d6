//! What the three kinds of ours have in common in storage.

use std::collections::BTreeMap;

use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix_miniature::State;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::Table;

/// A kind with a status.
pub trait Stored: ResourceExt + Clone + Serialize + PartialEqSpec {
    /// Its table.
    const TABLE: Table;
    /// Its objects.
    fn rows(state: &mut State) -> &mut BTreeMap<String, Self>;
    /// Takes a status; whether it is another now.
    ///
    /// # Errors
    /// Where it is none.
    fn set_status(&mut self, status: Value) -> Result<bool, serde_json::Error>;
    /// The generation that its status speaks of.
    fn observed(&self) -> Option<i64>;
    /// Its conditions.
    fn conditions(&self) -> &[Condition];
}

/// Specs that can be compared.
pub trait PartialEqSpec {
    /// Whether both ask for the same.
    fn asks_the_same(&self, other: &Self) -> bool;
}

macro_rules! stored {
    ($kind:ty, $table:expr, $rows:ident) => {
        impl Stored for $kind {
            const TABLE: Table = $table;

            fn rows(state: &mut State) -> &mut BTreeMap<String, Self> {
                &mut state.$rows
            }

            fn set_status(&mut self, status: Value) -> Result<bool, serde_json::Error> {
                let new = serde_json::from_value(status)?;
                let changed = self.status != new;
                self.status = new;
                Ok(changed)
            }

            fn observed(&self) -> Option<i64> {
                self.status.as_ref()?.observed_generation
            }

            fn conditions(&self) -> &[Condition] {
                self.status.as_ref().map_or(&[], |s| &s.conditions)
            }
        }

        impl PartialEqSpec for $kind {
            fn asks_the_same(&self, other: &Self) -> bool {
                self.spec == other.spec
            }
        }
    };
}

stored!(EnvironmentProvider, Table::Providers, providers);
stored!(Environment, Table::Environments, environments);
stored!(Application, Table::Applications, applications);

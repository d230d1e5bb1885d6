//! `harmonix rbac`: the rights that the code needs, as roles.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::api::ObjectMeta;

use crate::adapters::kube::right::{self, Grant};

use super::refuse;

/// Who is to get the rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Account {
    /// The controller: a ClusterRole, and a Role in its own namespace.
    Controller,
    /// Whoever runs `harmonix key ensure`: a Role in the controller's namespace.
    Key,
}

/// Options of `harmonix rbac`.
#[derive(Args, Debug)]
pub(super) struct RbacOptions {
    /// Whose rights.
    #[arg(long = "for", value_name = "ACCOUNT", value_enum, default_value_t = Account::Controller)]
    account: Account,
    /// Namespace that the controller runs in.
    #[arg(long, value_name = "NAME", default_value = "harmonix-system")]
    namespace: String,
    /// With `--for key`: name of the Secret, so that no other one may be read. Default: none, any Secret of the
    /// namespace may be read by its name.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
}

/// Prints the roles, as `kubectl apply -f -` takes them.
pub(super) fn print(options: &RbacOptions) -> ExitCode {
    let Ok(text) = text(options) else {
        return refuse("the roles cannot be written as YAML");
    };
    let mut out = std::io::stdout().lock();
    // A reader that went away is the reader's business.
    let _ = out.write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn text(options: &RbacOptions) -> Result<String, serde_saphyr::ser::Error> {
    let own = |name: &str, rules| Role {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(options.namespace.clone()),
            ..ObjectMeta::default()
        },
        rules: Some(rules),
    };
    match options.account {
        Account::Controller => {
            let cluster = ClusterRole {
                metadata: ObjectMeta {
                    name: Some("harmonix".to_owned()),
                    ..ObjectMeta::default()
                },
                rules: Some(right::granted(right::CONTROLLER, Grant::Cluster)),
                ..ClusterRole::default()
            };
            let own = own(
                "harmonix",
                right::granted(right::CONTROLLER, Grant::Namespace),
            );
            Ok(format!(
                "---\n{}---\n{}",
                serde_saphyr::to_string(&cluster)?,
                serde_saphyr::to_string(&own)?
            ))
        }
        Account::Key => {
            let rules = right::granted(right::KEY, Grant::Namespace);
            let rules = match &options.secret {
                Some(secret) => only(rules, secret),
                None => rules,
            };
            let own = own("harmonix-key", rules);
            Ok(format!("---\n{}", serde_saphyr::to_string(&own)?))
        }
    }
}

/// The same rules for one Secret only, as far as Kubernetes can tell by its name: what is made has none yet.
fn only(rules: Vec<PolicyRule>, secret: &str) -> Vec<PolicyRule> {
    rules
        .into_iter()
        .flat_map(|rule| {
            let (make, others): (Vec<String>, Vec<String>) = rule
                .verbs
                .iter()
                .cloned()
                .partition(|verb| verb == "create");
            let named = PolicyRule {
                resource_names: Some(vec![secret.to_owned()]),
                verbs: others,
                ..rule.clone()
            };
            [
                named,
                PolicyRule {
                    verbs: make,
                    ..rule
                },
            ]
        })
        .collect()
}

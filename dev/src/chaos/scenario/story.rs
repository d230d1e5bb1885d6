//! What happens in each scenario.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scenario, Step};
use crate::manifest::{application, environment, greeting, namespace, provider};
use crate::world::account::DEVELOPMENT;
use crate::world::gitlab::APPLICATIONS_GROUP;

const APPLICATION: &str = "Application";
const ENVIRONMENT: &str = "Environment";
const PROVIDER: &str = "EnvironmentProvider";
/// What the applications are called.
const CART: &str = "cart";
/// How many applications are many.
const MANY: u32 = 20;

/// Answers the steps of a scenario.
pub fn of(scenario: Scenario, run: &str) -> Vec<Step> {
    let cart = |environments: &[&str]| application(run, CART, environments);
    let name = format!("{run}/{CART}");
    let own = format!("{run}-eu");
    let project = format!("{APPLICATIONS_GROUP}/{run}/{CART}");
    let ready = |kind: &'static str, name: &str| Step::Ready {
        kind,
        name: name.to_owned(),
    };
    let cart_ready = || ready(APPLICATION, &name);
    let deployed = |environments: &[&str]| {
        vec![
            Step::Apply(namespace(run)),
            Step::Apply(cart(environments)),
            cart_ready(),
        ]
    };
    let edit = |value: &str| Step::Apply(greeting(run, CART, &["dev"], value));
    let then = |mut first: Vec<Step>, rest: Vec<Step>| {
        first.extend(rest);
        first
    };
    match scenario {
        Scenario::CreateProvider => vec![
            Step::Mark,
            Step::Apply(provider(&own, DEVELOPMENT)),
            ready(PROVIDER, &own),
        ],
        Scenario::CreateApplication1 => create(run, &["dev"]),
        Scenario::CreateApplication2 => create(run, &["dev", "prod"]),
        Scenario::EditParameters => then(
            deployed(&["dev"]),
            vec![Step::Mark, edit("good day"), cart_ready()],
        ),
        Scenario::DeveloperPushes => then(deployed(&["dev"]), pushes(&name, &project, &["dev"])),
        Scenario::Promotion => then(
            deployed(&["dev", "prod"]),
            pushes(&name, &project, &["dev", "prod"]),
        ),
        Scenario::PipelineFailsThenPasses => {
            then(deployed(&["dev"]), fails(&name, &project, edit("better")))
        }
        Scenario::EnvironmentLate => vec![
            Step::Apply(namespace(run)),
            Step::Apply(cart(&[run])),
            waits(APPLICATION, &name),
            Step::Mark,
            Step::Apply(environment(run, 1, &["dev-eu"])),
            cart_ready(),
            ready(ENVIRONMENT, run),
        ],
        Scenario::ProviderLate => vec![
            Step::Apply(namespace(run)),
            Step::Apply(environment(run, 1, &[&own])),
            Step::Apply(cart(&[run])),
            waits(ENVIRONMENT, run),
            Step::Mark,
            Step::Apply(provider(&own, DEVELOPMENT)),
            ready(PROVIDER, &own),
            ready(ENVIRONMENT, run),
            cart_ready(),
        ],
        Scenario::TwoTenants => tenants(run),
        Scenario::TwentyApplications => many(run),
        Scenario::TokenRotated => then(
            deployed(&["dev"]),
            vec![Step::Mark, Step::RotateToken, edit("rotated"), cart_ready()],
        ),
        Scenario::SessionsExpire => then(
            deployed(&["dev"]),
            vec![
                Step::Mark,
                Step::ExpireSessions,
                edit("later"),
                cart_ready(),
            ],
        ),
        Scenario::ClusterRebuilt => vec![
            Step::Apply(namespace(run)),
            Step::Apply(provider(&own, DEVELOPMENT)),
            Step::Apply(environment(run, 1, &[&own])),
            Step::Apply(cart(&[run])),
            cart_ready(),
            ready(PROVIDER, &own),
            Step::Mark,
            Step::LoseCluster,
            ready(PROVIDER, &own),
            ready(ENVIRONMENT, run),
            cart_ready(),
        ],
        Scenario::LetGoAndAgain => then(
            deployed(&["dev"]),
            vec![
                Step::Mark,
                Step::Delete {
                    kind: APPLICATION,
                    name: name.clone(),
                },
                Step::Gone {
                    kind: APPLICATION,
                    name: name.clone(),
                },
                Step::Apply(cart(&["dev"])),
                cart_ready(),
            ],
        ),
        Scenario::ValueABA => then(
            deployed(&["dev"]),
            vec![
                Step::Mark,
                edit("other"),
                cart_ready(),
                edit("hello"),
                cart_ready(),
            ],
        ),
        Scenario::SuspendAndResume => then(
            deployed(&["dev"]),
            suspended(&name, &project, edit("paused")),
        ),
    }
}

fn create(run: &str, environments: &[&str]) -> Vec<Step> {
    vec![
        Step::Apply(namespace(run)),
        Step::Mark,
        Step::Apply(application(run, CART, environments)),
        Step::Ready {
            kind: APPLICATION,
            name: format!("{run}/{CART}"),
        },
    ]
}

fn waits(kind: &'static str, name: &str) -> Step {
    Step::Reason {
        kind,
        name: name.to_owned(),
        condition: "Accepted",
        reason: "ReferenceNotFound",
    }
}

fn pushes(name: &str, project: &str, environments: &[&'static str]) -> Vec<Step> {
    vec![
        Step::Mark,
        Step::Push {
            project: project.to_owned(),
            text: "a new day".to_owned(),
        },
        Step::Runs {
            name: name.to_owned(),
            environments: environments.to_owned(),
        },
    ]
}

fn deploy_job(project: &str, script: &Value) -> Step {
    let mut script = script.clone();
    if let Value::Object(fields) = &mut script {
        let matches = json!({ "project_contains": project, "job_contains": "harmonix-deploy-dev" });
        fields.insert("match".into(), matches);
    }
    Step::Script(script)
}

fn fails(name: &str, project: &str, edit: Step) -> Vec<Step> {
    vec![
        deploy_job(
            project,
            &json!({ "outcome": "fail", "trace": "Error: no more addresses", "count": 1 }),
        ),
        Step::Mark,
        edit,
        Step::Reason {
            kind: APPLICATION,
            name: name.to_owned(),
            condition: "Stalled",
            reason: "PipelineFailed",
        },
        Step::Merge {
            kind: APPLICATION,
            name: name.to_owned(),
            change: json!({ "metadata": { "annotations": { "harmonix.io/retry": "1" } } }),
        },
        Step::Ready {
            kind: APPLICATION,
            name: name.to_owned(),
        },
    ]
}

fn suspended(name: &str, project: &str, edit: Step) -> Vec<Step> {
    let suspend = |value: bool| Step::Merge {
        kind: APPLICATION,
        name: name.to_owned(),
        change: json!({ "spec": { "suspend": value } }),
    };
    let runner = |available: bool| Step::Runner {
        project: project.to_owned(),
        available,
    };
    vec![
        runner(false),
        Step::Mark,
        edit,
        Step::Deploying {
            name: name.to_owned(),
        },
        suspend(true),
        Step::Reason {
            kind: APPLICATION,
            name: name.to_owned(),
            condition: "Ready",
            reason: "Suspended",
        },
        runner(true),
        Step::Pause(Duration::from_secs(1)),
        suspend(false),
        Step::Ready {
            kind: APPLICATION,
            name: name.to_owned(),
        },
    ]
}

fn tenants(run: &str) -> Vec<Step> {
    let spaces = [format!("{run}-a"), format!("{run}-b")];
    let mut steps: Vec<Step> = spaces
        .iter()
        .map(|space| Step::Apply(namespace(space)))
        .collect();
    steps.push(Step::Mark);
    steps.extend(
        spaces
            .iter()
            .map(|space| Step::Apply(application(space, CART, &["dev"]))),
    );
    steps.extend(spaces.iter().map(|space| Step::Ready {
        kind: APPLICATION,
        name: format!("{space}/{CART}"),
    }));
    steps
}

fn many(run: &str) -> Vec<Step> {
    let names: Vec<String> = (1..=MANY).map(|n| format!("{CART}-{n}")).collect();
    let mut steps = vec![Step::Apply(namespace(run)), Step::Mark];
    steps.extend(
        names
            .iter()
            .map(|name| Step::Apply(application(run, name, &["dev"]))),
    );
    steps.extend(names.iter().map(|name| Step::Ready {
        kind: APPLICATION,
        name: format!("{run}/{name}"),
    }));
    steps
}

//! AWS as the administrator of an account sees it, through the AWS command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::audit::Record;
use super::stage::Stage;
use crate::failure::{Doing, Failure};
use crate::tools::command;
use crate::world::account::REGION;

const LIMIT: Duration = Duration::from_secs(60);

/// One account.
#[derive(Debug, Clone)]
pub struct Account {
    aws: PathBuf,
    environment: BTreeMap<&'static str, String>,
}

/// A service of ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Tasks wanted.
    pub desired: i64,
    /// Tasks running.
    pub running: i64,
    /// The state of the newest deployment.
    pub rollout: String,
    /// The image of its task definition.
    pub image: String,
}

impl Service {
    /// Answers the digest that its image is named by.
    pub fn digest(&self) -> &str {
        self.image.rsplit_once('@').map_or("", |(_, digest)| digest)
    }
}

impl Account {
    /// The account of this number, in which its administrator looks round.
    pub fn of(stage: &Stage, account: &str) -> Result<Self, Failure> {
        let administrator = stage
            .world
            .identities
            .administrator(account)
            .ok_or_else(|| {
                Failure::new(format!(
                    "nobody is known as the administrator of account {account}"
                ))
            })?;
        let environment = [
            ("AWS_ACCESS_KEY_ID", administrator.key.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", administrator.key.secret.clone()),
            ("AWS_ENDPOINT_URL", stage.world.aws_url()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_PAGER", String::new()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ];
        Ok(Self {
            aws: stage.tools.python.binary("aws"),
            environment: environment.into(),
        })
    }

    /// Answers the services of a cluster.
    pub async fn services(&self, account: &str, cluster: &str) -> Result<Vec<Service>, Failure> {
        let listed = self
            .ask(&["ecs", "list-services", "--cluster", cluster])
            .await?;
        let arns = texts(&listed["serviceArns"]);
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments = vec![
            "ecs",
            "describe-services",
            "--cluster",
            cluster,
            "--services",
        ];
        arguments.extend(arns.iter().map(String::as_str));
        let described = self.ask(&arguments).await?;
        let mut services = Vec::new();
        for service in described["services"].as_array().into_iter().flatten() {
            let definition = service["taskDefinition"].as_str().unwrap_or_default();
            let arguments = [
                "ecs",
                "describe-task-definition",
                "--task-definition",
                definition,
            ];
            let definition = self.ask(&arguments).await?;
            let container = &definition["taskDefinition"]["containerDefinitions"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            services.push(Service {
                account: account.to_owned(),
                name: text(&service["serviceName"]),
                desired: service["desiredCount"].as_i64().unwrap_or_default(),
                running: service["runningCount"].as_i64().unwrap_or_default(),
                rollout: text(&service["deployments"][0]["rolloutState"]),
                image: text(&container["image"]),
            });
        }
        Ok(services)
    }

    /// Reads the whole of an audit table.
    pub async fn records(&self, table: &str) -> Result<Vec<Record>, Failure> {
        let arguments = [
            "dynamodb",
            "scan",
            "--consistent-read",
            "--table-name",
            table,
        ];
        Ok(Record::read(table, &self.ask(&arguments).await?))
    }

    async fn ask(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let mut command = Command::new(&self.aws);
        command
            .args(arguments)
            .args(["--output", "json"])
            .envs(&self.environment)
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE");
        let text = command::output(command, LIMIT).await?;
        serde_json::from_str(&text)
            .doing(|| format!("read the answer to aws {}", arguments.join(" ")))
    }
}

fn texts(list: &Value) -> Vec<String> {
    let values = list.as_array().into_iter().flatten();
    values
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

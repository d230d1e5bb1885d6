//! Looking at services, tasks and clusters.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::service::{Service, Status};
use super::view;
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal};
use crate::aws::call::Call;
use crate::aws::identity::Principal;
use crate::aws::resource::last;
use crate::aws::task::Task;

impl Gate {
    pub(super) async fn describe_services(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let asked = call.texts("services");
        if asked.len() > 10 {
            return Err(Refusal::code(
                "InvalidParameterException",
                "Service list size is greater than the maximum of 10.",
            ));
        }
        let (place, cluster) = self.cluster(principal, call).await?;
        let with_tags = call.texts("include").iter().any(|what| what == "TAGS");
        // moto keeps the tags: they are changed through the tagging operations that it serves.
        let tags = if with_tags {
            self.moto
                .forward(call, &principal.account)
                .await?
                .document()
        } else {
            None
        };
        let tags_of = |name: &str| {
            let services = tags.as_ref()?["services"].as_array()?;
            let service = services
                .iter()
                .find(|service| service["serviceName"] == json!(name))?;
            Some(service["tags"].clone())
        };
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        self.services.look(|known| {
            for asked in &asked {
                let name = last(asked);
                let key = super::Key {
                    place: place.clone(),
                    cluster: cluster.clone(),
                    name: name.to_owned(),
                };
                match known.get(&key) {
                    Some(service) => {
                        let mut described = view::service(service);
                        if with_tags {
                            described["tags"] = tags_of(name).unwrap_or_else(|| json!([]));
                        }
                        services.push(described);
                    }
                    None => failures.push(json!({ "arn": key.arn(), "reason": "MISSING" })),
                }
            }
        });
        Ok(Answer::json(
            &json!({ "services": services, "failures": failures }),
        ))
    }

    pub(super) async fn list_services(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let arns: Vec<String> = self.services.look(|known| {
            known
                .values()
                .filter(|s| {
                    s.key.place == place && s.key.cluster == cluster && s.status != Status::Inactive
                })
                .map(|service| service.key.arn())
                .collect()
        });
        let (page, next) = page(&arns, call, 10);
        Ok(listed("serviceArns", page, next))
    }

    pub(super) async fn list_tasks(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let service = call.text("serviceName").map(last);
        let stopped = call.text("desiredStatus") == Some("STOPPED");
        let family = call.text("family");
        let started_by = call.text("startedBy");
        let wanted = |service_name: &str, task: &Task| {
            service.is_none_or(|wanted| wanted == service_name)
                && (task.is_stopping() || !task.is_alive()) == stopped
                && family.is_none_or(|family| task.family() == family)
                && started_by.is_none_or(|deployment| task.deployment == deployment)
        };
        let arns: Vec<String> = self.services.look(|known| {
            let here = known
                .values()
                .filter(|s| s.key.place == place && s.key.cluster == cluster);
            here.flat_map(|s| s.tasks.iter().filter(|task| wanted(&s.key.name, task)))
                .map(|task| task.arn.clone())
                .collect()
        });
        let (page, next) = page(&arns, call, 100);
        Ok(listed("taskArns", page, next))
    }

    pub(super) async fn describe_tasks(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        self.services.look(|known| {
            for asked in call.texts("tasks") {
                let here = known
                    .values()
                    .filter(|s| s.key.place == place && s.key.cluster == cluster);
                let found = here
                    .flat_map(|s| s.tasks.iter().map(move |task| (s, task)))
                    .find(|(_, task)| task.id == last(&asked));
                match found {
                    Some((service, task)) => tasks.push(view::task(service, task)),
                    None => failures.push(json!({ "arn": asked, "reason": "MISSING" })),
                }
            }
        });
        Ok(Answer::json(
            &json!({ "tasks": tasks, "failures": failures }),
        ))
    }

    pub(super) async fn stop_task(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let id = last(call.text("task").unwrap_or_default());
        let reason = call.text("reason").unwrap_or("Task stopped by user");
        let stopped = self.services.with(|known| {
            let service = known.values_mut().find(|s| {
                s.key.place == place
                    && s.key.cluster == cluster
                    && s.tasks.iter().any(|task| task.id == id)
            })?;
            service
                .tasks
                .iter_mut()
                .find(|task| task.id == id)?
                .stop(reason);
            let now = Timestamp::now();
            service.tell(format!("has stopped 1 running tasks: (task {id})."), now);
            let task = service.tasks.iter().find(|task| task.id == id)?;
            Some(view::task(service, task))
        });
        let missing = || {
            Refusal::code(
                "InvalidParameterException",
                "The referenced task was not found.",
            )
        };
        stopped
            .map(|task| Answer::json(&json!({ "task": task })))
            .ok_or_else(missing)
    }

    pub(super) async fn describe_clusters(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let answer = self.moto.forward(call, &principal.account).await?;
        let Some(mut document) = answer.document() else {
            return Ok(answer);
        };
        for cluster in document["clusters"].as_array_mut().into_iter().flatten() {
            let arn = cluster["clusterArn"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let (services, running, pending) = self.services.look(|known| {
                let here: Vec<&Service> = known
                    .values()
                    .filter(|s| s.key.cluster_arn() == arn && s.status != Status::Inactive)
                    .collect();
                let alive = || {
                    here.iter()
                        .flat_map(|s| &s.tasks)
                        .filter(|task| task.is_alive())
                };
                let running = alive().filter(|task| task.is_healthy()).count();
                (here.len(), running, alive().count() - running)
            });
            cluster["activeServicesCount"] = services.into();
            cluster["runningTasksCount"] = running.into();
            cluster["pendingTasksCount"] = pending.into();
        }
        Ok(answer.with_body(document.to_string()))
    }
}

/// Cuts one page out of a list; the token is the place to go on from.
fn page<'a>(all: &'a [String], call: &Call, usual: usize) -> (&'a [String], Option<usize>) {
    let from = call
        .text("nextToken")
        .and_then(|token| token.parse().ok())
        .unwrap_or(0)
        .min(all.len());
    let asked = call
        .value("maxResults")
        .as_u64()
        .and_then(|count| usize::try_from(count).ok());
    let to = (from + asked.unwrap_or(usual).clamp(1, 100)).min(all.len());
    (&all[from..to], (to < all.len()).then_some(to))
}

fn listed(name: &str, page: &[String], next: Option<usize>) -> Answer {
    let mut document = json!({});
    document[name] = page.into();
    if let Some(next) = next {
        document["nextToken"] = Value::from(next.to_string());
    }
    Answer::json(&document)
}

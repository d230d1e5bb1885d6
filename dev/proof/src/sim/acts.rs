//! Acts, done.

use harmonix::api::{
    Application, Environment, EnvironmentProvider, RETRY_ANNOTATION, SUSPEND_ANNOTATION, Variable,
};
use harmonix::domain::file::{File, FileAction};
use harmonix_miniature::{application, environment, provider};
use kube::ResourceExt;

use super::schedule::Act;
use super::universe::Universe;

/// A file of ours that developers like to change.
const OURS: &str = ".harmonix/deploy.sh";

impl Universe {
    /// Does an act. False where the world is not ready for it yet.
    pub fn act(&self, act: &Act) -> bool {
        match act {
            Act::Provider(name) => {
                let name = format!("{name}-place");
                self.apply(&name, provider(&name));
                true
            }
            Act::Environment(name, level) => {
                let place = format!("{name}-place");
                self.apply(name, environment(name, *level, &[&place]));
                true
            }
            Act::Application(key, stages) => self.declare(key, stages),
            Act::Replicas(key, stage, replicas) => self.edit(key, |application| {
                if let Some(environment) = application.spec.environments.get_mut(*stage) {
                    environment.replicas = *replicas;
                }
            }),
            Act::Variable(key, stage, value) => self.edit(key, |application| {
                if let Some(environment) = application.spec.environments.get_mut(*stage) {
                    environment.variables = vec![Variable {
                        name: "GREETING".into(),
                        value: Some(value.to_string()),
                        secret_arn: None,
                    }];
                }
            }),
            Act::Push(key) => self.push(key).is_some(),
            Act::Fail(key, whom) => {
                let Some(sha) = self.push(key) else {
                    return false;
                };
                let begin = match *whom {
                    "build" => format!("build - {}", &sha[..8]),
                    stage => format!("{stage} {sha}"),
                };
                self.world().state().failing.insert(begin);
                true
            }
            Act::Mend(key) => {
                self.world().state().failing.clear();
                self.annotate(key, RETRY_ANNOTATION, &format!("at-{}", self.age()))
            }
            Act::Retry(key) => self.annotate(key, RETRY_ANNOTATION, &format!("at-{}", self.age())),
            Act::Overwrite(key) => self.overwrite(key),
            Act::Pin(key, stage) => self.pin(key, *stage),
            Act::Unpin(key, stage) => self.edit(key, |application| {
                if let Some(environment) = application.spec.environments.get_mut(*stage) {
                    environment.release = None;
                }
            }),
            Act::Suspend(key) => self.annotate(key, SUSPEND_ANNOTATION, "true"),
            Act::Resume(key) => self.annotate(key, SUSPEND_ANNOTATION, "false"),
            Act::Place(name) => {
                let name = format!("{name}-place");
                let place = self.world().state().providers.get(&name).cloned();
                let Some(mut place) = place else {
                    return false;
                };
                let group = format!("more-{}", place.spec.gitlab_groups.len());
                place.spec.gitlab_groups.push(group);
                self.apply(&name, place);
                true
            }
            Act::Delete(key) => {
                self.delete::<Application>(key);
                true
            }
            Act::Rebuild => {
                self.rebuild();
                true
            }
        }
    }

    fn declare(&self, key: &str, stages: &[&str]) -> bool {
        if self.world().state().applications.contains_key(key) {
            return false;
        }
        let (namespace, name) = key.split_once('/').unwrap_or_default();
        self.ensure_namespace(namespace);
        let mut new = application(name, stages);
        new.metadata.namespace = Some(namespace.to_owned());
        self.apply(key, new);
        true
    }

    fn ensure_namespace(&self, name: &str) {
        let known = self
            .server()
            .objects(super::api::Table::Namespaces)
            .contains_key(name);
        if !known {
            self.namespace(name);
        }
    }

    fn edit(&self, key: &str, change: impl FnOnce(&mut Application)) -> bool {
        let Some(mut object) = self.world().state().applications.get(key).cloned() else {
            return false;
        };
        change(&mut object);
        for environment in &object.spec.environments {
            if let Some(release) = &environment.release {
                let pin = (key.to_owned(), environment.name.clone(), release.clone());
                self.world().state().pins.insert(pin);
            }
        }
        self.apply(key, object);
        true
    }

    fn annotate(&self, key: &str, annotation: &str, value: &str) -> bool {
        if !self.world().state().applications.contains_key(key) {
            return false;
        }
        self.touch::<Application>(key, |object| {
            let annotations = object.annotations_mut();
            annotations.insert(annotation.to_owned(), value.to_owned());
        });
        true
    }

    /// A developer pushes; none before there is anything to push to.
    fn push(&self, key: &str) -> Option<String> {
        self.set_clock();
        let path = format!("apps/{key}");
        let mut state = self.world().state();
        let repository = state.repository(&path)?;
        if repository.commits.is_empty() {
            return None;
        }
        let theirs = |(_, message): &&(String, String)| message.starts_with("Change ");
        let number = repository.commits.iter().filter(theirs).count() + 1;
        let file = File::new(format!("src/{number}.js"), "// new\n");
        let message = format!("Change {number}");
        let pushed = state.commit(&path, &message, &[FileAction::Create(file)]);
        drop(state);
        self.follow_pipelines();
        pushed.ok()
    }

    fn overwrite(&self, key: &str) -> bool {
        self.set_clock();
        let path = format!("apps/{key}");
        let mut state = self.world().state();
        let last = state
            .repository(&path)
            .and_then(|repository| Some(repository.files.get(OURS)?.1.clone()));
        let Some(last_commit) = last else {
            return false;
        };
        let action = FileAction::Update {
            file: File::new(OURS, "exit 0\n"),
            last_commit,
        };
        let done = state.commit(&path, "Shortcut", &[action]).is_ok();
        drop(state);
        self.follow_pipelines();
        done
    }

    /// Pins an environment to the first release of all.
    fn pin(&self, key: &str, stage: usize) -> bool {
        let path = format!("apps/{key}");
        let first = {
            let mut state = self.world().state();
            let built = |sha: &str, repository: &harmonix_miniature::Repository| {
                repository
                    .pipelines
                    .iter()
                    .any(|run| run.pipeline.sha == sha && run.pipeline.status == "success")
            };
            state.repository(&path).and_then(|repository| {
                let (sha, _) = repository.commits.first()?;
                built(sha, repository).then(|| sha.clone())
            })
        };
        let Some(release) = first else {
            return false;
        };
        self.edit(key, |application| {
            if let Some(environment) = application.spec.environments.get_mut(stage) {
                environment.release = Some(release);
            }
        })
    }

    /// The cluster is lost with everything in it, and built again from the same manifests.
    fn rebuild(&self) {
        fn bare<K: ResourceExt + Clone>(objects: impl Iterator<Item = K>) -> Vec<K> {
            objects
                .map(|mut object| {
                    let (name, namespace) = (object.name_any(), object.namespace());
                    *object.meta_mut() = kube::api::ObjectMeta::default();
                    object.meta_mut().name = Some(name);
                    object.meta_mut().namespace = namespace;
                    object
                })
                .collect()
        }
        let (providers, environments, applications, namespaces) = {
            let mut state = self.world().state();
            let namespaces: Vec<String> = state.namespaces.keys().cloned().collect();
            (
                bare::<EnvironmentProvider>(std::mem::take(&mut state.providers).into_values()),
                bare::<Environment>(std::mem::take(&mut state.environments).into_values()),
                bare::<Application>(std::mem::take(&mut state.applications).into_values()),
                namespaces,
            )
        };
        self.server().lose();
        self.kill(3_000);
        for namespace in namespaces {
            self.namespace(&namespace);
        }
        for mut object in providers {
            object.status = None;
            self.apply(&object.name_any(), object);
        }
        for mut object in environments {
            object.status = None;
            self.apply(&object.name_any(), object);
        }
        for mut object in applications {
            object.status = None;
            let key = format!(
                "{}/{}",
                object.namespace().unwrap_or_default(),
                object.name_any()
            );
            self.apply(&key, object);
        }
    }
}

//! One application as the API server keeps it, with a number that stands for its content.

use std::sync::Arc;

use harmonix::api::{Application, FINALIZER, INTENTS_ANNOTATION};
use harmonix::domain::intent::{Intent, parse_intents};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;

use super::call::mark;

/// One application, without its version: that is kept beside it.
pub(super) struct Thing {
    pub(super) app: Application,
    pub(super) mark: u64,
    pub(super) uid: String,
}

impl Thing {
    /// This content.
    pub(super) fn new(mut app: Application) -> Arc<Self> {
        app.metadata.resource_version = None;
        let text = serde_json::to_string(&app).unwrap_or_default();
        Arc::new(Self {
            mark: mark(&text),
            uid: app.uid().unwrap_or_default(),
            app,
        })
    }

    /// The same with something changed.
    pub(super) fn with(&self, change: impl FnOnce(&mut Application)) -> Arc<Self> {
        let mut app = self.app.clone();
        change(&mut app);
        Self::new(app)
    }

    /// The object at this version.
    pub(super) fn at(&self, version: u64) -> Application {
        let mut app = self.app.clone();
        app.metadata.resource_version = Some(version.to_string());
        app
    }

    pub(super) fn generation(&self) -> i64 {
        self.app.metadata.generation.unwrap_or_default()
    }

    pub(super) fn is_deleting(&self) -> bool {
        self.app.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn is_held(&self) -> bool {
        self.app.finalizers().iter().any(|f| f == FINALIZER)
    }

    /// The intents that its annotation holds.
    pub(super) fn intents(&self) -> Vec<Intent> {
        let text = self.app.annotations().get(INTENTS_ANNOTATION);
        parse_intents(text.map(String::as_str)).unwrap_or_default()
    }

    /// Intents whose outcome its status does not know.
    pub(super) fn open_intents(&self) -> Vec<Intent> {
        let effects = self.app.status.as_ref().and_then(|s| s.effects.as_ref());
        let mut intents = self.intents();
        intents.retain(|intent| !effects.is_some_and(|e| intent.is_settled(e)));
        intents
    }

    /// The condition `Ready`.
    pub(super) fn ready(&self) -> Option<&Condition> {
        let conditions = &self.app.status.as_ref()?.conditions;
        conditions.iter().find(|c| c.type_ == "Ready")
    }

    /// Whether it says that everything is as its present spec says.
    pub(super) fn is_settled(&self) -> bool {
        self.ready().is_some_and(|ready| {
            ready.status == "True"
                && ready.reason == "Succeeded"
                && ready.observed_generation == Some(self.generation())
        })
    }

    /// The reason of `Ready`.
    pub(super) fn reason(&self) -> &str {
        self.ready().map_or("", |ready| ready.reason.as_str())
    }
}

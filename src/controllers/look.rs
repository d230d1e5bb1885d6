//! Looks that both kinds share. Each is a read, each becomes a reading; nothing is decided here.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::condition::Reason;
use crate::api::{EffectJournal, PipelineStatus, RepositoryStatus};
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::file::TreeEntry;
use crate::domain::forge::{Pipeline, Project};
use crate::domain::identity::Ownership;
use crate::domain::intent::Action;
use crate::domain::observed::{
    EffectsObserved, External, OpenIntent, PipelineSeen, RepositoryObserved,
};
use crate::domain::plan::{PipelineState, pipeline_state, takes_long};
use crate::domain::reading::Reading;
use crate::domain::report;
use crate::domain::target::{DEFAULT_BRANCH, Place, RepositoryTarget, Scope};

use super::managed::Depth;
use super::{Context, ledger};

/// How many lines of a failed job are shown.
const TRACE_LINES: usize = 12;

/// Looks for the effects of open intents.
pub(super) async fn open(mut effects: EffectsObserved, context: &Context) -> EffectsObserved {
    for open in &mut effects.open {
        open.found = find(open, context).await;
    }
    effects
}

async fn find(open: &OpenIntent, context: &Context) -> Reading<External> {
    let ports = &context.ports;
    let id = &open.intent.id;
    match &open.intent.action {
        Action::CreateGroup { path } => Reading::from(
            ports
                .projects
                .group_description(path)
                .await
                .map(|found| found.map(External::Group)),
        ),
        Action::CreateProject { path } | Action::TakeOver { path } => Reading::from(
            ports
                .projects
                .project_at(path)
                .await
                .map(|found| found.map(External::Project)),
        ),
        Action::CommitFiles { project, .. } => Reading::from(
            ports
                .files
                .find_commit(project, DEFAULT_BRANCH, id, open.intent.created_at)
                .await
                .map(|found| found.map(External::Commit)),
        ),
        // Where GitLab does not show them all they are applied again: twice is once.
        Action::ApplySettings { project, settings } => {
            let found = ports.projects.project_at(project).await;
            // A project that was there before it could be made may be as asked, but not by this.
            let making = open.making.as_ref();
            let applied = |project: Project| {
                let made = making.is_none_or(|making| making.is_in(&project.description));
                let same = project.settings?.digest() == *settings;
                (made && same).then_some(External::Nothing)
            };
            Reading::from(found.map(|found| found.and_then(applied)))
        }
        // A record only.
        Action::LetGo { .. } => Reading::Absent,
        Action::Provision { project, .. }
        | Action::Build { project, .. }
        | Action::Deploy { project, .. } => {
            let Some(name) = open.intent.action.pipeline_name(id) else {
                return Reading::Absent;
            };
            Reading::from(
                ports
                    .pipelines
                    .named(project, &name)
                    .await
                    .map(|found| found.map(External::Pipeline)),
            )
        }
    }
}

/// Looks a known project up by its number, where there is a reason to: it beats the path, and what
/// was missing is doubted until it is seen again. Where it goes by another path now, `known` follows.
pub(super) async fn project(
    target: &RepositoryTarget,
    whose: (&Scope, &Place),
    known: &mut RepositoryStatus,
    conditions: &[Condition],
    context: &Context,
    depth: Depth,
) -> RepositoryObserved {
    let missed = conditions
        .iter()
        .any(|condition| condition.reason == Reason::RepositoryMissing.as_str());
    if depth == Depth::Usual && !missed {
        return RepositoryObserved::default();
    }
    let mut seen = RepositoryObserved {
        project: by_number(known, context).await,
        ..RepositoryObserved::default()
    };
    if !matches!(seen.project, Reading::Absent) {
        return seen;
    }
    // The status may be wrong: somebody altered it.
    let at = Reading::from(context.ports.projects.project_at(&target.path).await);
    if let Some(project) = at.known()
        && is_own(project, target, whose, context).await
    {
        known.project_id = project.id;
        report::follow(known, project);
        seen.project = at;
        seen.recorded = true;
    }
    seen
}

/// Whether a project bears the mark of an object, and the records say that this very object made it.
async fn is_own(
    project: &Project,
    target: &RepositoryTarget,
    (scope, home): (&Scope, &Place),
    context: &Context,
) -> bool {
    let key = &context.settings.key;
    let owner = key.ownership(&project.description, &scope.identity, &target.path);
    // What cannot be read now is asked for again when a record of the take-over is to be written.
    let told = ledger::tells_of_project(context, scope, home);
    owner == Ownership::Ours && told.await.unwrap_or(false)
}

/// Looks a known project up by its number.
async fn by_number(known: &mut RepositoryStatus, context: &Context) -> Reading<Project> {
    let seen = Reading::from(context.ports.projects.project(known.project_id).await);
    if let Some(project) = seen.known() {
        report::follow(known, project);
    }
    seen
}

/// Whether the project, of which nothing was found at its path, goes by another path now. It is asked
/// for by its number once in a look; `known` follows.
pub(super) async fn has_moved(
    known: &mut RepositoryStatus,
    seen: &mut RepositoryObserved,
    context: &Context,
) -> bool {
    if !matches!(seen.project, Reading::Unread) {
        return false;
    }
    let before = known.path.clone();
    seen.project = by_number(known, context).await;
    known.path != before
}

/// What the looks for open intents found at a path.
fn found_at(path: &str, effects: &EffectsObserved) -> Option<Reading<Project>> {
    let open = effects.open.iter().find(|open| {
        let action = &open.intent.action;
        matches!(action, Action::CreateProject { path: at } | Action::TakeOver { path: at } if at == path)
    })?;
    Some(match &open.found {
        Reading::Known(External::Project(project)) => Reading::Known(project.clone()),
        Reading::Unreadable(failure) => Reading::Unreadable(failure.clone()),
        Reading::Absent => Reading::Absent,
        Reading::Known(_) | Reading::Unread => Reading::Unread,
    })
}

/// Once something was tried, the path may be somebody else's.
fn was_tried(journal: Option<&EffectJournal>) -> bool {
    journal.is_some_and(|journal| *journal != EffectJournal::default())
}

/// Whether a project that nothing remembers is worth a look before it is made: an object that is new
/// has no records, and costs none.
async fn may_be_there(scope: &Scope, home: &Place, context: &Context) -> bool {
    // Whatever it is that hinders, the look only costs a request.
    ledger::was_here_before(context, scope, home)
        .await
        .unwrap_or(true)
}

/// Looks at a repository that nothing remembers, as far as there is reason to.
pub(super) async fn unknown_repository(
    target: &RepositoryTarget,
    (scope, home): (&Scope, &Place),
    journal: Option<&EffectJournal>,
    effects: &EffectsObserved,
    context: &Context,
) -> RepositoryObserved {
    let projects = &context.ports.projects;
    let mut seen = RepositoryObserved::default();
    if let Some(found) = found_at(&target.path, effects) {
        seen.project = found;
    } else if was_tried(journal) || may_be_there(scope, home, context).await {
        seen.project = Reading::from(projects.project_at(&target.path).await);
    }
    if let Some(project) = seen.project.known() {
        seen.recorded = is_own(project, target, (scope, home), context).await;
        if seen.recorded {
            return seen;
        }
    }
    seen.group = Reading::from(projects.group_exists(&target.project.group).await);
    if matches!(seen.group, Reading::Known(false) | Reading::Absent) {
        for path in &target.groups_around {
            match projects.group_exists(path).await {
                Ok(true) => {}
                Ok(false) => seen.absent_groups.push(path.clone()),
                Err(failure) => {
                    seen.group = Reading::from(Err::<bool, _>(failure));
                    break;
                }
            }
        }
    }
    seen
}

/// Looks at the files of a known repository, as far as there is reason to.
pub(super) async fn files(
    target: &RepositoryTarget,
    known: &mut RepositoryStatus,
    seen: &mut RepositoryObserved,
    context: &Context,
    look_at_files: bool,
) {
    if known.files == target.files.digest() && !look_at_files {
        return;
    }
    let files = &context.ports.files;
    let tree = |path: String| async move {
        let folders = &target.files.folders;
        Reading::from(files.tree(&path, DEFAULT_BRANCH, folders).await)
    };
    seen.tree = tree(known.path.clone()).await;
    // No files: it is empty, or has another path now, or is gone.
    if matches!(seen.tree, Reading::Absent) && has_moved(known, seen, context).await {
        seen.tree = tree(known.path.clone()).await;
    }
    if let Some(tree) = seen.tree.known() {
        let changed = target
            .files
            .differing(tree)
            .into_iter()
            .map(|file| file.path.clone());
        let surplus = target
            .files
            .surplus(tree)
            .into_iter()
            .map(|entry| entry.path.clone());
        let paths: Vec<String> = changed.chain(surplus).collect();
        match last_commits(&known.path, &paths, tree, context).await {
            Ok(commits) => seen.last_commits = commits,
            Err(failure) => seen.tree = Reading::Unreadable(failure),
        }
    }
}

async fn last_commits(
    project: &str,
    paths: &[String],
    tree: &[TreeEntry],
    context: &Context,
) -> Result<BTreeMap<String, String>, Failure> {
    let files = &context.ports.files;
    let mut commits = BTreeMap::new();
    for path in paths {
        let last = files.last_commit_of(project, DEFAULT_BRANCH, path).await?;
        let listed = tree.iter().find(|entry| entry.path == *path);
        if last.as_ref().map(|last| &last.blob) != listed.map(|entry| &entry.blob) {
            // What was decided on the list would undo what came after it, unseen: a lost commit of ours.
            return Err(Failure {
                party: Party::GitLab,
                kind: FailureKind::Conflict,
                message: format!("{path} of {project} was changed while it was looked at"),
            });
        }
        commits.extend(last.map(|last| (path.clone(), last.commit)));
    }
    Ok(commits)
}

/// Looks at a pipeline's jobs once it ended, and at why one failed; and while it takes long, for
/// those that wait. `told` is what the status remembers of it: of a success that was told before,
/// nothing more is to be learnt.
pub(super) async fn pipeline(
    project: &str,
    pipeline: Pipeline,
    told: Option<&PipelineStatus>,
    context: &Context,
) -> Reading<PipelineSeen> {
    let ports = &context.ports;
    let mut seen = PipelineSeen {
        pipeline,
        ..PipelineSeen::default()
    };
    let known = told.is_some_and(|told| {
        told.id == seen.pipeline.id && told.status == "success" && seen.pipeline.status == "success"
    });
    if known {
        return Reading::Known(seen);
    }
    if pipeline_state(&seen.pipeline.status) == PipelineState::Running {
        if takes_long(&seen.pipeline, &context.settings, ports.clock.now()) {
            // Jobs that cannot be read leave the sentence without the name of one.
            let jobs = ports.pipelines.jobs(project, seen.pipeline.id).await;
            seen.jobs = jobs.unwrap_or_default();
        }
        return Reading::Known(seen);
    }
    match ports.pipelines.jobs(project, seen.pipeline.id).await {
        Ok(jobs) => seen.jobs = jobs,
        Err(failure) => return Reading::from(Err::<PipelineSeen, _>(failure)),
    }
    if pipeline_state(&seen.pipeline.status) == PipelineState::Failed {
        if seen.jobs.is_empty() {
            // A list does not say why there are no jobs; the pipeline itself does.
            if let Ok(Some(whole)) = ports.pipelines.pipeline(project, seen.pipeline.id).await {
                seen.pipeline.yaml_errors = whole.yaml_errors;
            }
        }
        if let Some(job) = seen
            .jobs
            .iter()
            .find(|job| job.status == "failed" && !job.allow_failure)
        {
            // A trace that cannot be read leaves the sentence without its last part.
            seen.trace = ports
                .pipelines
                .trace_tail(project, job.id, TRACE_LINES)
                .await
                .unwrap_or_default();
        }
    }
    Reading::Known(seen)
}

/// The pipeline of a number that the status remembers.
pub(super) async fn remembered_pipeline(
    project: &str,
    told: &PipelineStatus,
    recent: &[Pipeline],
    context: &Context,
) -> Reading<PipelineSeen> {
    let id = told.id;
    let found = match recent.iter().find(|pipeline| pipeline.id == id) {
        Some(pipeline) => Ok(Some(pipeline.clone())),
        None => context.ports.pipelines.pipeline(project, id).await,
    };
    match found {
        Ok(Some(found)) => pipeline(project, found, Some(told), context).await,
        Ok(None) => Reading::Absent,
        Err(failure) if failure.kind == FailureKind::Missing => Reading::Absent,
        Err(failure) => Reading::Unreadable(failure),
    }
}

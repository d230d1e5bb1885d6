//! A repository: what is missing, differs or is too much in it becomes a commit, and its condition says how far it is.

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::domain::blob::blob_id;
use harmonix::domain::condition::Truth;
use harmonix::domain::file::{FileAction, TreeEntry};
use harmonix::domain::forge::{Commit, Project};
use harmonix::domain::intent::Action;
use harmonix::domain::plan::Plan;
use harmonix::domain::reading::Reading;
use harmonix::domain::step::Effect;
use harmonix::domain::verdict::Verdict;

use super::provider::{Case, claim};
use crate::world::settings;

/// The project as it was made.
fn project(case: &Case) -> Project {
    let target = &case.target;
    let mark = settings()
        .key
        .mark(&target.scope.identity, &target.repository.path);
    Project {
        id: 4,
        path: target.repository.path.clone(),
        description: mark,
        ..Project::default()
    }
}

/// All files as they should be.
fn tree(case: &Case) -> Vec<TreeEntry> {
    let owned = case.target.repository.files.owned.iter();
    let entry = |file: &harmonix::domain::file::File| TreeEntry {
        path: file.path.clone(),
        blob: blob_id(file.content.as_bytes()),
    };
    owned.map(entry).collect()
}

/// A case with this tree, in which each file was last touched by a commit that bears its path.
fn with_tree(tree: Vec<TreeEntry>) -> Case {
    let mut case = Case::good();
    let owned = case.target.repository.files.owned.iter();
    let paths = owned.map(|file| file.path.clone());
    let paths = paths.chain(tree.iter().map(|entry| entry.path.clone()));
    let repository = &mut case.seen.repository;
    repository.last_commits = paths.map(|path| (path.clone(), path)).collect();
    repository.tree = Reading::Known(tree);
    case
}

fn commit(plan: &Plan) -> Option<&Commit> {
    plan.steps.iter().find_map(|step| match &step.effect {
        Effect::Commit(commit) => Some(commit),
        Effect::CreateGroup(_)
        | Effect::CreateProject(_)
        | Effect::TakeOver(_)
        | Effect::ApplySettings(..)
        | Effect::StartPipeline(_)
        | Effect::LetGo => None,
    })
}

#[test]
fn a_tree_as_it_should_be_needs_no_commit() {
    let case = with_tree(tree(&Case::good()));
    assert_eq!(commit(&case.plan()), None);
    assert_eq!(case.plan().verdict, Verdict::Settled);
}

#[test]
fn what_differs_is_updated_what_is_missing_is_created_what_is_too_much_is_deleted() {
    let good = Case::good();
    let owned = &good.target.repository.files.owned;
    let (changed, missing) = (&owned[0], &owned[1]);
    let mut tree = tree(&good);
    tree[0].blob = blob_id(b"something else");
    tree[1] = TreeEntry {
        path: ".harmonix/stray".into(),
        blob: blob_id(b"stray"),
    };
    let case = with_tree(tree);
    let plan = case.plan();
    assert_eq!(
        commit(&plan).unwrap().actions,
        [
            FileAction::Update {
                file: changed.clone(),
                last_commit: changed.path.clone(),
            },
            FileAction::Create(missing.clone()),
            FileAction::Delete {
                path: ".harmonix/stray".into(),
                last_commit: ".harmonix/stray".into(),
            },
        ]
    );
    let ready = claim(&plan, ConditionType::RepositoryReady);
    assert_eq!(
        (ready.truth, ready.reason),
        (Truth::False, Reason::Updating)
    );
}

/// One file alone: whether it is there is asked of itself, not of its neighbours.
#[test]
fn the_only_file_of_a_tree_is_updated() {
    let good = Case::good();
    let changed = &good.target.repository.files.owned[0];
    let case = with_tree(vec![TreeEntry {
        path: changed.path.clone(),
        blob: blob_id(b"something else"),
    }]);
    let plan = case.plan();
    let first = &commit(&plan).unwrap().actions[0];
    let is_update = matches!(first, FileAction::Update { file, .. } if file == changed);
    assert!(is_update, "{first:?}");
}

#[test]
fn a_tree_without_a_file_is_begun_once_the_project_was_looked_at() {
    let mut case = Case::good();
    case.seen.repository.tree = Reading::Absent;
    let plan = case.plan();
    assert_eq!(commit(&plan), None);
    let ready = claim(&plan, ConditionType::RepositoryReady);
    assert!(
        ready.message.starts_with("looking up the project"),
        "{ready:?}"
    );
    case.seen.repository.project = Reading::Known(project(&case));
    let plan = case.plan();
    let actions = &commit(&plan).unwrap().actions;
    let is_create = |action: &FileAction| matches!(action, FileAction::Create(_));
    assert!(actions.iter().all(is_create), "{actions:?}");
}

#[test]
fn a_project_that_is_not_there_is_told_as_such_and_one_that_is_as_updated() {
    let mut case = Case::good();
    let known = case.memory.repository.as_mut().unwrap();
    known.settings = "others".into();
    let plan = case.plan();
    let ready = claim(&plan, ConditionType::RepositoryReady);
    assert_eq!(
        (ready.truth, ready.reason),
        (Truth::False, Reason::Updating)
    );
    case.memory.repository = None;
    let plan = case.plan();
    let ready = claim(&plan, ConditionType::RepositoryReady);
    assert_eq!(
        (ready.truth, ready.reason),
        (Truth::False, Reason::Creating)
    );
}

/// A project of ours that nothing remembered holds what is wanted once its tree was seen to, file by file.
#[test]
fn only_a_tree_that_is_as_wanted_is_remembered_as_such() {
    let good = Case::good();
    let wanted = good.target.repository.files.digest();
    let whole = tree(&good);
    let mut differs = whole.clone();
    differs[0].blob = blob_id(b"something else");
    let mut too_much = whole.clone();
    too_much.push(TreeEntry {
        path: ".harmonix/stray".into(),
        blob: blob_id(b"stray"),
    });
    for (tree, files) in [(whole, wanted.as_str()), (differs, ""), (too_much, "")] {
        let mut case = with_tree(tree);
        case.memory.pipeline = None;
        case.memory.repository.as_mut().unwrap().files.clear();
        let told = case.told();
        assert_eq!(told.repository.unwrap().files, files);
        let provisioned = told.pipeline.map(|pipeline| pipeline.files);
        assert_eq!(provisioned.unwrap_or_default(), files);
    }
}

#[test]
fn a_project_that_is_on_its_way_out_is_not_touched() {
    type Bend = fn(&mut Project);
    let table: [(Bend, &str); 2] = [
        (|project| project.being_deleted = true, "is being deleted"),
        (|project| project.archived = true, "is archived"),
    ];
    for (bend, told) in table {
        let mut case = with_tree(Vec::new());
        let mut project = project(&case);
        bend(&mut project);
        case.seen.repository.project = Reading::Known(project);
        let plan = case.plan();
        assert!(plan.steps.is_empty());
        assert!(plan.verdict.reason().1.contains(told), "{:?}", plan.verdict);
    }
}

#[test]
fn settings_are_applied_again_where_the_mark_is_gone() {
    let mut case = Case::good();
    case.seen.repository.project = Reading::Known(project(&case));
    assert!(case.plan().steps.is_empty());
    let mut unmarked = project(&case);
    unmarked.description = "The place.".into();
    case.seen.repository.project = Reading::Known(unmarked);
    let plan = case.plan();
    let effects: Vec<&Effect> = plan.steps.iter().map(|step| &step.effect).collect();
    assert!(
        matches!(effects[..], [Effect::ApplySettings(..)]),
        "{effects:?}"
    );
}

#[test]
fn a_group_is_made_only_where_it_may_be() {
    let mut case = Case::good();
    case.memory.repository = None;
    case.seen.repository.group = Reading::Known(false);
    let refused = case.plan();
    assert!(refused.steps.is_empty());
    assert_eq!(refused.verdict.reason().0, Reason::ReferenceNotFound);
    case.target.repository.may_create_group = true;
    let names: Vec<&str> = case.plan().steps.iter().map(|s| s.action.name()).collect();
    assert_eq!(names[..2], ["CreateGroup", "CreateProject"]);
}

/// The push of the first commit starts a pipeline, that of a correction none.
#[test]
fn a_commit_says_whose_it_is_and_whether_it_is_the_first() {
    let mut case = with_tree(Vec::new());
    let identity = case.target.scope.identity.to_string();
    let said = |case: &Case| {
        let plan = case.plan();
        let first = plan.steps.iter().find_map(|step| match step.action {
            Action::CommitFiles { first, .. } => Some(first),
            _ => None,
        });
        (first.unwrap(), commit(&plan).unwrap().message.clone())
    };
    let correction = format!("Follow the spec: {identity} [skip ci]\n");
    assert_eq!(said(&case), (false, correction));
    case.seen.repository.project = Reading::Known(project(&case));
    case.seen.repository.tree = Reading::Absent;
    let (first, message) = said(&case);
    assert!(first && message.contains(&identity), "{message}");
    assert!(!message.contains("skip ci"), "{message}");
}

//! What people do to our projects in GitLab: archive, remove, rename.

use harmonix::domain::forge::Project;

use crate::world::{Runner, World};

const CART: &str = "apps/shop/cart";
const PLACE: &str = "places/dev-place";

fn two_stages() -> Runner {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    runner
}

fn ready(runner: &Runner, path: &str) -> (String, String) {
    if path == CART {
        runner.ready("cart")
    } else {
        runner.place_ready("dev-place")
    }
}

fn pass(runner: &Runner, path: &str) {
    if path == CART {
        runner.application("cart");
    } else {
        runner.provider("dev-place");
    }
}

fn told(status: &str, reason: &str) -> (String, String) {
    (status.into(), reason.into())
}

/// Several rounds a few seconds apart, in which nothing is to be done and one thing to be said.
fn stays(runner: &mut Runner, path: &str, wanted: &(String, String)) {
    let effects = runner.world.state().effects.len();
    for round in 0..8 {
        runner.round();
        assert_eq!(&ready(runner, path), wanted, "{path}, round {round}");
        runner.world.state().second += 5;
        if round == 4 {
            runner.restart();
        }
    }
    let state = runner.world.state();
    // Records of what was refused before may still come.
    let news = state.effects[effects..].iter();
    let news: Vec<&String> = news.filter(|e| !e.starts_with("record ")).collect();
    assert_eq!(news, Vec::<&String>::new(), "{path}");
}

#[test]
fn an_archived_project_is_told_until_it_is_back_and_not_looked_through_each_time() {
    for path in [CART, PLACE] {
        for meddle in [
            |project: &mut Project, yes| project.archived = yes,
            |project: &mut Project, yes| project.being_deleted = yes,
        ] {
            let mut runner = two_stages();
            let set = |runner: &Runner, yes| {
                let mut state = runner.world.state();
                meddle(&mut state.repository(path).unwrap().project, yes);
            };
            set(&runner, true);
            runner.restart();
            stays(&mut runner, path, &told("False", "RepositoryMissing"));
            runner.world.state().reads.clear();
            let writes = runner.world.state().writes.len();
            for _ in 0..5 {
                pass(&runner, path);
                runner.world.state().second += 5;
            }
            let trees = |runner: &Runner| {
                let state = runner.world.state();
                state.reads.iter().filter(|read| *read == "tree").count()
            };
            assert_eq!(trees(&runner), 0, "{path}");
            assert_eq!(runner.world.state().writes.len(), writes, "{path}");
            runner.world.state().second += 600;
            pass(&runner, path);
            assert!(trees(&runner) > 0, "{path}: it is looked through at times");
            set(&runner, false);
            runner.settle();
            assert_eq!(ready(&runner, path), told("True", "Succeeded"), "{path}");
            stays(&mut runner, path, &told("True", "Succeeded"));
            runner.assert_sound();
        }
    }
}

#[test]
fn a_removed_project_is_told_and_stays_removed() {
    for path in [CART, PLACE] {
        let mut runner = two_stages();
        let mut state = runner.world.state();
        state.projects.retain(|r| r.project.path != path);
        drop(state);
        stays(&mut runner, path, &told("False", "RepositoryMissing"));
    }
}

#[test]
fn a_project_that_was_removed_before_its_first_commit_is_told_missing() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    let refused = format!("commit {CART}");
    runner.world.state().refused.insert(refused);
    runner.go_on();
    assert_eq!(runner.ready("cart"), told("False", "CommitRefused"));
    {
        let mut state = runner.world.state();
        state.refused.clear();
        state.projects.retain(|r| r.project.path != CART);
    }
    stays(&mut runner, CART, &told("False", "RepositoryMissing"));
}

#[test]
fn a_project_that_moved_is_followed() {
    for (path, moved) in [(CART, "apps/shop/basket"), (PLACE, "places/dev-site")] {
        for quiet in [true, false] {
            let mut runner = two_stages();
            {
                let mut state = runner.world.state();
                state.move_project(path, moved);
                if !quiet {
                    state.edit("cart", |cart| cart.spec.environments[0].replicas = 3);
                    let mut place = state.providers["dev-place"].clone();
                    place.spec.gitlab_groups.push("more".into());
                    state.put_provider(place);
                }
            }
            if quiet {
                runner.restart();
            }
            runner.settle();
            assert_eq!(ready(&runner, path), told("True", "Succeeded"), "{path}");
            let state = runner.world.state();
            assert_eq!(state.projects.len(), 3, "{path}: none is made anew");
            let known = if path == CART {
                let status = state.applications["shop/cart"].status.as_ref();
                status.and_then(|s| s.repository.clone())
            } else {
                let status = state.providers["dev-place"].status.as_ref();
                status.and_then(|s| s.repository.clone())
            };
            let known = known.unwrap();
            assert_eq!(known.path, moved);
            assert!(known.web_url.ends_with(moved), "{}", known.web_url);
            assert!(known.clone_url.ends_with(&format!("{moved}.git")));
            let commits = state.count(&format!("commit {moved}"));
            assert_eq!(commits, usize::from(!quiet), "{path}");
            drop(state);
            runner.assert_sound();
        }
    }
}

//! P5: what must not be touched is not touched.

use harmonix::api::{GITLAB_GROUP_ANNOTATION, INTENTS_ANNOTATION, SUSPEND_ANNOTATION};
use harmonix::domain::file::{File, FileAction};

use crate::world::{Runner, World, provider, violations};

pub(super) fn two_stages() -> Runner {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    runner
}

/// A few rounds in which everybody has had a turn; answers the effects in them.
pub(super) fn effects_of(runner: &mut Runner) -> Vec<String> {
    let before = runner.world.state().effects.len();
    for _ in 0..5 {
        runner.round();
        let mut state = runner.world.state();
        state.finish_pipelines();
        state.second += 60;
    }
    runner.world.state().effects[before..].to_vec()
}

#[test]
fn a_suspended_application_is_looked_at_and_left_alone() {
    for by_annotation in [false, true] {
        let mut runner = two_stages();
        {
            let mut state = runner.world.state();
            state.edit("cart", |cart| {
                cart.spec.environments[0].replicas = 5;
                cart.spec.suspend = !by_annotation;
            });
            if by_annotation {
                state.annotate("cart", SUSPEND_ANNOTATION, "true");
            }
            let file = File::new("src/x.js", "");
            state
                .commit("apps/shop/cart", "Add x", &[FileAction::Create(file)])
                .unwrap();
        }
        assert_eq!(effects_of(&mut runner), Vec::<String>::new());
        assert_eq!(runner.ready("cart").1, "Suspended");
        {
            let mut state = runner.world.state();
            state.annotate("cart", SUSPEND_ANNOTATION, "false");
            state.edit("cart", |cart| cart.spec.suspend = false);
        }
        runner.settle();
        assert_eq!(runner.ready("cart").0, "True");
        runner.assert_sound();
    }
}

#[test]
fn a_suspended_place_is_looked_at_and_left_alone() {
    let mut runner = two_stages();
    {
        let mut state = runner.world.state();
        let mut place = state.providers["dev-place"].clone();
        place.spec.suspend = true;
        place.spec.gitlab_groups.push("more".into());
        state.put_provider(place);
    }
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
}

#[test]
fn an_invalid_spec_touches_nothing_and_heals_when_it_is_mended() {
    let mut runner = two_stages();
    let good = runner.world.state().applications["shop/cart"].spec.clone();
    runner.world.state().edit("cart", |cart| {
        cart.spec.parameters.insert("port".into(), "eighty".into());
        cart.spec.environments[0].replicas = 7;
    });
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
    assert_eq!(runner.ready("cart"), ("False".into(), "Invalid".into()));
    runner.world.state().edit("cart", |cart| cart.spec = good);
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn an_environment_that_closes_itself_stops_the_next_deployment() {
    let mut runner = two_stages();
    {
        let mut state = runner.world.state();
        let mut dev = state.environments["dev"].clone();
        dev.spec.allowed_namespaces = harmonix::api::AllowedNamespaces::default();
        state.put_environment(dev);
        state.edit("cart", |cart| cart.spec.environments[1].replicas = 5);
    }
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "NamespaceNotAllowed".into())
    );
}

#[test]
fn nothing_is_changed_while_the_intents_are_damaged() {
    for text in ["[", "{}", "[{\"id\":\"x\"}]", "null and void"] {
        let mut runner = two_stages();
        {
            let mut state = runner.world.state();
            state.annotate("cart", INTENTS_ANNOTATION, text);
            state.edit("cart", |cart| cart.spec.environments[0].replicas = 5);
        }
        assert_eq!(effects_of(&mut runner), Vec::<String>::new(), "{text}");
        assert_eq!(
            runner.ready("cart"),
            ("False".into(), "Invalid".into()),
            "{text}"
        );
        runner.world.state().delete("cart");
        assert_eq!(
            effects_of(&mut runner),
            Vec::<String>::new(),
            "{text}: deleted"
        );
        runner
            .world
            .state()
            .annotate("cart", INTENTS_ANNOTATION, "");
        runner.settle();
        assert!(runner.world.state().applications.is_empty(), "{text}");
        runner.assert_sound();
    }
}

#[test]
fn what_cannot_be_read_is_not_changed() {
    for what in ["pipelines", "session", "service"] {
        let mut runner = two_stages();
        {
            let mut state = runner.world.state();
            state.unreadable.insert(what.into());
            state.failing.insert("deploy".into());
            state.services.clear();
        }
        let effects = effects_of(&mut runner);
        assert!(
            !effects.iter().any(|e| e.starts_with("pipeline")),
            "{what}: {effects:?}"
        );
    }
}

#[test]
fn somebody_elses_project_is_reported_and_never_touched() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    {
        let mut state = runner.world.state();
        state.groups.insert("apps/shop".into());
        state.put_project("apps/shop/cart", "Somebody else's cart");
    }
    runner.settle();
    let before = runner.world.state().effects.len();
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "RepositoryConflict".into())
    );
    for _ in 0..3 {
        runner.restart();
        runner.round();
    }
    {
        let mut state = runner.world.state();
        let news: Vec<String> = state.effects[before..].to_vec();
        assert_eq!(news, Vec::<String>::new());
        let foreign = state.repository("apps/shop/cart").unwrap();
        assert!(foreign.commits.is_empty() && foreign.settings.is_none());
        assert_eq!(foreign.project.description, "Somebody else's cart");
        state
            .projects
            .retain(|r| r.project.path != "apps/shop/cart");
    }
    runner.settle();
    assert_eq!(
        runner.ready("cart").0,
        "True",
        "it heals when the other project goes"
    );
}

#[test]
fn a_place_of_other_groups_is_refused_before_anything_happens() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    {
        let mut state = runner.world.state();
        let mut place = provider("dev-place");
        place
            .metadata
            .clone_from(&state.providers["dev-place"].metadata);
        place.spec.gitlab_groups = vec!["others".into()];
        state.put_provider(place);
    }
    runner.settle();
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "GroupNotAllowed".into())
    );
    let state = runner.world.state();
    assert!(
        !state
            .projects
            .iter()
            .any(|r| r.project.path.starts_with("apps/"))
    );
}

#[test]
fn a_namespace_that_was_not_seen_yet_is_not_taken_for_one_without_wishes() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    let mut namespace = {
        let mut state = runner.world.state();
        state.namespaces.remove("shop").unwrap()
    };
    runner.settle();
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "ReferenceNotFound".into())
    );
    let group = "apps/teams/shop";
    {
        let mut state = runner.world.state();
        assert!(!state.effects.iter().any(|effect| effect.contains("shop")));
        state.groups.insert("apps/teams".into());
        namespace
            .annotations
            .insert(GITLAB_GROUP_ANNOTATION.into(), group.into());
        state.namespaces.insert("shop".into(), namespace);
    }
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    let state = runner.world.state();
    let mut paths = state.projects.iter().map(|r| r.project.path.as_str());
    assert!(paths.any(|path| path == format!("{group}/cart")));
    assert_eq!(state.count("group apps/shop"), 0);
    drop(state);
    runner.assert_sound();
}

#[test]
fn a_group_deep_in_ours_is_made_with_those_around_it_and_one_elsewhere_is_not() {
    let begun = |group: &str| {
        let world = World::with_stages(&[("dev", 1)]);
        {
            let mut state = world.state();
            let mut place = state.providers["dev-place"].clone();
            place.spec.gitlab_groups.push("elsewhere".into());
            state.put_provider(place);
            let shop = state.namespaces.get_mut("shop").unwrap();
            shop.annotations
                .insert(GITLAB_GROUP_ANNOTATION.into(), group.into());
        }
        let mut runner = Runner::new(world);
        runner.settle();
        runner
    };
    let runner = begun("apps/teams/a/b");
    assert_eq!(runner.ready("cart").0, "True");
    let groups: Vec<String> = {
        let state = runner.world.state();
        let made = |effect: &&String| effect.starts_with("group ");
        state.effects.iter().filter(made).cloned().collect()
    };
    assert_eq!(
        groups,
        [
            "group apps/teams",
            "group apps/teams/a",
            "group apps/teams/a/b"
        ]
    );
    runner.assert_sound();

    let runner = begun("elsewhere/a");
    let ready = runner.ready("cart");
    assert_eq!(ready, ("False".into(), "ReferenceNotFound".into()));
    assert_eq!(runner.world.state().count("group "), 0);
}

#[test]
fn a_cluster_that_was_lost_and_rebuilt_finds_everything_again() {
    let mut runner = two_stages();
    let rebuilt = runner.world.copy();
    {
        let mut state = rebuilt.state();
        let names: Vec<String> = state.providers.keys().cloned().collect();
        for name in names {
            let place = provider(&name);
            state.put_provider(place);
        }
        let mut cart = state.applications["shop/cart"].clone();
        cart.status = None;
        cart.metadata = crate::world::application("cart", &[]).metadata;
        state.put_application(cart);
    }
    runner = Runner::new(rebuilt);
    let before = runner.world.state().attempts.len();
    runner.settle();
    // Nothing is done, and nothing tried that would be refused; that each was taken over is recorded.
    let mut news = runner.world.state().attempts[before..].to_vec();
    news.sort();
    assert_eq!(news, ["record TakeOver"; 3]);
    assert_eq!(runner.ready("cart").0, "True");
    // The new records hang on the old ones, and none tells of what did not happen.
    assert_eq!(violations(&runner.world), Vec::<String>::new());
}

#[test]
fn a_refused_role_is_recorded_once_however_often_it_is_refused() {
    let mut runner = two_stages();
    let denials = |runner: &Runner| {
        let state = runner.world.state();
        let all = state.tables.values().flatten();
        all.filter(|record| record.attributes["status"] == "DENIED")
            .count()
    };
    for times in 1..=2 {
        runner
            .world
            .state()
            .unreadable
            .insert("denied prod-place".into());
        for replicas in 2..5 {
            runner.world.state().edit("cart", |cart| {
                cart.spec.environments[0].replicas = replicas;
            });
            runner.round();
            runner.round();
            runner.world.state().finish_pipelines();
            runner.restart();
        }
        runner.world.state().unreadable.clear();
        runner.settle();
        assert_eq!(runner.ready("cart").0, "True");
        assert_eq!(denials(&runner), times, "one each time it begins");
        runner.assert_sound();
    }
}

#[test]
fn two_applications_of_one_namespace_make_its_group_once() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    let other = crate::world::application("till", &["dev"]);
    runner.world.state().put_application(other);
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    assert_eq!(runner.ready("till").0, "True");
    assert_eq!(runner.world.state().count("group "), 1);
    runner.assert_sound();
}

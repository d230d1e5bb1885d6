//! Whatever people do, and whatever goes wrong meanwhile, in whatever order: once both stop, the world
//! comes to rest as asked, every effect has its record, and no rule was ever broken on the way.

use harmonix::api::{RETRY_ANNOTATION, SUSPEND_ANNOTATION};
use harmonix::domain::file::{File, FileAction};
use proptest::prelude::*;

use crate::world::{Fault, FaultKind, Runner, World};

const CART: &str = "apps/shop/cart";

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    Replicas(usize, i32),
    Variable(usize, u8),
    Push,
    PushThatFails(&'static str),
    Overwrite,
    Pin(usize),
    Unpin(usize),
    Retry(u8),
    Suspend(bool),
    Place,
    Restart,
    Fault(usize, FaultKind),
    Outage(&'static str),
    Round,
    Pipelines,
    Time(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let stage = 0..2_usize;
    let outages = [
        "",
        "pipelines",
        "service",
        "session",
        "tree",
        "commits",
        "project",
        "artifacts",
    ];
    prop_oneof![
        2 => (stage.clone(), 0..4_i32).prop_map(|(stage, n)| Event::Replicas(stage, n)),
        1 => (stage.clone(), 0..3_u8).prop_map(|(stage, n)| Event::Variable(stage, n)),
        2 => Just(Event::Push),
        1 => prop::sample::select(vec!["build", "dev", "prod"]).prop_map(Event::PushThatFails),
        1 => Just(Event::Overwrite),
        1 => stage.clone().prop_map(Event::Pin),
        1 => stage.prop_map(Event::Unpin),
        1 => (0..3_u8).prop_map(Event::Retry),
        1 => any::<bool>().prop_map(Event::Suspend),
        1 => Just(Event::Place),
        1 => Just(Event::Restart),
        4 => (1..8_usize, prop::sample::select(FaultKind::ALL.to_vec())).prop_map(|(at, kind)| Event::Fault(at, kind)),
        1 => prop::sample::select(outages.to_vec()).prop_map(Event::Outage),
        8 => Just(Event::Round),
        4 => Just(Event::Pipelines),
        2 => (1..200_i64).prop_map(Event::Time),
    ]
}

struct History {
    runner: Runner,
    pushes: usize,
}

impl History {
    fn push(&mut self) -> Option<String> {
        self.pushes += 1;
        let file = File::new(format!("src/{}.js", self.pushes), "// new\n");
        let mut state = self.runner.world.state();
        state.repository(CART).filter(|r| !r.commits.is_empty())?;
        Some(
            state
                .commit(CART, "Change", &[FileAction::Create(file)])
                .unwrap(),
        )
    }

    fn happen(&mut self, event: Event) {
        let world = self.runner.world.clone();
        match event {
            Event::Replicas(stage, replicas) => world.state().edit("cart", |cart| {
                cart.spec.environments[stage].replicas = replicas;
            }),
            Event::Variable(stage, value) => world.state().edit("cart", |cart| {
                cart.spec.environments[stage].variables = vec![harmonix::api::Variable {
                    name: "GREETING".into(),
                    value: Some(value.to_string()),
                    secret_arn: None,
                }];
            }),
            Event::Push => {
                self.push();
            }
            Event::PushThatFails(whom) => {
                if let Some(sha) = self.push() {
                    let begin = match whom {
                        "build" => format!("build - {}", &sha[..8]),
                        stage => format!("{stage} {sha}"),
                    };
                    world.state().failing.insert(begin);
                }
            }
            Event::Overwrite => self.overwrite(),
            Event::Pin(stage) => {
                let mut state = world.state();
                let release = state
                    .healthy
                    .iter()
                    .next()
                    .map(|(_, release)| release.clone());
                state.edit("cart", |cart| {
                    cart.spec.environments[stage].release = release;
                });
            }
            Event::Unpin(stage) => world
                .state()
                .edit("cart", |cart| cart.spec.environments[stage].release = None),
            Event::Retry(value) => {
                world
                    .state()
                    .annotate("cart", RETRY_ANNOTATION, &value.to_string());
                world
                    .state()
                    .annotate_provider("dev-place", RETRY_ANNOTATION, &value.to_string());
            }
            Event::Suspend(suspend) => {
                world
                    .state()
                    .annotate("cart", SUSPEND_ANNOTATION, &suspend.to_string());
            }
            Event::Place => {
                let mut state = world.state();
                let mut place = state.providers["dev-place"].clone();
                place
                    .spec
                    .gitlab_groups
                    .push(format!("more{}", place.spec.gitlab_groups.len()));
                state.put_provider(place);
            }
            Event::Restart => self.runner.restart(),
            Event::Fault(after, kind) => {
                let mut state = world.state();
                state.fault = Some(Fault {
                    at: state.calls + after,
                    kind,
                });
            }
            Event::Outage(what) => {
                let mut state = world.state();
                state.unreadable.clear();
                if !what.is_empty() {
                    state.unreadable.insert(what.to_owned());
                }
            }
            Event::Round => {
                self.runner.round();
                world.state().second += 5;
            }
            Event::Pipelines => {
                world.state().finish_pipelines();
            }
            Event::Time(seconds) => world.state().second += seconds,
        }
    }

    /// A developer writes over a file of ours.
    fn overwrite(&mut self) {
        let mut state = self.runner.world.state();
        let path = ".harmonix/deploy.sh";
        let Some(last) = state
            .repository(CART)
            .and_then(|r| Some(r.files.get(path)?.1.clone()))
        else {
            return;
        };
        let action = FileAction::Update {
            file: File::new(path, "exit 0\n"),
            last_commit: last,
        };
        state.commit(CART, "Shortcut", &[action]).unwrap();
    }

    /// Everybody stops, the world is well again, and what failed is asked for once more.
    fn calm(&mut self) {
        {
            let mut state = self.runner.world.state();
            state.fault = None;
            state.unreadable.clear();
            state.failing.clear();
            state.annotate("cart", SUSPEND_ANNOTATION, "false");
            state.edit("cart", |cart| {
                for environment in &mut cart.spec.environments {
                    environment.release = None;
                }
            });
            state.annotate("cart", RETRY_ANNOTATION, "calm");
            state.annotate_provider("dev-place", RETRY_ANNOTATION, "calm");
            state.annotate_provider("prod-place", RETRY_ANNOTATION, "calm");
        }
        self.runner.restart();
        self.runner.settle();
    }
}

/// How many histories: `PROPTEST_CASES` asks for more.
#[allow(clippy::disallowed_methods)]
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_well(events in prop::collection::vec(event(), 5..40), settled in any::<bool>()) {
        let mut history = History {
            runner: Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)])),
            pushes: 0,
        };
        if settled {
            history.runner.settle();
        }
        for event in events {
            history.happen(event);
        }
        history.calm();
        let found = crate::world::violations(&history.runner.world);
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
        let ready = history.runner.ready("cart");
        prop_assert_eq!(ready, ("True".into(), "Succeeded".into()));
        let state = history.runner.world.state();
        let cart = &state.applications["shop/cart"];
        for (environment, place) in [(0, "dev-place"), (1, "prod-place")] {
            let cluster = format!("acme-{place}-cluster");
            let service = state.services.iter().find(|((c, _), _)| c == &cluster).unwrap().1;
            prop_assert_eq!(service.desired, cart.spec.environments[environment].replicas);
        }
        let repository = state.projects.iter().find(|r| r.project.path == CART).unwrap();
        prop_assert_ne!(&repository.files[".harmonix/deploy.sh"].0, "exit 0\n");
    }
}

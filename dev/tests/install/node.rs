//! The image in pods on a real node: installed by Helm from nothing, at work, upgraded, ended; and what the node leaves.

#[path = "node/cluster.rs"]
mod cluster;
#[path = "node/effect.rs"]
mod effect;
#[path = "node/figure.rs"]
mod figure;
#[path = "node/handover.rs"]
mod handover;
#[path = "node/story.rs"]
mod story;

use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;

use futures::FutureExt;
use harmonix_dev::image::Image;
use harmonix_dev::image::layout::Layout;
use harmonix_dev::node::{Node, preflight, trace};
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::{Cache, NodePrograms};
use harmonix_dev::world::name::{checkout, of_checkout};
use harmonix_dev::world::{Executor, Options, Tasks};

use super::turn;

/// The programs that a variable names the folder of.
fn tools(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| {
            panic!("{variable} is not set: run the tests with `cargo dev test install`")
        })
        .into()
}

/// Says something that a person is to see also when the test passes.
fn say(text: &str) {
    // The macros of the standard library are caught by the harness.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The image that a variable names, as the folder of an OCI layout; else that of this checkout.
async fn image(progress: &Progress) -> Layout {
    if let Some(folder) = std::env::var_os("HARMONIX_IMAGE") {
        return Layout::at(folder.into());
    }
    let cache = Cache::of_user().unwrap();
    Image::ensure(&cache, progress).await.unwrap().layout
}

/// One test, since a node takes a while to make: each step begins where the one before ended.
#[tokio::test]
async fn helm_brings_the_image_into_pods_of_a_real_node_and_nothing_is_left_of_them() {
    let obstacles = preflight::obstacles();
    if !obstacles.is_empty() {
        say(&format!(
            "NOT RUN: the image in pods on a real node; this machine cannot have one: {}",
            obstacles.join("; ")
        ));
        return;
    }
    let _turn = turn::take().await;
    let programs = NodePrograms::at(tools("HARMONIX_KUBELET"));
    let progress = Progress::on_standard_error();
    let image = image(&progress).await;
    // The same each time, so that what a run that was killed has left is taken away by the next one.
    let name = format!("install-{}", of_checkout(checkout()));
    let options = Options {
        executor: Executor::Scripted,
        tasks: Tasks::None,
    };
    let before = trace::Before::look();

    let node = Node::up(&name, options, programs, &progress).await.unwrap();
    let namespaces = trace::namespaces(node.pid);
    assert_eq!(namespaces.len(), 6, "{namespaces:?}");
    let told = AssertUnwindSafe(story::tell(&node, &image))
        .catch_unwind()
        .await;
    node.down(&progress).await.unwrap();

    let left = trace::left(&name, &namespaces).unwrap();
    let changed = before.changed();
    if let Err(panic) = told {
        resume_unwind(panic);
    }
    assert!(left.is_empty(), "{left:#?}");
    assert!(changed.is_empty(), "{changed:#?}");
    say(
        "node        nothing left: no namespace, control group, process, mount; every setting as before",
    );
}

//! How to use a world that was left up.

use super::outcome::Outcome;
use crate::world::World;

/// Says where things are and what to try.
pub fn tell(world: &World, outcome: &Outcome) -> String {
    let mut lines = vec![format!(
        "The world {} is left up, with the controller in it.\n\n{}",
        world.name,
        world.usage()
    )];
    lines.push(format!(
        "\nThe administrator's kubeconfig:  {}",
        world.layout.administrator_kubeconfig().display()
    ));
    lines.push(format!(
        "To see objects change:           {} --kubeconfig {} get envp,hxenv,hxapp -A --watch",
        world.kubectl().display(),
        world.layout.administrator_kubeconfig().display()
    ));
    for object in outcome.seen.of_kind("Application") {
        let Some(repository) = &object.status.repository else {
            continue;
        };
        let url = repository.clone_url.replacen(
            "://",
            &format!("://developer:{}@", world.tokens.gitlab_developer),
            1,
        );
        lines.push(format!(
            "\nTo work on {} as its developer (a push is built, and goes from stage to stage):\n  git clone {url}",
            object.name
        ));
    }
    lines.join("\n")
}

//! How a person works in a world: a file for the shell, and the lines that `up` ends with.

use super::account::{DEVELOPMENT, REGION};
use super::{World, apichaos};
use crate::failure::Failure;

/// Writes the file that a shell reads to work in the world.
pub fn write(world: &World) -> Result<(), Failure> {
    world.layout.write(&world.layout.path("env"), shell(world))
}

fn shell(world: &World) -> String {
    let mut lines = vec![
        format!(
            "# To work in the world {:?}: . {}",
            world.name,
            world.layout.path("env").display()
        ),
        format!(
            "export PATH='{}':\"$PATH\"",
            world.layout.programs().display()
        ),
        format!(
            "export KUBECONFIG='{}'",
            world.layout.administrator_kubeconfig().display()
        ),
        format!("export AWS_ENDPOINT_URL='{}'", world.aws_url()),
        // Version 1 of the AWS command line knows only the second name.
        format!("export AWS_REGION='{REGION}' AWS_DEFAULT_REGION='{REGION}'"),
    ];
    if let Some(administrator) = world.identities.administrator(DEVELOPMENT) {
        lines.push(format!(
            "# The administrator of account {DEVELOPMENT}; the others are in world.json."
        ));
        lines.push(format!(
            "export AWS_ACCESS_KEY_ID='{}'",
            administrator.key.id
        ));
        lines.push(format!(
            "export AWS_SECRET_ACCESS_KEY='{}'",
            administrator.key.secret
        ));
    }
    lines.push(format!("export GITLAB_URL='{}'", world.gitlab_url()));
    if apichaos::is_wanted(world.options) {
        lines.push(format!("export APICHAOS_URL='{}'", world.apichaos_url()));
    }
    lines.push(format!(
        "export GITLAB_TOKEN='{}'",
        world.tokens.gitlab_developer
    ));
    lines.join("\n") + "\n"
}

impl World {
    /// Says where things are and what to do next.
    #[must_use]
    pub fn usage(&self) -> String {
        let own = super::name::of_checkout(super::name::checkout()) == self.name;
        let name = if own {
            String::new()
        } else {
            format!(" --name {}", self.name)
        };
        format!(
            "  Kubernetes  {}\n  AWS         {}\n  GitLab      {}\n  Registry    127.0.0.1:{}\n  Files       {}\n\n\
             To work in it (kubectl, aws):  . {}\n\
             Its parts and their logs:      cargo dev status{name}   cargo dev logs NAME -f{name}\n\
             To end it:                     cargo dev down{name}",
            self.kubernetes_url(),
            self.aws_url(),
            self.gitlab_url(),
            self.ports.ecr,
            self.layout.folder().display(),
            self.layout.path("env").display(),
        )
    }
}

//! Programs of the tools, as parts of a world: they end with it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};

use harmonix_dev::world::World;
use harmonix_dev::world::part::Recipe;

use super::tool;

/// A port of 127.0.0.1 on which nothing serves.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a program in the world, with the administrator's kubeconfig.
pub fn start(
    world: &World,
    name: &str,
    program: PathBuf,
    arguments: &[String],
    variables: &[(&str, &str)],
) -> Child {
    let recipe = recipe(world, name, program, arguments, variables);
    let (_, child) = world.register().start(&recipe).unwrap();
    child
}

/// How a program is started in the world.
pub fn recipe(
    world: &World,
    name: &str,
    program: PathBuf,
    arguments: &[String],
    variables: &[(&str, &str)],
) -> Recipe {
    let mut environment = world.controller_environment();
    environment.retain(|name, _| !name.starts_with("AWS_") && !name.starts_with("HARMONIX_REQ"));
    let kubeconfig = world.layout.administrator_kubeconfig();
    environment.insert("KUBECONFIG".into(), kubeconfig.to_string_lossy().into());
    let own = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    environment.extend(own);
    Recipe {
        name: name.to_owned(),
        program,
        arguments: arguments.to_vec(),
        environment,
        folder: world.layout.folder().to_owned(),
        log: world.layout.log(name),
        ports: Vec::new(),
    }
}

/// Has the kinds served whose definitions lie in the folder that this variable names.
pub fn define(world: &World, variable: &str) {
    let definitions = tool::folder(variable);
    let definitions = definitions.to_string_lossy();
    kubectl(
        world,
        &["apply", "--server-side", "--filename", &definitions],
    );
    let wait = "wait --for=condition=Established customresourcedefinitions --all --timeout=60s";
    kubectl(world, &wait.split(' ').collect::<Vec<_>>());
}

/// What `kubectl` says, which has to succeed.
pub fn kubectl(world: &World, arguments: &[&str]) -> String {
    let mut command = Command::new(world.kubectl());
    command
        .arg("--kubeconfig")
        .arg(world.layout.administrator_kubeconfig())
        .args(arguments);
    let output = tool::run(command, "");
    assert!(
        output.status.success(),
        "kubectl {arguments:?}: {}",
        tool::said(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// An object as `kubectl` shows it; nothing where there is none.
pub fn object(
    world: &World,
    resource: &str,
    namespace: &str,
    name: &str,
) -> Option<serde_json::Value> {
    let get = ["get", resource, name, "--namespace", namespace];
    let options = ["--ignore-not-found", "--output", "json"];
    let text = kubectl(world, &[&get[..], &options[..]].concat());
    (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap())
}

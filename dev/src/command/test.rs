//! `cargo dev test`.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::progress::Progress;
use harmonix_dev::rights;
use harmonix_dev::tools::{Suite, Tools};
use harmonix_dev::world::controller::binary;
use harmonix_dev::world::name::checkout;
use tokio::process::Command;

/// Makes the tools and runs the tests with them.
pub async fn run(mut arguments: Vec<String>) -> Result<ExitCode, Failure> {
    let suite = arguments.first().and_then(|first| Suite::named(first));
    if suite.is_some() {
        arguments.remove(0);
    }
    let progress = Progress::on_standard_error();
    let tools = Tools::ensure(&progress).await?;
    let mut variables = variables(&tools)?;
    if let Some(suite) = suite {
        variables.extend(suite.ensure(&tools.cache, &progress).await?);
    }
    let since = Instant::now();
    // Tests of one package run the binary of the other, so everything is built first, just as the tests need it.
    let build = binary::cargo(&["test", "--workspace", "--no-run"]);
    let controller = binary::compile(build, "harmonix", |_| {}).await?;

    let rights = rights::Run::begin(&tools.cache)?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--workspace"]);
    if let Some(suite) = suite {
        command.args(["--test", suite.name()]);
    }
    command.args(&arguments).current_dir(checkout());
    command.env(binary::VARIABLE, controller);
    command.env(rights::run::VARIABLE, rights.folder());
    for (name, path) in variables {
        command.env(name, path);
    }
    let status = command.status().await.doing(|| "start cargo".into())?;
    let seconds = since.elapsed().as_secs();
    let rights = rights.judge()?;
    if status.success() {
        // Only a whole run uses every right; what is missing is missing in any.
        let is_whole = arguments.is_empty() && suite.is_none();
        if rights.requests > 0 && (!rights.missing.is_empty() || is_whole) {
            println!(
                "\nThe controller's rights, as the API servers' audit logs saw them: {rights}"
            );
        }
        if !rights.missing.is_empty() || is_whole && !rights.unused.is_empty() {
            let sentence =
                "the roles of `harmonix rbac` are not what the controller asked for: see above";
            return Err(Failure::new(sentence));
        }
        println!("\nAll tests that were run passed, after {seconds} s.");
        if suite.is_none() {
            let suites = Suite::ALL.map(|suite| format!("`cargo dev test {}`", suite.name()));
            println!("Suites of their own: {}.", suites.join(", "));
        }
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(format!(
        "tests failed, after {seconds} s: the failures are above"
    )))
}

/// Where tests find the tools; a test that needs one and is run without these says so.
fn variables(tools: &Tools) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let rc = tools.cache.path("tools/terraform.rc");
    let configuration = tools
        .terraform
        .configuration(&rc, &tools.cache.path("terraform-plugins"))?;
    Ok(vec![
        ("HARMONIX_MOTO", tools.python.binary("moto_server")),
        ("HARMONIX_AWS_CLI", tools.python.binary("aws")),
        ("HARMONIX_NODE", tools.node.node()),
        ("HARMONIX_GITLAB_CI_LOCAL", tools.node.gitlab_ci_local()),
        ("HARMONIX_KUBECTL", tools.control_plane.binary("kubectl")),
        ("HARMONIX_TERRAFORM", tools.terraform.program.clone()),
        ("TF_CLI_CONFIG_FILE", configuration),
    ])
}

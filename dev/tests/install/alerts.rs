//! The alerts, as Prometheus reads them: promtool takes the rules, and each alert meets what it is for and nothing else.

use std::path::Path;
use std::process::Command;

/// Runs promtool in the checkout, and answers what it said where it found fault.
fn promtool(arguments: &[&str]) -> Result<String, String> {
    let folder = std::env::var_os("HARMONIX_PROMTOOL")
        .expect("HARMONIX_PROMTOOL is not set: run this by `cargo dev test install`");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(Path::new(&folder).join("promtool"))
        .args(arguments)
        .current_dir(checkout)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

#[test]
fn promtool_takes_the_rules() {
    let said = promtool(&["check", "rules", "charts/harmonix/alerts/harmonix.yaml"]).unwrap();
    assert!(said.contains("13 rules found"), "{said}");
}

#[test]
fn each_alert_meets_what_it_is_for_and_nothing_else() {
    let said = promtool(&["test", "rules", "dev/promtool/harmonix.test.yaml"]).unwrap();
    assert!(said.contains("SUCCESS"), "{said}");
}

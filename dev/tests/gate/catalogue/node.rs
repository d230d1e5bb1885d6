//! The service's own tests, as its own pipeline runs them.

use std::process::Command;

use super::catalogue;

#[test]
fn the_tests_of_the_service_pass() {
    let node = std::env::var_os("HARMONIX_NODE")
        .expect("HARMONIX_NODE must name Node: run `cargo dev test`, which sets it");
    let ran = Command::new(node)
        .args(["--test", "--test-reporter", "tap"])
        .current_dir(catalogue("node-service/source"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}{said}");
    // A folder without tests passes as well.
    let passed = told
        .lines()
        .find_map(|line| line.strip_prefix("# pass ")?.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed >= 7), "{told}");
}

//! promtool, built from the Go module that `dev/promtool` pins. It checks the alerts as Prometheus would read them.

use super::go::GoTool;

/// promtool, without the ways to find what is to be scraped: nothing is scraped, and they are three quarters of it.
pub(super) fn tool() -> GoTool {
    GoTool {
        name: "promtool",
        go_mod: include_str!("../../promtool/go.mod"),
        go_sum: include_str!("../../promtool/go.sum"),
        sources: &[],
        packages: &["github.com/prometheus/prometheus/cmd/promtool"],
        linker_flags: String::new(),
        tags: "remove_all_sd",
        renamed: &[],
    }
}

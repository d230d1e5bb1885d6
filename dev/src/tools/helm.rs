//! Helm, built from the Go module that `dev/helm` pins.

use super::go::GoTool;

const GO_MOD: &str = include_str!("../../helm/go.mod");
const GO_SUM: &str = include_str!("../../helm/go.sum");

/// Answers how Helm is built: the program `helm`.
pub(super) fn tool() -> GoTool {
    GoTool {
        name: "helm",
        go_mod: GO_MOD,
        go_sum: GO_SUM,
        sources: &[],
        packages: &["helm.sh/helm/v4/cmd/helm"],
        // Without it Helm knows itself as v4.3 only.
        linker_flags: format!(
            "-s -w -X helm.sh/helm/v4/internal/version.version={}",
            version()
        ),
        tags: "",
        renamed: &[],
    }
}

/// The version that is pinned, on a line of its own.
fn version() -> &'static str {
    GO_MOD
        .lines()
        .filter_map(|line| line.trim().strip_prefix("helm.sh/helm/v4 "))
        .find_map(|rest| rest.split_whitespace().next())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_is_told_its_version() {
        let flags = tool().linker_flags;
        assert!(flags.contains("version.version=v4."), "{flags}");
    }
}

//! The tools of `cargo dev test gitops`: kstatus, Flux and Argo CD.

use super::debian::Package;
use super::go::GoTool;
use super::go_files::{GoFiles, Module};

/// Argo CD keeps its cache there.
pub const PACKAGES: &[Package] = &[("redis-server", "redis-server")];

/// The definitions of the tools' own kinds, with the variables that name their folders.
pub const FILES: &[(&str, GoFiles)] = &[(
    "HARMONIX_FLUX_CRDS",
    GoFiles {
        name: "flux-crds",
        modules: &[
            // The program of this module cannot be built: `harmonix_dev::flux` stands in for it.
            Module {
                name: "github.com/fluxcd/source-controller@v1.9.5",
                sum: "h1:MFPyCodUi9hZIMaKDsC/rYbNoyzpvrAdrPVixj7W9F0=",
                files: &["config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml"],
            },
            Module {
                name: "github.com/fluxcd/kustomize-controller@v1.9.5",
                sum: "h1:/XY2zy3K7fntyppEXIHG7oRMzmfgIt50eJzUfaPX1Kc=",
                files: &["config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"],
            },
        ],
    },
)];

/// What is built, with the variables that name the folders.
pub fn programs() -> Vec<(&'static str, GoTool)> {
    let linker_flags = || "-s -w".to_owned();
    vec![
        (
            "HARMONIX_KSTATUS",
            GoTool {
                name: "kstatus",
                go_mod: include_str!("../../kstatus/go.mod"),
                go_sum: include_str!("../../kstatus/go.sum"),
                sources: &[("main.go", include_str!("../../kstatus/main.go"))],
                packages: &["."],
                linker_flags: linker_flags(),
                tags: "",
                renamed: &[],
            },
        ),
        (
            "HARMONIX_FLUX",
            GoTool {
                name: "flux",
                go_mod: include_str!("../../flux/go.mod"),
                go_sum: include_str!("../../flux/go.sum"),
                sources: &[],
                packages: &["github.com/fluxcd/kustomize-controller"],
                linker_flags: linker_flags(),
                tags: "",
                renamed: &[],
            },
        ),
        (
            "HARMONIX_ARGOCD",
            GoTool {
                name: "argocd",
                go_mod: include_str!("../../argocd/go.mod"),
                go_sum: include_str!("../../argocd/go.sum"),
                sources: &[],
                packages: &["github.com/argoproj/argo-cd/v3/cmd"],
                linker_flags: linker_flags(),
                tags: "",
                renamed: &[("cmd", "argocd")],
            },
        ),
    ]
}

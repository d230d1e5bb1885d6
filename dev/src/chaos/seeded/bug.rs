//! One seeded bug: a patch that begins with what is wrong, in plain words, and who is asked to find it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};

use super::detector::Detector;

/// Where the patches are, in the checkout.
const FOLDER: &str = "dev/seeded";

/// One seeded bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bug {
    pub(super) number: u32,
    pub(super) name: String,
    /// What is wrong.
    pub(super) sentence: String,
    /// Who is asked, in this order.
    pub(super) detectors: Vec<Detector>,
    pub(super) patch: PathBuf,
}

/// Every bug of the checkout, by number.
pub(super) fn all(checkout: &Path) -> Result<Vec<Bug>, Failure> {
    let folder = checkout.join(FOLDER);
    let shown = folder.display().to_string();
    let mut bugs = Vec::new();
    for entry in fs::read_dir(&folder).doing(|| format!("list {shown}"))? {
        let path = entry.doing(|| format!("list {shown}"))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "patch")
        {
            bugs.push(read(path)?);
        }
    }
    bugs.sort_by_key(|bug| bug.number);
    Ok(bugs)
}

fn read(patch: PathBuf) -> Result<Bug, Failure> {
    let shown = patch.display().to_string();
    let text = fs::read_to_string(&patch).doing(|| format!("read {shown}"))?;
    let stem = patch.file_stem().unwrap_or_default().to_string_lossy();
    parsed(&stem, &text, patch.clone()).map_err(|why| Failure::new(format!("{shown}: {why}")))
}

fn parsed(stem: &str, text: &str, patch: PathBuf) -> Result<Bug, String> {
    let (number, name) = stem
        .split_once('-')
        .ok_or("its name must read NUMBER-NAME.patch")?;
    let number = number
        .parse()
        .map_err(|_| "its name must begin with a number")?;
    let mut lines = text.lines();
    let sentence = lines.next().unwrap_or_default().to_owned();
    if sentence.is_empty() || sentence.starts_with("diff ") {
        return Err("its first line must say what is wrong".to_owned());
    }
    let asked = lines
        .find_map(|line| line.strip_prefix("Asked: "))
        .ok_or("it must say who is asked to find it: Asked: properties, sim")?;
    let detectors = asked
        .split(", ")
        .map(Detector::named)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Bug {
        number,
        name: name.to_owned(),
        sentence,
        detectors,
        patch,
    })
}

/// The bugs that are meant by numbers, names or beginnings of names.
pub(super) fn chosen(mut bugs: Vec<Bug>, meant: &[String]) -> Result<Vec<Bug>, Failure> {
    let means = |bug: &Bug, word: &String| match word.parse::<u32>() {
        Ok(number) => bug.number == number,
        Err(_) => bug.name.starts_with(word.as_str()),
    };
    if let Some(none) = meant
        .iter()
        .find(|word| !bugs.iter().any(|bug| means(bug, word)))
    {
        return Err(Failure::new(format!(
            "no seeded bug is called {none:?}: --list names them all"
        )));
    }
    bugs.retain(|bug| meant.is_empty() || meant.iter().any(|word| means(bug, word)));
    Ok(bugs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;
    use crate::world::name::checkout;

    #[test]
    fn every_patch_says_what_is_wrong_and_still_applies() {
        let bugs = all(checkout()).unwrap();
        assert!(bugs.len() >= 20, "only {}", bugs.len());
        let numbers: BTreeSet<u32> = bugs.iter().map(|bug| bug.number).collect();
        assert_eq!(numbers.len(), bugs.len(), "two have one number");
        for bug in &bugs {
            assert!(
                bug.sentence.ends_with('.'),
                "{}: {}",
                bug.name,
                bug.sentence
            );
            let output = Command::new("git")
                .args(["apply", "--check"])
                .arg(&bug.patch)
                .current_dir(checkout())
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {told}", bug.name);
        }
    }

    #[test]
    fn a_patch_without_a_sentence_or_a_detector_is_refused() {
        let of = |stem: &str, text: &str| parsed(stem, text, PathBuf::new()).map(|bug| bug.name);
        let good = "It is wrong.\nAsked: properties, sim\n\ndiff --git a/x b/x\n";
        assert_eq!(of("07-some-name", good), Ok("some-name".to_owned()));
        for (stem, text) in [
            ("name", good),
            ("x-name", good),
            ("07-name", ""),
            ("07-name", "diff --git a/x b/x\nAsked: sim\n"),
            ("07-name", "It is wrong.\n"),
            ("07-name", "It is wrong.\nAsked: somebody\n"),
        ] {
            assert!(of(stem, text).is_err(), "{stem}: {text}");
        }
    }

    #[test]
    fn bugs_are_meant_by_number_name_or_beginning_of_a_name() {
        let bug = |number, name: &str| Bug {
            number,
            name: name.to_owned(),
            sentence: String::new(),
            detectors: Vec::new(),
            patch: PathBuf::new(),
        };
        let bugs = || vec![bug(1, "gate-open"), bug(2, "gate-shut"), bug(12, "other")];
        let names = |meant: &[&str]| {
            let meant: Vec<String> = meant.iter().map(|word| (*word).to_owned()).collect();
            chosen(bugs(), &meant)
                .map(|bugs| bugs.iter().map(|bug| bug.number).collect::<Vec<_>>())
                .ok()
        };
        assert_eq!(names(&[]), Some(vec![1, 2, 12]));
        assert_eq!(names(&["1"]), Some(vec![1]));
        assert_eq!(names(&["gate", "12"]), Some(vec![1, 2, 12]));
        assert_eq!(names(&["none"]), None);
    }
}

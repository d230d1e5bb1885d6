//! A bench on which a pipeline's script runs: every program that it calls is one that answers from a table and writes
//! down how it was called.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use harmonix_dev::tools::command::find;
use tempfile::TempDir;

use super::catalogue;

/// Programs that a script may have for real: they only move text about.
const REAL: [&str; 7] = ["cat", "cp", "grep", "mktemp", "mv", "printenv", "rm"];

/// The first rule whose pattern fits `role|call` answers; credentials of the runner and the id token itself must not
/// have reached the program that is called.
const STUB: &str = r#"#!/bin/sh
call="${0##*/} $*"
role="${AWS_ROLE_ARN##*/}"
printf '%s|%s\n' "$role" "$call" >>"$BENCH/calls"
if [ "${0##*/}" = aws ] || [ "${0##*/}" = terraform ]; then
  [ -z "${AWS_ACCESS_KEY_ID:-}${AWS_PROFILE:-}${HARMONIX_ID_TOKEN:-}" ] || { printf 'credentials of the runner\n' >&2; exit 98; }
  [ "$(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")" = an-id-token ] || { printf 'no id token\n' >&2; exit 97; }
fi
for rule in "$BENCH"/rules/*; do
  [ -e "$rule/pattern" ] || continue
  pattern=$(cat "$rule/pattern")
  # The pattern is one.
  # shellcheck disable=SC2254
  case "$role|$call" in
    $pattern) ;;
    *) continue ;;
  esac
  if [ -e "$rule/once" ]; then
    mv "$rule" "$BENCH/used.$$"
    rule="$BENCH/used.$$"
  fi
  cat "$rule/error" >&2
  . "$rule/action"
  cat "$rule/output"
  exit "$(cat "$rule/code")"
done
printf 'nothing answers: %s\n' "$call" >&2
exit 99
"#;

/// How a program answers the calls that fit a pattern.
#[derive(Clone)]
pub struct Answer {
    pattern: &'static str,
    output: String,
    error: &'static str,
    action: &'static str,
    code: u8,
    once: bool,
}

impl Answer {
    /// Answers this on standard output, and ends well.
    pub fn says(pattern: &'static str, output: impl Into<String>) -> Self {
        Self {
            pattern,
            output: output.into(),
            error: "",
            action: "",
            code: 0,
            once: false,
        }
    }

    /// Fails with this on standard error.
    pub fn fails(pattern: &'static str, error: &'static str) -> Self {
        Self {
            error,
            code: 1,
            ..Self::says(pattern, "")
        }
    }

    /// Only the first time.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Does this in the shell, too.
    pub fn doing(mut self, action: &'static str) -> Self {
        self.action = action;
        self
    }

    fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let text = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        text("pattern", self.pattern);
        text("output", &self.output);
        text("error", self.error);
        text("action", self.action);
        text("code", &self.code.to_string());
        if self.once {
            text("once", "");
        }
    }
}

/// What came of a run.
pub struct Told {
    /// How the script ended.
    pub code: i32,
    /// What it said.
    pub text: String,
    /// What it called, each with the role's name before it.
    pub calls: Vec<String>,
    /// The file that it left, where the bench was told one.
    pub left: Option<String>,
}

impl Told {
    /// Answers whether a call was made that has all these parts in it.
    pub fn called(&self, parts: &[&str]) -> bool {
        self.calls
            .iter()
            .any(|call| parts.iter().all(|part| call.contains(part)))
    }
}

/// A bench that is set.
pub struct Bench {
    /// The script, below the catalogue.
    pub script: &'static str,
    /// The programs there are.
    pub programs: Vec<&'static str>,
    /// The job's variables.
    pub variables: BTreeMap<&'static str, String>,
    /// The files there are in the checkout.
    pub files: BTreeMap<&'static str, String>,
    /// What is answered; earlier ones first.
    pub answers: Vec<Answer>,
    /// The file that the script is to leave.
    pub leaves: &'static str,
}

impl Bench {
    /// Runs the script.
    pub fn run(&self) -> Told {
        let bench = tempfile::tempdir().unwrap();
        let path = |name: &str| bench.path().join(name);
        for folder in ["programs", "checkout", "temporary"] {
            fs::create_dir(path(folder)).unwrap();
        }
        for name in REAL {
            symlink(find(name).unwrap(), path("programs").join(name)).unwrap();
        }
        fs::write(path("stub"), STUB).unwrap();
        fs::set_permissions(path("stub"), fs::Permissions::from_mode(0o755)).unwrap();
        for name in self.programs.iter().chain(&["sleep"]) {
            symlink(path("stub"), path("programs").join(name)).unwrap();
        }
        for (number, answer) in self.answers.iter().enumerate() {
            answer.write(&path("rules").join(format!("{number:03}")));
        }
        for (name, text) in &self.files {
            let file = path("checkout").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let ran = Command::new(find("sh").unwrap())
            .arg(catalogue(self.script))
            .current_dir(path("checkout"))
            .env_clear()
            .env("PATH", path("programs"))
            .env("TMPDIR", path("temporary"))
            .env("BENCH", bench.path())
            .env("AWS_ACCESS_KEY_ID", "AKIARUNNER")
            .env("AWS_PROFILE", "runner")
            .envs(&self.variables)
            .output()
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
        let calls = fs::read_to_string(path("calls")).unwrap_or_default();
        assert!(!text.contains("nothing answers"), "{text}\n{calls}");
        assert_empty(&bench);
        Told {
            code: ran.status.code().unwrap(),
            text,
            calls: calls.lines().map(str::to_owned).collect(),
            left: fs::read_to_string(path("checkout").join(self.leaves)).ok(),
        }
    }

    /// Runs the script, which must end with this code and say all this.
    pub fn expect(&self, name: &str, code: i32, says: &[&str]) -> Told {
        let told = self.run();
        assert_eq!(told.code, code, "{name}: {}", told.text);
        for part in says {
            assert!(
                told.text.contains(part),
                "{name}: {part:?} is not in: {}",
                told.text
            );
        }
        told
    }

    /// The same with this answered before all else.
    pub fn with(mut self, answers: &[Answer]) -> Self {
        self.answers.splice(0..0, answers.iter().cloned());
        self
    }

    /// The same with this variable.
    pub fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    /// The same without this program.
    pub fn without(mut self, program: &str) -> Self {
        self.programs.retain(|name| *name != program);
        self
    }
}

/// Nothing of a job stays on the runner, least of all an id token.
fn assert_empty(bench: &TempDir) {
    let left: Vec<_> = fs::read_dir(bench.path().join("temporary"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Without any one of the variables a script says which one is missing, and calls nothing.
pub fn assert_variables(bench: impl Fn() -> Bench, optional: &[&str]) {
    let names: Vec<&'static str> = bench().variables.into_keys().collect();
    for name in names.into_iter().filter(|name| !optional.contains(name)) {
        let says = if name == "HARMONIX_ID_TOKEN" {
            "harmonix: HARMONIX_ID_TOKEN is empty: GitLab made no id token".to_owned()
        } else {
            format!("harmonix: {name} is not set")
        };
        let told = bench().set(name, "").expect(name, 1, &[&says]);
        assert!(told.calls.is_empty(), "{:?}", told.calls);
    }
}

/// Without any one of the programs a script says which one is missing, and calls nothing.
pub fn assert_programs(bench: impl Fn() -> Bench, programs: &[&str]) {
    for program in programs {
        let says = format!("harmonix: {program} is not on the runner");
        let told = bench().without(program).expect(program, 1, &[&says]);
        assert!(told.calls.is_empty(), "{:?}", told.calls);
    }
}

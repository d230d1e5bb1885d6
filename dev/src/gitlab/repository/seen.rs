//! What was read of objects before: a commit's name says what is in it, so it never has to be read twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Mutex, PoisonError};

/// As many answers as are kept, and how large one may be.
const MOST: usize = 4096;
const LARGEST: usize = 64 * 1024;

/// A question to git: about which repository, with which arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    repository: PathBuf,
    arguments: Vec<String>,
}

impl Question {
    /// Puts a question.
    pub fn of(repository: &Path, arguments: &[&str]) -> Self {
        Self {
            repository: repository.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.into()).collect(),
        }
    }
}

/// The answers to questions that were put before.
#[derive(Debug, Default)]
pub struct Seen(Mutex<BTreeMap<Question, Output>>);

impl Seen {
    fn with<T>(&self, use_kept: impl FnOnce(&mut BTreeMap<Question, Output>) -> T) -> T {
        use_kept(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers what was answered before.
    pub fn find(&self, question: &Question) -> Option<Output> {
        self.with(|kept| kept.get(question).cloned())
    }

    /// Keeps an answer.
    pub fn keep(&self, question: Question, output: &Output) {
        if output.stdout.len() > LARGEST {
            return;
        }
        self.with(|kept| {
            // Whatever is asked often is soon there again.
            if kept.len() >= MOST {
                kept.clear();
            }
            kept.insert(question, output.clone());
        });
    }
}

/// Says whether a text is the full name of an object.
pub fn is_object_name(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

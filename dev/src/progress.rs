//! Progress as a person sees it: spinners on a terminal, plain lines otherwise, never silence.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The longest time without a line while something is being done.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(250);

/// Where progress is told.
#[derive(Debug, Clone)]
pub struct Progress(Voice);

#[derive(Debug, Clone)]
enum Voice {
    Silent,
    Plain(Arc<Mutex<Plain>>),
    Terminal(MultiProgress, Instant),
}

#[derive(Debug)]
struct Plain {
    since: Instant,
    last_line: Instant,
    next_id: usize,
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    id: usize,
    name: String,
    note: String,
}

impl Progress {
    /// Tells on standard error: spinners where that is a terminal, plain lines otherwise.
    #[must_use]
    pub fn on_standard_error() -> Self {
        let now = Instant::now();
        if std::io::stderr().is_terminal() {
            return Self(Voice::Terminal(MultiProgress::new(), now));
        }
        let plain = Plain {
            since: now,
            last_line: now,
            next_id: 0,
            active: Vec::new(),
        };
        let plain = Arc::new(Mutex::new(plain));
        let listener = Arc::downgrade(&plain);
        thread::spawn(move || break_silence(&listener));
        Self(Voice::Plain(plain))
    }

    /// Tells nothing; for tests.
    #[must_use]
    pub fn silent() -> Self {
        Self(Voice::Silent)
    }

    /// Begins a task.
    #[must_use]
    pub fn task(&self, name: &str) -> Task {
        let since = Instant::now();
        let line = match &self.0 {
            Voice::Silent => Line::Silent,
            Voice::Plain(plain) => {
                let mut state = lock(plain);
                let id = state.next_id;
                state.next_id += 1;
                state.active.push(Active {
                    id,
                    name: name.to_owned(),
                    note: String::new(),
                });
                Line::Plain(Arc::clone(plain), id)
            }
            Voice::Terminal(many, _) => {
                let bar = many.add(ProgressBar::new_spinner());
                // The template is a constant; were it wrong, the plain spinner is shown.
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {elapsed:>4} {prefix}  {wide_msg:.dim}")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(name.to_owned());
                bar.enable_steady_tick(Duration::from_millis(100));
                Line::Terminal(many.clone(), bar)
            }
        };
        Task {
            name: name.to_owned(),
            since,
            line,
        }
    }

    /// Begins a task that has so many parts, with a bar where that can be shown; elsewhere [`Task::step`] says how far
    /// it is.
    #[must_use]
    pub fn bar(&self, name: &str, parts: u64) -> Task {
        let task = self.task(name);
        if let Line::Terminal(_, bar) = &task.line {
            bar.set_length(parts);
            let template =
                "{elapsed:>4} {prefix}  {bar:40} {pos}/{len}, about {eta} left  {wide_msg:.dim}";
            // The template is a constant; were it wrong, the spinner is shown.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
        }
        task
    }

    /// Says one line that stays.
    pub fn say(&self, text: &str) {
        match &self.0 {
            Voice::Silent => {}
            Voice::Plain(plain) => lock(plain).say(text),
            // A terminal that is gone has no reader to miss the line.
            Voice::Terminal(many, since) => drop(many.println(line(*since, text))),
        }
    }
}

/// One thing that takes time. A task that is dropped without [`Task::done`] has failed; the failure itself is told by
/// whoever handles it.
#[derive(Debug)]
pub struct Task {
    name: String,
    since: Instant,
    line: Line,
}

#[derive(Debug)]
enum Line {
    Silent,
    Plain(Arc<Mutex<Plain>>, usize),
    Terminal(MultiProgress, ProgressBar),
}

impl Task {
    /// Says how far the task is.
    pub fn note(&self, note: impl Into<String>) {
        match &self.line {
            Line::Silent => {}
            Line::Plain(plain, id) => {
                let mut state = lock(plain);
                if let Some(active) = state.active.iter_mut().find(|active| active.id == *id) {
                    active.note = note.into();
                }
            }
            Line::Terminal(_, bar) => bar.set_message(note.into()),
        }
    }

    /// Says that so many of the task's parts are done, and how it goes.
    pub fn step(&self, done: u64, parts: u64, how: &str) {
        match &self.line {
            Line::Silent => {}
            Line::Terminal(_, bar) => {
                bar.set_position(done);
                bar.set_message(how.to_owned());
            }
            Line::Plain(..) => {
                let left = match (self.since.elapsed().as_secs(), done) {
                    (_, 0) => String::new(),
                    (passed, done) => {
                        let seconds = passed * parts.saturating_sub(done) / done;
                        format!(", about {} min {} s left", seconds / 60, seconds % 60)
                    }
                };
                self.note(format!("{done}/{parts}{left}; {how}"));
            }
        }
    }

    /// Ends the task well.
    pub fn done(self) {
        let took = self.since.elapsed().as_secs_f32();
        match &self.line {
            Line::Silent => {}
            Line::Plain(plain, _) => {
                lock(plain).say(&format!("{}: done in {took:.1} s", self.name))
            }
            Line::Terminal(many, bar) => {
                bar.finish_and_clear();
                drop(many.println(format!("✓ {took:>5.1} s  {}", self.name)));
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        match &self.line {
            Line::Silent => {}
            Line::Plain(plain, id) => lock(plain).active.retain(|active| active.id != *id),
            Line::Terminal(_, bar) => bar.finish_and_clear(),
        }
    }
}

impl Plain {
    fn say(&mut self, text: &str) {
        // Standard error that is closed has no reader to miss the line.
        drop(writeln!(std::io::stderr(), "{}", line(self.since, text)));
        self.last_line = Instant::now();
    }

    fn break_silence(&mut self) {
        if self.active.is_empty() || self.last_line.elapsed() + TICK < LONGEST_SILENCE {
            return;
        }
        let told: Vec<String> = self
            .active
            .iter()
            .map(|active| match active.note.as_str() {
                "" => active.name.clone(),
                note => format!("{}: {note}", active.name),
            })
            .collect();
        self.say(&told.join("; "));
    }
}

fn line(since: Instant, text: &str) -> String {
    format!("{:>5} s  {text}", since.elapsed().as_secs())
}

fn break_silence(plain: &Weak<Mutex<Plain>>) {
    while let Some(plain) = plain.upgrade() {
        lock(&plain).break_silence();
        drop(plain);
        thread::sleep(TICK);
    }
}

fn lock(plain: &Mutex<Plain>) -> MutexGuard<'_, Plain> {
    // A panic between two lines leaves nothing half done.
    plain.lock().unwrap_or_else(PoisonError::into_inner)
}

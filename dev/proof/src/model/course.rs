//! The course of passes: the production driver, gone through once for every different history.
//!
//! What a pass does next is a function of what it began with and of every answer since. So a pass that
//! is under way is one node of a tree: answers lead from node to node, and only where no pass has been
//! before is the driver run again, from its beginning, with the answers so far.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use harmonix::controllers::{Context, Recollection, pass};
use tokio::runtime::{Builder, Runtime};

use super::call::{Answer, Look, Write, mark};
use super::look::look;
use super::scene::Scene;
use super::state::{State, Wrong};
use super::tape::Tape;
use super::thing::Thing;

/// The version that every pass sees its object at; what is later counts from here.
pub(super) const FIRST_VERSION: u64 = 1_000_000;

/// How many nodes are remembered before the tree is grown anew.
const MOST_NODES: usize = 4_000_000;

/// What a pass begins with.
pub(super) struct Start {
    /// The object as its cache holds it.
    pub(super) thing: Arc<Thing>,
    /// What the process remembers of it; its versions count from [`FIRST_VERSION`].
    pub(super) memory: Recollection,
    lane: usize,
}

/// What a pass asks for next.
pub(super) enum Request {
    /// A look, which the world answers.
    Look(Look),
    /// A write, which the checker answers.
    Write(Write),
    /// Nothing: it ended, and the process remembers this.
    End(Recollection),
    /// Nothing sensible: it asked for something else than the first time.
    Astray,
}

/// A pass that is under way.
pub(super) struct Node {
    /// What stands for everything that was said to it.
    pub(super) id: u64,
    /// What it asks for.
    pub(super) request: Arc<Request>,
    start: Arc<Start>,
    before: Option<(Arc<Node>, Arc<Answer>)>,
}

/// All courses that were met so far.
pub(super) struct Course {
    scene: Arc<Scene>,
    runtime: Mutex<Runtime>,
    grown: Mutex<Grown>,
}

#[derive(Default)]
struct Grown {
    roots: HashMap<u64, Arc<Node>>,
    children: HashMap<(u64, u64), Arc<Node>>,
    requests: HashMap<u64, Arc<Request>>,
    answers: HashMap<u64, Arc<Answer>>,
    runs: u64,
}

fn number(parts: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

impl Course {
    /// No course yet.
    pub(super) fn new(scene: &Arc<Scene>) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        Ok(Self {
            scene: Arc::clone(scene),
            runtime: Mutex::new(runtime),
            grown: Mutex::default(),
        })
    }

    /// How often the driver ran.
    pub(super) fn runs(&self) -> u64 {
        self.grown().runs
    }

    fn grown(&self) -> MutexGuard<'_, Grown> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A pass that begins.
    pub(super) fn begin(
        &self,
        state: &State,
        lane: usize,
        thing: &Arc<Thing>,
        memory: Recollection,
    ) -> Arc<Node> {
        let id = number(&[lane as u64, thing.mark, mark(&memory)]);
        if let Some(node) = self.grown().roots.get(&id) {
            return Arc::clone(node);
        }
        let start = Arc::new(Start {
            thing: Arc::clone(thing),
            memory,
            lane,
        });
        let nodes = self.run(state, &start, None, id);
        let mut grown = self.grown();
        let root = nodes.first().map(Arc::clone);
        if let Some(root) = &root {
            grown.roots.insert(id, Arc::clone(root));
        }
        root.unwrap_or_else(|| {
            Arc::new(Node {
                id,
                request: Arc::new(Request::Astray),
                start,
                before: None,
            })
        })
    }

    /// The pass after an answer.
    pub(super) fn after(&self, state: &State, node: &Arc<Node>, answer: &Answer) -> Arc<Node> {
        let id = number(&[node.id, mark(answer)]);
        let known = self.grown().children.get(&(node.id, id)).map(Arc::clone);
        if let Some(child) = known {
            return child;
        }
        let answer = self.interned(answer);
        let before = (Arc::clone(node), answer);
        let nodes = self.run(state, &node.start, Some(before), id);
        nodes.first().map_or_else(|| Arc::clone(node), Arc::clone)
    }

    fn interned(&self, answer: &Answer) -> Arc<Answer> {
        let mut grown = self.grown();
        let shared = grown
            .answers
            .entry(mark(answer))
            .or_insert_with(|| Arc::new(answer.clone()));
        Arc::clone(shared)
    }

    /// Lets the world answer looks until the pass wants to write, or ended.
    pub(super) fn looked(&self, state: &mut State, lane: usize, mut node: Arc<Node>) -> Arc<Node> {
        while let Request::Look(question) = &*node.request {
            let answer = look(&self.scene, state, lane, question);
            node = self.after(state, &node, &answer);
        }
        if matches!(*node.request, Request::Astray) {
            state.wrong(Wrong::Astray);
        }
        node
    }

    /// Runs the driver up to where nobody has been. Answers the new nodes in order.
    fn run(
        &self,
        state: &State,
        start: &Arc<Start>,
        before: Option<(Arc<Node>, Arc<Answer>)>,
        id: u64,
    ) -> Vec<Arc<Node>> {
        let script = script(before.as_ref());
        let tape = Tape::new(&self.scene, start.lane, script, state.clone());
        let ended = self.drive(start, &tape);
        let recorded = tape.recorded();
        let last = match (recorded.astray, recorded.write, ended) {
            (true, ..) | (false, None, None) => Request::Astray,
            (false, Some(write), _) => Request::Write(write),
            (false, None, Some(memory)) => Request::End(memory),
        };
        let mut grown = self.grown();
        grown.runs += 1;
        if grown.children.len() > MOST_NODES {
            // Passes under way keep what they need themselves.
            grown.children.clear();
            grown.roots.clear();
        }
        let mut nodes: Vec<Arc<Node>> = Vec::new();
        let (mut id, mut before) = (id, before);
        let steps = recorded
            .looks
            .into_iter()
            .map(|(question, answer)| (Request::Look(question), Some(answer)))
            .chain([(last, None)]);
        for (request, answer) in steps {
            let node = Arc::new(Node {
                id,
                request: grown.request(request),
                start: Arc::clone(start),
                before: before.take(),
            });
            if let Some((parent, _)) = &node.before {
                grown.children.insert((parent.id, id), Arc::clone(&node));
            }
            nodes.push(Arc::clone(&node));
            if let Some(answer) = answer {
                id = number(&[id, mark(&*answer)]);
                let shared = Arc::clone(grown.answers.entry(mark(&*answer)).or_insert(answer));
                before = Some((node, shared));
            }
        }
        nodes
    }

    /// One run of the driver. Answers what the process remembers, if the pass ended.
    fn drive(&self, start: &Start, tape: &Tape) -> Option<Recollection> {
        let context = Context::new(tape.ports(), self.scene.settings.clone());
        let object = start.thing.at(FIRST_VERSION);
        let uid = start.thing.uid.clone();
        context.remember(&uid, |r| *r = start.memory.clone());
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = pass::application(&context, &object) => Some(context.recall(&uid)),
                () = tape.stopped() => None,
            }
        })
    }
}

impl Grown {
    fn request(&mut self, request: Request) -> Arc<Request> {
        // A look and a write may read the same.
        let id = match &request {
            Request::Look(look) => number(&[0, mark(look)]),
            Request::Write(write) => number(&[1, mark(write)]),
            Request::End(memory) => number(&[2, mark(memory)]),
            Request::Astray => 0,
        };
        Arc::clone(self.requests.entry(id).or_insert_with(|| Arc::new(request)))
    }
}

/// Every answer from the beginning of a pass.
fn script(before: Option<&(Arc<Node>, Arc<Answer>)>) -> Vec<Arc<Answer>> {
    let mut answers = Vec::new();
    let mut at = before;
    while let Some((node, answer)) = at {
        answers.push(Arc::clone(answer));
        at = node.before.as_ref();
    }
    answers.reverse();
    answers
}

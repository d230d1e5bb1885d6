//! Stories: which small world is gone through, and how much may happen in it.

/// One small world, and how often each kind of thing may happen in it.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is called.
    pub name: &'static str,
    /// Applications.
    pub applications: usize,
    /// Environments of each, one above the other.
    pub stages: usize,
    /// Whether it begins with everything at rest, instead of with a first apply.
    pub settled: bool,
    /// Whether each look is a step of its own.
    pub fine: bool,
    /// Everything that goes wrong, together.
    pub faults: u8,
    /// Deaths of the process.
    pub crashes: u8,
    /// Writes that are lost, failed, denied or delayed.
    pub losses: u8,
    /// Troubles with the operations role.
    pub troubles: u8,
    /// Groups or projects that others make first.
    pub rivals: u8,
    /// Pipelines that fail; each may be asked for again once.
    pub red: u8,
    /// Losses of the whole cluster.
    pub rebuilds: u8,
    /// Changes of a spec.
    pub edits: u8,
    /// Deletions.
    pub deletions: u8,
    /// Creations of what was let go.
    pub recreations: u8,
    /// Pushes by a developer.
    pub pushes: u8,
    /// Whiles that pass.
    pub ticks: u8,
    /// How many steps deep it is gone through; all the way, if nothing is said.
    pub depth: Option<usize>,
}

/// Nothing happens.
const NOTHING: Story = Story {
    name: "",
    applications: 1,
    stages: 1,
    settled: false,
    fine: false,
    faults: 0,
    crashes: 0,
    losses: 0,
    troubles: 0,
    rivals: 0,
    red: 0,
    rebuilds: 0,
    edits: 0,
    deletions: 0,
    recreations: 0,
    pushes: 0,
    ticks: 0,
    depth: None,
};

impl Story {
    /// A story of one's own: everything of its kind may go wrong, `faults` times in all.
    pub fn own(applications: usize, stages: usize, edits: u8, faults: u8) -> Self {
        Self {
            name: "own",
            applications,
            stages,
            faults,
            crashes: faults,
            losses: faults,
            troubles: faults.min(1),
            rivals: faults.min(1),
            edits,
            ticks: 1,
            ..NOTHING
        }
    }
}

/// The stories of the whole check.
pub fn stories() -> Vec<Story> {
    let mut all = whole();
    all.extend(bounded());
    all
}

/// Stories that are gone through to their end.
fn whole() -> Vec<Story> {
    vec![
        Story {
            name: "first apply, one fault",
            faults: 1,
            crashes: 1,
            losses: 1,
            troubles: 1,
            rivals: 1,
            ticks: 1,
            ..NOTHING
        },
        Story {
            name: "two edits of what runs, no fault",
            settled: true,
            edits: 2,
            ticks: 1,
            ..NOTHING
        },
        Story {
            name: "let go at rest and created again, no fault",
            settled: true,
            edits: 1,
            deletions: 1,
            recreations: 1,
            ..NOTHING
        },
        Story {
            name: "two levels, one edit, no fault",
            stages: 2,
            edits: 1,
            ..NOTHING
        },
        Story {
            name: "cluster lost and rebuilt at rest, three faults",
            settled: true,
            faults: 3,
            crashes: 1,
            losses: 2,
            rebuilds: 1,
            ..NOTHING
        },
    ]
}

/// Stories that go on for longer than there is time: what lies near their beginning is gone through.
#[expect(clippy::too_many_lines, reason = "one entry for each story")]
fn bounded() -> Vec<Story> {
    vec![
        Story {
            name: "first apply, two faults",
            faults: 2,
            crashes: 2,
            losses: 2,
            troubles: 1,
            rivals: 1,
            ticks: 1,
            depth: Some(13),
            ..NOTHING
        },
        Story {
            name: "first apply, two edits, one fault",
            faults: 1,
            crashes: 1,
            losses: 1,
            edits: 2,
            depth: Some(17),
            ..NOTHING
        },
        Story {
            name: "two edits of what runs, two faults",
            settled: true,
            faults: 2,
            crashes: 1,
            losses: 2,
            troubles: 1,
            edits: 2,
            ticks: 1,
            depth: Some(10),
            ..NOTHING
        },
        Story {
            name: "let go while it is made, and created again",
            faults: 1,
            crashes: 1,
            losses: 1,
            deletions: 1,
            recreations: 1,
            ticks: 1,
            depth: Some(18),
            ..NOTHING
        },
        Story {
            name: "let go at rest and created again, two faults",
            settled: true,
            faults: 2,
            crashes: 1,
            losses: 1,
            troubles: 1,
            edits: 1,
            deletions: 1,
            recreations: 1,
            depth: Some(12),
            ..NOTHING
        },
        Story {
            name: "cluster lost and rebuilt, two faults",
            faults: 2,
            crashes: 1,
            losses: 1,
            rebuilds: 1,
            depth: Some(18),
            ..NOTHING
        },
        Story {
            name: "a pipeline fails, a push, one fault more",
            settled: true,
            faults: 2,
            crashes: 1,
            losses: 1,
            red: 1,
            pushes: 1,
            edits: 1,
            depth: Some(12),
            ..NOTHING
        },
        Story {
            name: "two levels, one edit, one fault",
            stages: 2,
            faults: 1,
            crashes: 1,
            losses: 1,
            edits: 1,
            depth: Some(22),
            ..NOTHING
        },
        Story {
            name: "two applications, one fault",
            applications: 2,
            faults: 1,
            crashes: 1,
            losses: 1,
            depth: Some(15),
            ..NOTHING
        },
        Story {
            name: "first apply look by look, one fault",
            fine: true,
            faults: 1,
            crashes: 1,
            losses: 1,
            rivals: 1,
            edits: 1,
            depth: Some(45),
            ..NOTHING
        },
    ]
}

/// The stories of a run that takes less than a minute.
pub fn quick() -> Vec<Story> {
    let mut all = whole();
    all.extend(bounded().into_iter().map(|story| Story {
        depth: story.depth.map(|depth| depth / 2),
        ..story
    }));
    all
}

//! Controllers that are broken on purpose: each must be found out, or the check proves nothing.

use clap::ValueEnum;

/// What is wrong with a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Broken {
    /// It does not look for what may have happened before it tries again
    BlindRetry,
    /// It makes an intent durable only after the effect
    HoldAfter,
    /// It records what it is about to do
    RecordFirst,
    /// It takes a project for its own because of its path
    AdoptByName,
    /// It writes a status whatever happened to the object since
    ReadyOnOldGeneration,
    /// It writes intents whatever happened to the object since
    HoldUnversioned,
    /// It does not wait for a pipeline whose start was not answered
    NoGrace,
    /// It inserts records without their condition
    UnconditionalInsert,
    /// It holds no finalizer
    NoFinalizer,
    /// It lets go without a record
    ReleaseUnrecorded,
}

//! Chaos: every effect is made exactly once, whatever dies or fails in between.
//!
//! A scenario is played against the real API server and the stand-ins with the real controller. Plans say
//! where something goes wrong in it; oracles judge what is left by journals and end state, never by logs.

pub mod cluster;
pub mod evidence;
pub mod gather;
pub mod hosts;
pub mod label;
pub mod lane;
pub mod oracle;
pub mod plan;
pub mod proof;
pub mod record;
pub mod recording;
pub mod replay;
pub mod report;
pub mod run;
pub mod scenario;
pub mod seeded;
pub mod shape;
pub mod share;
pub mod shipped;
pub mod story;
pub mod sweep;
pub mod upset;

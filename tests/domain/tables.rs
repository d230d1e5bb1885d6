//! Tables: which spec leads to which target or refusal, and which verdict to which status.

mod admittance;
mod case;
mod environment;
mod intent;
mod lease;
mod memory;
mod pipeline;
mod provider;
mod report;
mod repository;
mod running;
mod target;

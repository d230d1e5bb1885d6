//! Tables: which spec leads to which target or refusal, and which verdict to which status.

mod admittance;
mod attempt;
mod build;
mod case;
mod environment;
mod file;
mod intent;
mod journal;
mod lease;
mod lost;
mod memory;
mod notice;
mod pipeline;
mod provider;
mod provision;
mod reading;
mod renewal;
mod report;
mod repository;
mod rollout;
mod running;
mod scope;
mod stage;
mod target;

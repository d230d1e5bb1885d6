//! Properties of the controller's decisions, run against a model of the world.

mod convergence;
mod crash;
mod death;
mod forgotten;
mod group;
mod history;
mod leader;
mod ledger;
mod place;
mod project;
mod promotion;
mod refusal;
mod restraint;
mod retry;
mod superseded;
mod waiting;

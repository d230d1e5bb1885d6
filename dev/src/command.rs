//! What each command does.

pub mod chaos;
pub mod demo;
pub mod down;
pub mod image;
pub mod logs;
pub mod node;
pub mod serve;
pub mod settled;
pub mod status;
pub mod test;
pub mod tools;
pub mod up;

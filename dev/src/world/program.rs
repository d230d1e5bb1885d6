//! The programs of this workspace: what `cargo` has built lies in one folder.

use std::env;
use std::path::PathBuf;

use crate::failure::{Doing, Failure};

/// Answers the program of this name: the one that the variable names, else the one of the build that this program (or
/// this test, which lies one folder below) belongs to.
pub fn find(name: &str, variable: &str) -> Result<PathBuf, Failure> {
    if let Some(named) = env::var_os(variable) {
        return Ok(named.into());
    }
    let own = env::current_exe().doing(|| "find this program".into())?;
    own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        Failure::new(format!(
            "the program {name} is not beside {}: use `cargo dev`, which builds it, or name it in {variable}",
            own.display()
        ))
    })
}

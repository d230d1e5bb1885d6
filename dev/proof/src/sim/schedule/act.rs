//! Acts: what people do.

/// The application of most runs.
pub const CART: &str = "shop/cart";
/// Another tenant's application of the same name.
pub const DESK: &str = "desk/cart";

/// What people do. Places are named `<environment>-place`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Declare a place.
    Provider(&'static str),
    /// Declare an environment on the place of its name.
    Environment(&'static str, i32),
    /// Declare an application in these environments.
    Application(String, &'static [&'static str]),
    /// Change a number in one environment.
    Replicas(String, usize, i32),
    /// Change a variable in one environment.
    Variable(String, usize, u8),
    /// A developer pushes.
    Push(String),
    /// A developer pushes what fails in a build (`build`) or in an environment.
    Fail(String, &'static str),
    /// What failed is mended from outside, and asked for once more.
    Mend(String),
    /// A developer writes over a file of ours.
    Overwrite(String),
    /// Pin an environment to the first release of all.
    Pin(String, usize),
    /// Let it go with the others again.
    Unpin(String, usize),
    /// Suspend.
    Suspend(String),
    /// Resume.
    Resume(String),
    /// Ask for another try although nothing failed.
    Retry(String),
    /// Change a place.
    Place(&'static str),
    /// Delete an application.
    Delete(String),
    /// The cluster is lost and built again from the same manifests.
    Rebuild,
}

impl Act {
    /// Its kind, for counts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Provider(_) => "provider",
            Self::Environment(..) => "environment",
            Self::Application(..) => "application",
            Self::Replicas(..) => "replicas",
            Self::Variable(..) => "variable",
            Self::Push(_) => "push",
            Self::Fail(..) => "push that fails",
            Self::Mend(_) => "mend and retry",
            Self::Overwrite(_) => "overwrite our file",
            Self::Pin(..) => "pin",
            Self::Unpin(..) => "unpin",
            Self::Suspend(_) => "suspend",
            Self::Resume(_) => "resume",
            Self::Retry(_) => "retry without need",
            Self::Place(_) => "change a place",
            Self::Delete(_) => "delete",
            Self::Rebuild => "lose and rebuild the cluster",
        }
    }
}

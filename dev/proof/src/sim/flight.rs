//! Requests on their way: what was sent arrives, whether or not its sender still lives.

use super::universe::{Admission, Event, Universe};

/// One request on its way to whoever does what it asks for.
pub struct Flight<T, F: FnOnce() -> T + Send + 'static> {
    universe: Universe,
    /// When it arrives.
    at: i64,
    /// Whether it arrives although its sender died.
    survives: bool,
    operation: Option<F>,
}

impl<T, F: FnOnce() -> T + Send + 'static> Flight<T, F> {
    /// A request that is sent now.
    pub fn new(universe: &Universe, admission: &mut Admission, operation: F) -> Self {
        Self {
            at: universe.now() + i64::try_from(admission.there).unwrap_or_default(),
            universe: universe.clone(),
            survives: admission.draw.percent(50),
            operation: Some(operation),
        }
    }

    /// Nobody waits for it any more; it arrives.
    pub fn let_go(&mut self) {
        self.survives = true;
        self.launch();
    }

    /// Waits until it arrives.
    ///
    /// # Panics
    /// Where it was let go.
    pub async fn land(mut self) -> T {
        tokio::time::sleep_until(self.universe.instant(self.at)).await;
        let operation = self.operation.take();
        operation
            .map(|operation| operation())
            .expect("it is on its way")
    }

    fn launch(&mut self) {
        if let Some(operation) = self.operation.take()
            && self.survives
        {
            let land = Event::Land(Box::new(move || {
                operation();
            }));
            self.universe.plan(self.at, land);
        }
    }
}

impl<T, F: FnOnce() -> T + Send + 'static> Drop for Flight<T, F> {
    fn drop(&mut self) {
        self.launch();
    }
}

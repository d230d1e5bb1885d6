//! Queues: who was woken and waits for a pass.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::Resource;
use kube::runtime::controller::ReconcileRequest;
use kube::runtime::reflector::ObjectRef;

use crate::domain::identity::Kind;
use crate::ports::Telemetry;

/// What travels to a controller.
pub(super) type Request<K> = Result<ReconcileRequest<K>, std::convert::Infallible>;

/// Where objects of one kind are woken, and who waits there. An object that is woken again waits once.
pub(super) struct Queue<K: Resource<DynamicType = ()>> {
    kind: Kind,
    door: UnboundedSender<Request<K>>,
    waiting: Arc<Mutex<HashSet<ObjectRef<K>>>>,
    telemetry: Arc<dyn Telemetry>,
}

impl<K: Resource<DynamicType = ()>> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self {
            kind: self.kind,
            door: self.door.clone(),
            waiting: Arc::clone(&self.waiting),
            telemetry: Arc::clone(&self.telemetry),
        }
    }
}

impl<K: Resource<DynamicType = ()> + 'static> Queue<K> {
    /// A queue, and its end.
    pub(super) fn new(
        kind: Kind,
        telemetry: &Arc<dyn Telemetry>,
    ) -> (Self, UnboundedReceiver<Request<K>>) {
        let (door, end) = unbounded();
        let queue = Self {
            kind,
            door,
            waiting: Arc::default(),
            telemetry: Arc::clone(telemetry),
        };
        (queue, end)
    }

    /// Wakes an object.
    pub(super) fn wake(&self, object: &ObjectRef<K>) {
        self.change(|waiting| waiting.insert(object.clone()));
        if self.door.unbounded_send(Ok(object.clone().into())).is_err() {
            // Its controller has ended, and then nobody is to be woken.
            self.done(object);
        }
    }

    /// What waits here.
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// An object waits no longer: its pass begins.
    pub(super) fn done(&self, object: &ObjectRef<K>) {
        self.change(|waiting| waiting.remove(object));
    }

    /// An object that is gone waits no longer.
    pub(super) fn forget(&self, name: &str, namespace: Option<&str>) {
        let object = ObjectRef::new(name);
        self.done(&match namespace {
            Some(namespace) => object.within(namespace),
            None => object,
        });
    }

    /// A closed queue ends its controller once the passes under way are done.
    pub(super) fn close(&self) {
        self.door.close_channel();
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<ObjectRef<K>>) -> bool) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if change(&mut waiting) {
            self.telemetry.queued(self.kind, waiting.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::api::Application;
    use crate::domain::measure::PassResult;
    use crate::domain::verdict::Verdict;
    use crate::ports::{Acted, Called, Seen};

    #[derive(Default)]
    struct Depth(AtomicUsize);

    impl Telemetry for Depth {
        fn seen(&self, _: &Seen<'_>) {}
        fn acting(&self, _: &str) {}
        fn acted(&self, _: &Acted<'_>) {}
        fn told(&self, _: Kind, _: &str, _: &Verdict) {}
        fn ended(&self, _: Kind, _: PassResult) {}
        fn under_way(&self, _: Kind, _: usize) {}
        fn queued(&self, _: Kind, objects: usize) {
            self.0.store(objects, Ordering::SeqCst);
        }
        fn took(&self, _: Kind, _: Duration) {}
        fn gone(&self, _: &str) {}
        fn called(&self, _: Called) {}
        fn budget(&self, _: u64) {}
        fn token_ends(&self, _: Option<Timestamp>) {}
        fn leads(&self, _: bool) {}
        fn api_server_answers(&self, _: bool) {}
    }

    fn cart(namespace: &str) -> ObjectRef<Application> {
        ObjectRef::new("cart").within(namespace)
    }

    #[test]
    fn who_is_woken_twice_waits_once_and_until_a_pass_begins_or_the_object_is_gone() {
        let depth = Arc::new(Depth::default());
        let telemetry: Arc<dyn Telemetry> = depth.clone();
        let (queue, _end) = Queue::<Application>::new(Kind::Application, &telemetry);
        let now = || depth.0.load(Ordering::SeqCst);
        queue.wake(&cart("shop"));
        queue.wake(&cart("shop"));
        queue.wake(&cart("bank"));
        assert_eq!(now(), 2);
        queue.done(&cart("shop"));
        queue.done(&cart("shop"));
        assert_eq!(now(), 1);
        queue.forget("cart", Some("bank"));
        assert_eq!(now(), 0);
    }

    #[test]
    fn nobody_waits_for_a_controller_that_has_ended() {
        let depth = Arc::new(Depth::default());
        let telemetry: Arc<dyn Telemetry> = depth.clone();
        let (queue, end) = Queue::<Application>::new(Kind::Application, &telemetry);
        drop(end);
        queue.wake(&cart("shop"));
        assert_eq!(depth.0.load(Ordering::SeqCst), 0);
    }
}

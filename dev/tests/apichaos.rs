//! The proxy in front of the API server, over real sockets, with a small API server of the tests' own behind it.

#[path = "apichaos/faults.rs"]
mod faults;
#[path = "apichaos/lists.rs"]
mod lists;
#[path = "apichaos/orders.rs"]
mod orders;
#[path = "apichaos/upstream.rs"]
mod upstream;
#[path = "apichaos/watches.rs"]
mod watches;

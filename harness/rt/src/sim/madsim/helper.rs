//! One thread outside every simulation, on which connections to SQLite are opened while the simulation waits. madsim
//! forbids new threads while it runs, but sqlx starts one for each connection.

use std::{
    future::Future,
    sync::{
        Mutex, OnceLock, PoisonError,
        mpsc::{self, Sender},
    },
};

use crate::sim::inline::inline;

type Order = Box<dyn FnOnce() + Send>;

static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();

/// Starts the thread, once in a process. Must not be called inside a simulation.
pub(crate) fn start() {
    ORDERS.get_or_init(|| {
        let (orders, given) = mpsc::channel::<Order>();
        std::thread::Builder::new()
            .name("opens connections".to_owned())
            .spawn(move || given.into_iter().for_each(|order| order()))
            .expect("the system has one more thread");
        Mutex::new(orders)
    });
}

/// Drives a future to its end on the helper thread, and waits for it, in no virtual time.
pub(crate) fn on_any_thread<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (answer, answered) = mpsc::channel();
    let order: Order = Box::new(move || {
        // The send fails only if the waiting thread has panicked.
        let _ = answer.send(inline(future));
    });
    let orders = ORDERS.get().expect("the helper was started before the simulation");
    orders.lock().unwrap_or_else(PoisonError::into_inner).send(order).expect("the helper lives");
    answered.recv().expect("the helper answers")
}

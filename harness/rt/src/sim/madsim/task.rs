//! Tasks on madsim: the tasks of a host are tasks of its node.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::future::BoxFuture;

use crate::sim::{gate::Gate, host::Here};

/// Waits for a task, or aborts it. If it is dropped, the task continues.
#[derive(Debug)]
pub struct JoinHandle<T>(Inner<T>);

#[derive(Debug)]
enum Inner<T> {
    Simulated(madsim::task::JoinHandle<T>),
    Real(tokio::task::JoinHandle<T>),
}

/// Why a task returned no result.
#[derive(Debug)]
pub struct JoinError(Why);

#[derive(Debug)]
enum Why {
    Simulated(madsim::task::JoinError),
    Real(tokio::task::JoinError),
}

impl JoinError {
    /// Whether the task was aborted.
    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Why::Simulated(error) => error.is_cancelled(),
            Why::Real(error) => error.is_cancelled(),
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        !self.is_cancelled()
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cancelled() {
            "the task was cancelled"
        } else {
            "the task panicked"
        })
    }
}

impl Error for JoinError {}

impl<T> JoinHandle<T> {
    /// Aborts the task.
    pub fn abort(&self) {
        match &self.0 {
            Inner::Simulated(task) => task.abort(),
            Inner::Real(task) => task.abort(),
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Inner::Simulated(task) => task.is_finished(),
            Inner::Real(task) => task.is_finished(),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Simulated(task) => {
                Pin::new(task).poll(cx).map_err(|why| JoinError(Why::Simulated(why)))
            }
            Inner::Real(task) => Pin::new(task).poll(cx).map_err(|why| JoinError(Why::Real(why))),
        }
    }
}

/// Spawns a task on the host at hand.
pub(crate) fn spawn<T: Send + 'static>(future: BoxFuture<'static, T>, here: Here) -> JoinHandle<T> {
    JoinHandle(Inner::Simulated(madsim::task::spawn(Gate::new(future, here))))
}

/// Spawns a task outside every simulation.
pub(crate) fn spawn_outside<T: Send + 'static>(future: BoxFuture<'static, T>) -> JoinHandle<T> {
    JoinHandle(Inner::Real(tokio::spawn(future)))
}

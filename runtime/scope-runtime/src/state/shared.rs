//! A state that several machines share: one document at one address, changed by conditional writes only.
//!
//! The document is `state.json` and, before it, who has it: `{"lock":{"token":…,"n":17,"renewed_ms":…},"version":2,…}`. Who
//! runs writes it whole with each group of records, on the condition that nobody else wrote since. So two writers exclude
//! each other even where a clock is wrong or a process was frozen: whose lease was taken over fails at its next write, and
//! before anything more is sent (`assurance`: looked at when the connection is there). The lock is a *lease*: it is renewed while the process lives, and ends by
//! itself a while after it died.
//!
//! A thread of its own does the writing, so that the lease is renewed whatever the run is doing.

mod access;
mod assurance;
mod cluster;
mod document;
mod exchange;
mod http;
mod keeper;
mod location;
mod s3;
mod signature;

use std::path::PathBuf;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::lock::Holder;
use super::store::{StateError, StateFile};
use keeper::{Keeper, Order};

pub use assurance::{Fence, FenceClosed};
pub(super) use location::Location;

/// A place that several machines share.
#[derive(Clone, Debug)]
pub struct SharedPlace {
    /// As it can be given again; no secret is in it.
    pub(super) address: String,
    pub(super) location: Location,
    /// The folder for the journals of this machine's runs.
    pub(super) logs: PathBuf,
}

/// Why a shared place cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedFault {
    /// It does not answer.
    Unusable(String),
    /// It refuses what it is asked with.
    Refused(String),
    /// Another run took the state over; who, if it can be read.
    TakenOver(Option<Holder>),
    /// It cannot keep two writers apart.
    Unfit(String),
}

/// What is there, and who has it.
pub(super) struct Looked {
    pub(super) file: Option<StateFile>,
    pub(super) lease: Option<Lease>,
}

/// Who has a shared state, and for how long yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub holder: Holder,
    /// For so long, if it is not renewed; 0: it is over.
    pub for_ms: u64,
}

/// A shared state that this process has, until it is dropped.
#[derive(Debug)]
pub(super) struct Shared {
    address: String,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
    fence: Fence,
}

impl Shared {
    /// Takes the lock, and gives what is there; `fresh` makes what is written where there is nothing.
    pub(super) fn take(
        place: &SharedPlace,
        holder: &Holder,
        fresh: impl FnOnce() -> StateFile + Send + 'static,
    ) -> Result<(StateFile, bool, Self), StateError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (taken, was_taken) = std::sync::mpsc::channel();
        let (place, holder, address) = (place.clone(), holder.clone(), place.address.clone());
        let thread = in_thread(async move {
            match Keeper::take(place, holder, fresh).await {
                Ok((file, is_new, keeper)) => {
                    // Nobody waits any more: the lock is given back at once, as the channel is closed.
                    let _ = taken.send(Ok((file, is_new, keeper.fence())));
                    keeper.serve(receiver).await;
                }
                Err(error) => {
                    let _ = taken.send(Err(error));
                }
            }
        })?;
        let ended = || StateError::shared(&address, SharedFault::Unusable("its thread ended".into()));
        let (file, is_new, fence) = was_taken.recv().map_err(|_| ended())??;
        Ok((file, is_new, Self { address, orders: Some(sender), thread: Some(thread), fence }))
    }

    /// What requests pass: a process that was frozen does not know for how long.
    pub(super) fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// Has the state written; the end of it comes over the channel.
    pub(super) fn write(&self, state: String) -> oneshot::Receiver<Result<(), SharedFault>> {
        let (told, end) = oneshot::channel();
        let order = Order {
            state,
            told: Box::new(move |result| {
                // Who does not wait any more was dropped under way.
                let _ = told.send(result);
            }),
        };
        self.order(order);
        end
    }

    /// The same, and waits for it.
    pub(super) fn write_now(&self, state: String) -> Result<(), StateError> {
        let (told, end) = std::sync::mpsc::channel();
        let order = Order {
            state,
            told: Box::new(move |result| {
                let _ = told.send(result);
            }),
        };
        self.order(order);
        let result = end.recv().unwrap_or_else(|_| Err(SharedFault::Unusable("its thread ended".into())));
        self.as_error(result)
    }

    /// As the state's error.
    pub(super) fn as_error(&self, result: Result<(), SharedFault>) -> Result<(), StateError> {
        result.map_err(|fault| StateError::shared(&self.address, fault))
    }

    fn order(&self, order: Order) {
        let orders = self.orders.as_ref().expect("it is there until dropped");
        if let Err(mpsc::error::SendError(order)) = orders.send(order) {
            (order.told)(Err(SharedFault::Unusable("its thread ended".into())));
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The lock is given back once the channel is closed.
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is there, without the lock.
pub(super) fn look(place: &SharedPlace) -> Result<Looked, StateError> {
    let place = place.clone();
    now(async move { keeper::look(&place).await })
}

/// Takes the lock away from whoever has it; who had it. While the lease lasts, only if `is_forced`.
pub(super) fn unlock(place: &SharedPlace, is_forced: bool) -> Result<Option<Holder>, StateError> {
    let place = place.clone();
    now(async move { keeper::unlock(&place, is_forced).await })
}

/// Runs it to its end in a thread of its own: the caller may be in another runtime.
fn now<T: Send + 'static>(
    future: impl Future<Output = Result<T, StateError>> + Send + 'static,
) -> Result<T, StateError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    in_thread(async move {
        let _ = sender.send(future.await);
    })?;
    let ended = |_| StateError::shared("", SharedFault::Unusable("its thread ended".into()));
    receiver.recv().map_err(ended)?
}

fn in_thread(future: impl Future<Output = ()> + Send + 'static) -> Result<JoinHandle<()>, StateError> {
    let run = move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("the operating system gives an event queue");
        runtime.block_on(future);
    };
    let thread = std::thread::Builder::new().name("shared state".into()).spawn(run);
    thread.map_err(|error| StateError::shared("", SharedFault::Unusable(error.to_string())))
}

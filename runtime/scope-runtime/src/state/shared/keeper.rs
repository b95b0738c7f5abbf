//! The one who has a shared state: takes the lock, writes when told, renews the lease, gives the lock back.
//!
//! A write whose answer is lost is looked for before it is repeated: with our token and number it has arrived; with the
//! version it had before it has not; anything else is somebody else's, and nothing is written any more.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::access::Access;
use super::assurance::{Assurance, Fence};
use super::document::{self, Lock, with_lock};
use super::exchange::Client;
use super::location::{Condition, Fault, Found, Location, Tag};
use super::{Lease, Looked, SharedFault, SharedPlace};
use crate::state::lock::Holder;
use crate::state::store::{StateError, StateFile};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a place that does not answer is tried, where nothing is at stake yet.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long giving the lock back may take; it ends by itself otherwise.
const FAREWELL: Duration = Duration::from_secs(5);

/// The wall clock, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A state to be written.
pub(super) struct Order {
    /// Its text, a JSON object.
    pub(super) state: String,
    /// Told how it ended.
    pub(super) told: Box<dyn FnOnce(Result<(), SharedFault>) + Send>,
}

/// Who has the state.
pub(super) struct Keeper {
    desk: Desk,
    lock: Lock,
    tag: Tag,
    /// As written last.
    state: String,
    /// When a write arrived last.
    renewed: Instant,
    assurance: Assurance,
    lease: Duration,
    /// Nothing is written any more.
    failed: Option<SharedFault>,
}

/// A place and what opens it.
struct Desk {
    address: String,
    location: Location,
    access: Access,
    client: Client,
}

impl Keeper {
    /// Takes the lock; also what is there, and whether that is new.
    pub(super) async fn take(
        place: SharedPlace,
        holder: Holder,
        fresh: impl FnOnce() -> StateFile,
    ) -> Result<(StateFile, bool, Self), StateError> {
        let desk = Desk::new(&place)?;
        let found = desk.patiently_read().await?;
        let is_new = found.is_none();
        let (file, tag) = match found {
            Some(Found { bytes, tag }) => {
                let (lock, file) = document::read(&desk.address, &bytes)?;
                if let Some(lease) = lock.and_then(in_force) {
                    return Err(StateError::Leased { place: desk.address, lease });
                }
                (file, Some(tag))
            }
            None => (fresh(), None),
        };
        let lease = desk.access.lease();
        let lock = Lock {
            token: random_token(),
            n: 0,
            renewed_ms: now_ms(),
            lease_ms: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            holder,
        };
        let state = file.to_text();
        let mut keeper = Self {
            desk,
            lock,
            tag: tag.clone().unwrap_or(Tag(String::new())),
            state,
            renewed: Instant::now(),
            assurance: Assurance::new(),
            lease,
            failed: None,
        };
        let (began, began_ms) = (Instant::now(), keeper.lock.renewed_ms);
        keeper.first_write(tag.is_none()).await?;
        keeper.arrived(began, began_ms);
        Ok((file, is_new, keeper))
    }

    /// Writes what it is told, and renews the lease, until nobody can tell it anything any more.
    pub(super) async fn serve(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            let renewal = self.renewed + self.lease / 3;
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { break };
                    let mut waiting = vec![order.told];
                    self.state = order.state;
                    // What was asked for meanwhile is in the newest one.
                    while let Ok(next) = orders.try_recv() {
                        self.state = next.state;
                        waiting.push(next.told);
                    }
                    let result = self.put().await;
                    waiting.into_iter().for_each(|told| told(result.clone()));
                }
                () = tokio::time::sleep_until(renewal), if self.failed.is_none() => {
                    // The next write of the run meets the failure, and stops it.
                    let is_renewed = self.put().await.is_ok();
                    tracing::debug!(is_renewed, "lease of the shared state");
                }
            }
        }
        self.give_back().await;
    }

    /// Takes the lock on the condition that nobody else did, and makes sure that the place heeds conditions.
    async fn first_write(&mut self, is_new: bool) -> Result<(), StateError> {
        let unusable = |address: &str, fault: SharedFault| StateError::shared(address, fault);
        let bytes = with_lock(Some(&self.lock), &self.state);
        let condition = if is_new { Condition::Absent } else { Condition::Is(&self.tag) };
        match self.desk.write(&bytes, condition).await {
            Ok(tag) => self.tag = tag,
            Err(Fault::Changed | Fault::Passing(_)) => {
                // Somebody was quicker, or the answer was lost.
                let found = self.desk.patiently_read().await?;
                let lock = found.as_ref().and_then(|found| document::lock_of(&found.bytes));
                match (found, lock) {
                    (Some(found), Some(lock)) if lock.token == self.lock.token => self.tag = found.tag,
                    (_, Some(lock)) => {
                        let lease = Lease { for_ms: lock.for_ms(now_ms()), holder: lock.holder };
                        return Err(StateError::Leased { place: self.desk.address.clone(), lease });
                    }
                    _ => {
                        let words = "somebody else writes there: run again".to_owned();
                        return Err(unusable(&self.desk.address, SharedFault::Unusable(words)));
                    }
                }
            }
            Err(fault) => return Err(unusable(&self.desk.address, as_shared(fault))),
        }
        // The same once more, on a condition that does not hold: a place that takes it cannot keep two writers apart.
        match self.desk.write(&bytes, Condition::Absent).await {
            Err(Fault::Changed) => Ok(()),
            Ok(_) => {
                let words = "it takes writes whose condition does not hold".to_owned();
                Err(unusable(&self.desk.address, SharedFault::Unfit(words)))
            }
            Err(fault) => Err(unusable(&self.desk.address, as_shared(fault))),
        }
    }

    /// For the one who sends requests.
    pub(super) fn fence(&self) -> Fence {
        self.assurance.fence()
    }

    /// A write that was begun then is there.
    fn arrived(&mut self, began: Instant, began_ms: u64) {
        self.renewed = began;
        self.assurance.renew(began, began_ms, self.lease);
    }

    /// Writes the state as it is, and with it renews the lease. Tried again as long as the lease surely lasts.
    async fn put(&mut self) -> Result<(), SharedFault> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        self.lock.n += 1;
        self.lock.renewed_ms = now_ms();
        let bytes = with_lock(Some(&self.lock), &self.state);
        let began = Instant::now();
        let end = (self.renewed + self.lease * 3 / 4).max(began + FIRST_PAUSE);
        let mut pause = FIRST_PAUSE;
        let fault = loop {
            let words = match self.desk.write(&bytes, Condition::Is(&self.tag)).await {
                Ok(tag) => {
                    self.tag = tag;
                    self.arrived(began, self.lock.renewed_ms);
                    return Ok(());
                }
                Err(fault @ (Fault::Changed | Fault::Passing(_))) => match self.seen().await {
                    Seen::Arrived(tag) => {
                        self.tag = tag;
                        self.arrived(began, self.lock.renewed_ms);
                        return Ok(());
                    }
                    Seen::Ours(tag) => {
                        self.tag = tag;
                        words_of(&fault)
                    }
                    Seen::Others(holder) => break SharedFault::TakenOver(holder),
                    Seen::Nothing(words) => words,
                },
                Err(fault) => break as_shared(fault),
            };
            if Instant::now() + pause >= end {
                break SharedFault::Unusable(words);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        self.failed = Some(fault.clone());
        self.assurance.end();
        Err(fault)
    }

    /// What became of a write that was not answered, or met another version.
    async fn seen(&self) -> Seen {
        match self.desk.read().await {
            Ok(Some(Found { bytes, tag })) => match document::lock_of(&bytes) {
                Some(lock) if lock.token == self.lock.token && lock.n == self.lock.n => Seen::Arrived(tag),
                // The one before had arrived, and its answer had not.
                Some(lock) if lock.token == self.lock.token => Seen::Ours(tag),
                _ if tag == self.tag => Seen::Ours(tag),
                lock => Seen::Others(lock.map(|lock| lock.holder)),
            },
            Ok(None) => Seen::Others(None),
            Err(fault) => Seen::Nothing(words_of(&fault)),
        }
    }

    /// Without a lock any more. Whatever fails here: the lease ends by itself.
    async fn give_back(self) {
        if self.failed.is_some() {
            return;
        }
        let bytes = with_lock(None, &self.state);
        let write = self.desk.write(&bytes, Condition::Is(&self.tag));
        let is_free = tokio::time::timeout(FAREWELL, write).await.is_ok_and(|result| result.is_ok());
        tracing::debug!(is_free, "lock of the shared state");
    }
}

/// What is at the place after a write of ours.
enum Seen {
    /// It.
    Arrived(Tag),
    /// Not it, and nothing of anybody else.
    Ours(Tag),
    /// Somebody else's.
    Others(Option<Holder>),
    /// It cannot be read.
    Nothing(String),
}

impl Desk {
    fn new(place: &SharedPlace) -> Result<Self, StateError> {
        let failed = |fault| StateError::shared(&place.address, as_shared(fault));
        let access = Access::from_environment().map_err(failed)?;
        let (url, own_ca) = match &place.location {
            Location::Http(address) => (Ok(address.url().clone()), None),
            Location::S3(address) => (address.url(&access), None),
            Location::Secret(address) => (address.server(), address.own_ca()),
        };
        let client = url.and_then(|url| Client::new(&access, own_ca, &url)).map_err(failed)?;
        Ok(Self { address: place.address.clone(), location: place.location.clone(), access, client })
    }

    async fn read(&self) -> Result<Option<Found>, Fault> {
        self.location.read(&self.client, &self.access).await
    }

    async fn write(&self, bytes: &[u8], condition: Condition<'_>) -> Result<Tag, Fault> {
        self.location.write(&self.client, &self.access, bytes, condition).await
    }

    /// Tries again for a while.
    async fn patiently_read(&self) -> Result<Option<Found>, StateError> {
        let end = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.read().await {
                Ok(found) => return Ok(found),
                Err(Fault::Passing(_)) if Instant::now() + pause < end => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(fault) => return Err(StateError::shared(&self.address, as_shared(fault))),
            }
        }
    }
}

/// What is there, and who has it.
pub(super) async fn look(place: &SharedPlace) -> Result<Looked, StateError> {
    let desk = Desk::new(place)?;
    let Some(found) = desk.patiently_read().await? else { return Ok(Looked { file: None, lease: None }) };
    let (lock, file) = document::read(&desk.address, &found.bytes)?;
    let lease = lock.map(|lock| Lease { for_ms: lock.for_ms(now_ms()), holder: lock.holder });
    Ok(Looked { file: Some(file), lease })
}

/// Takes the lock away; who had it. A process of this machine that is gone has it no more, however long its lease lasts.
pub(super) async fn unlock(place: &SharedPlace, is_forced: bool) -> Result<Option<Holder>, StateError> {
    let desk = Desk::new(place)?;
    let Some(found) = desk.patiently_read().await? else { return Ok(None) };
    let (lock, file) = document::read(&desk.address, &found.bytes)?;
    let Some(lock) = lock else { return Ok(None) };
    let holder = lock.holder.clone();
    let is_free = is_forced || holder.is_gone();
    if let (false, Some(lease)) = (is_free, in_force(lock)) {
        return Err(StateError::Alive { place: desk.address, lease });
    }
    let bytes = with_lock(None, &file.to_text());
    let failed = |fault| StateError::shared(&desk.address, as_shared(fault));
    desk.write(&bytes, Condition::Is(&found.tag)).await.map_err(failed)?;
    Ok(Some(holder))
}

/// The lease, if it lasts yet.
fn in_force(lock: Lock) -> Option<Lease> {
    let for_ms = lock.for_ms(now_ms());
    (for_ms > 0).then_some(Lease { holder: lock.holder, for_ms })
}

fn as_shared(fault: Fault) -> SharedFault {
    match fault {
        Fault::Unfit(words) => SharedFault::Unfit(words),
        Fault::Refused(words) => SharedFault::Refused(words),
        other => SharedFault::Unusable(words_of(&other)),
    }
}

fn words_of(fault: &Fault) -> String {
    match fault {
        Fault::Changed => "somebody else writes there".to_owned(),
        Fault::Passing(words) | Fault::Refused(words) | Fault::Unfit(words) => words.clone(),
    }
}

/// 128 random bits; the standard library seeds its hashers from the operating system.
fn random_token() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

//! One run at a time on one state, and a name for who has it.
//!
//! The lock is the operating system's lock on the file `lock`, so it ends with the process, however that ends; the file's
//! text says who holds it. `{"pid":4711,"host":"edge-07","user":"ana",…}` → `locked by ana (process 4711, since 14:02)`

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::private_file;
use super::store::StateError;

const NAME: &str = "lock";
/// Of a run that left the state to others until its sites answer.
const WAITING: &str = "waiting";

/// Who holds a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine's name.
    pub host: String,
    /// The user.
    pub user: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// What for: `scope run web.scope`.
    pub command: String,
}

impl Holder {
    /// This process.
    pub fn current(command: &str, now_ms: u64) -> Self {
        let variable =
            |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok()).filter(|v| !v.is_empty());
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .or_else(|| variable(&["HOSTNAME", "COMPUTERNAME", "HOST"]));
        Self {
            pid: std::process::id(),
            host: host.unwrap_or_else(|| "localhost".to_owned()),
            user: variable(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "someone".to_owned()),
            since_ms: now_ms,
            command: command.to_owned(),
        }
    }

    /// Whether it is of this machine.
    pub fn is_here(&self) -> bool {
        self.host == Self::current("", 0).host
    }

    /// Whether it is known not to live any more: a process of this machine that is not there. Of another machine, and where
    /// the system does not tell, nothing is known.
    pub fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        let is_told = processes.join("self").exists();
        is_told && self.is_here() && !processes.join(self.pid.to_string()).exists()
    }
}

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the state in `folder`. What a crashed process left is taken over.
    pub(super) fn take(folder: &Path, holder: &Holder) -> Result<Self, StateError> {
        Self::take_named(folder, NAME, holder)
    }

    /// Says that this process waits, and has the lock of the state no more.
    pub(super) fn wait(folder: &Path, holder: &Holder) -> Result<Self, StateError> {
        Self::take_named(folder, WAITING, holder)
    }

    fn take_named(folder: &Path, name: &str, holder: &Holder) -> Result<Self, StateError> {
        let path = folder.join(name);
        let io = |error| StateError::Unwritten { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let mut file =
            private_file(options.read(true).write(true).create(true).truncate(false), &path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::Locked { holder: holder_in(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // A lock of the operating system does not always reach over the network: on a shared folder, a name from another
        // machine that was not removed may well be alive there.
        if let Some(other) = holder_in(&mut file)
            && other.host != holder.host
        {
            return Err(StateError::Locked { holder: Some(other) });
        }
        let text = serde_json::to_vec(holder).expect("plain data");
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(io)?;
        Ok(Self { file })
    }
}

impl Lock {
    /// Who has it now, and lives.
    pub(super) fn holder(folder: &Path) -> Option<Holder> {
        living(&folder.join(NAME))
    }

    /// Who waits now, and lives.
    pub(super) fn waiter(folder: &Path) -> Option<Holder> {
        living(&folder.join(WAITING))
    }

    /// Takes its file away; it is held on until it is dropped.
    pub(super) fn remove(&self, folder: &Path) {
        // A file that stays names nobody when this is dropped.
        let _ = std::fs::remove_file(folder.join(NAME));
    }

    /// Removes the name of a holder that has no lock of the operating system any more: one of another machine, mostly.
    pub(super) fn clear(folder: &Path) -> Result<Option<Holder>, StateError> {
        let path = folder.join(NAME);
        let io = |error| StateError::Io { path: path.clone(), error };
        let mut file = match private_file(OpenOptions::new().read(true).write(true), &path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::Locked { holder: holder_in(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let holder = holder_in(&mut file);
        file.set_len(0).and_then(|()| file.sync_all()).map_err(io)?;
        Ok(holder)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name goes before the lock does. If that fails, the next run sees a name of this host and takes over.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Who is named in a lock's file and has its lock; of another machine, who is named.
fn living(path: &Path) -> Option<Holder> {
    let mut file = File::open(path).ok()?;
    let holder = holder_in(&mut file)?;
    let is_locked = || matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    (!holder.is_here() || is_locked()).then_some(holder)
}

fn holder_in(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let holder = Holder::current("scope run a.scope", 7);
        let lock = Lock::take(folder.path(), &holder).expect("free");
        let refused = Lock::take(folder.path(), &Holder::current("scope run b.scope", 8));
        assert!(matches!(refused, Err(StateError::Locked { holder: Some(named) }) if named == holder));
        drop(lock);
        Lock::take(folder.path(), &holder).expect("free again");
    }

    #[test]
    fn who_has_it_is_told_for_as_long_as_the_process_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let holder = Holder::current("scope run a.scope", 7);
        assert_eq!(Lock::holder(folder.path()), None);
        let lock = Lock::take(folder.path(), &holder).expect("free");
        assert_eq!(Lock::holder(folder.path()), Some(holder.clone()));
        assert_eq!(Lock::waiter(folder.path()), None);
        drop(lock);
        assert_eq!(Lock::holder(folder.path()), None);
        let waiting = Lock::wait(folder.path(), &holder).expect("free");
        Lock::take(folder.path(), &holder).expect("who waits does not have it");
        assert_eq!(Lock::waiter(folder.path()), Some(holder.clone()));
        drop(waiting);
        // A name that a crash left is nobody's.
        std::fs::write(folder.path().join(NAME), serde_json::to_vec(&holder).expect("plain data"))
            .expect("written");
        assert_eq!(Lock::holder(folder.path()), None);
    }

    #[test]
    fn what_a_crash_left_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let holder = Holder::current("scope run a.scope", 7);
        let left = Holder { pid: 1, ..holder.clone() };
        std::fs::write(folder.path().join(NAME), serde_json::to_vec(&left).expect("plain data"))
            .expect("written");
        Lock::take(folder.path(), &holder).expect("its process has no lock any more");
    }

    #[test]
    fn another_machines_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let holder = Holder::current("scope run a.scope", 7);
        let other = Holder { host: "elsewhere".into(), ..holder.clone() };
        std::fs::write(folder.path().join(NAME), serde_json::to_vec(&other).expect("plain data"))
            .expect("written");
        assert!(matches!(Lock::take(folder.path(), &holder), Err(StateError::Locked { .. })));
    }
}

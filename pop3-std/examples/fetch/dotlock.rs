//! The lock that programs which share an mbox agree on: whoever could create `FILE.lock` has it.
//!
//! A program that is killed leaves its lock behind. Ours can tell: while its owner lives, the lock file is also locked by
//! the operating system. So a lock file that says it is ours and is not locked is taken over, together with the note of
//! what its owner was about to do. Other programs' locks are only waited for.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};

use crate::durable::{directory_of, is_still_at};

/// In the second line of a lock file of ours. The first line is the process id, as others expect it.
const SIGNATURE: &str = "pop3-std fetch";
/// How often a lock of somebody else is looked at again. It cannot be waited on.
const POLL: Duration = Duration::from_millis(50);

/// A held lock. Dropped, it is released.
#[derive(Debug)]
pub struct DotLock {
    path: PathBuf,
    file: File,
}

/// Where an append began that may not have ended.
pub type UnfinishedAppend = u64;

impl DotLock {
    /// Takes the lock for `target`, waiting no longer than `patience`. If its last owner was one of us and was killed while
    /// it appended, also says where to.
    pub fn acquire(
        target: &Path,
        patience: Duration,
    ) -> io::Result<(Self, Option<UnfinishedAppend>)> {
        let mut path = OsString::from(target);
        path.push(".lock");
        let path = PathBuf::from(path);
        let deadline = Instant::now() + patience;
        loop {
            if let Some(lock) = Self::create(&path)? {
                return Ok((lock, None));
            }
            if let Some(taken_over) = Self::take_over(&path)? {
                return Ok(taken_over);
            }
            if Instant::now() >= deadline {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    format!(
                        "{} has been there for {} seconds: another program uses the mbox; if none does, remove that file",
                        path.display(),
                        patience.as_secs()
                    ),
                ));
            }
            thread::sleep(POLL);
        }
    }

    /// Creates the lock file whole, with its content and locked, so that nobody ever sees it otherwise.
    fn create(path: &Path) -> io::Result<Option<Self>> {
        let mut file = tempfile::Builder::new()
            .prefix(".fetch-lock-")
            .tempfile_in(directory_of(path))?;
        file.write_all(content(None).as_bytes())?;
        FileExt::lock(file.as_file())?;
        match file.persist_noclobber(path) {
            Ok(file) => Ok(Some(Self {
                path: path.to_owned(),
                file,
            })),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error.error),
        }
    }

    /// Takes a lock file over if it is ours and its owner is dead.
    fn take_over(path: &Path) -> io::Result<Option<(Self, Option<UnfinishedAppend>)>> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            // Somebody else's, or gone by now.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Its owner may have released it between the opening and the locking.
        if !is_still_at(&file, path)? {
            return Ok(None);
        }
        let mut found = String::new();
        if (&mut file).take(256).read_to_string(&mut found).is_err() {
            return Ok(None);
        }
        let mut lines = found.lines().skip(1);
        if lines.next() != Some(SIGNATURE) {
            return Ok(None);
        }
        let unfinished = lines.next().and_then(|line| line.trim().parse().ok());
        let mut lock = Self {
            path: path.to_owned(),
            file,
        };
        // The note stays until the new owner has undone the append.
        lock.write(unfinished)?;
        Ok(Some((lock, unfinished)))
    }

    /// Leaves a note for whoever has to clear up if this process is killed: an append begins here, or none is under way.
    pub fn note(&mut self, append: Option<UnfinishedAppend>) -> io::Result<()> {
        self.write(append)
    }

    /// Writes over the old content, which is as long, so that no state in between is shorter.
    fn write(&mut self, append: Option<UnfinishedAppend>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(content(append).as_bytes())
    }
}

impl Drop for DotLock {
    fn drop(&mut self) {
        // Somebody may have judged this lock to be stale, and put up an own one.
        if is_still_at(&self.file, &self.path).unwrap_or(false) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn content(append: Option<UnfinishedAppend>) -> String {
    let append = append.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
    format!("{:>10}\n{SIGNATURE}\n{append:>20}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const NO_PATIENCE: Duration = Duration::ZERO;

    fn lock_file(target: &Path) -> PathBuf {
        target.with_file_name("mbox.lock")
    }

    #[test]
    fn excludes_others_until_dropped() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let (lock, unfinished) = DotLock::acquire(&target, NO_PATIENCE).unwrap();
        assert_eq!(unfinished, None);
        assert!(lock_file(&target).exists());
        let error = DotLock::acquire(&target, NO_PATIENCE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(error.to_string().contains("mbox.lock"));
        drop(lock);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        DotLock::acquire(&target, NO_PATIENCE).unwrap();
    }

    #[test]
    fn a_foreign_lock_is_respected() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        for foreign in [&b""[..], b"0", b"1234\n", b"\xff\xfe\n\xff"] {
            fs::write(lock_file(&target), foreign).unwrap();
            DotLock::acquire(&target, NO_PATIENCE).unwrap_err();
            assert_eq!(fs::read(lock_file(&target)).unwrap(), foreign);
        }
    }

    #[test]
    fn waits_for_a_lock_that_goes_away() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        fs::write(lock_file(&target), "").unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| DotLock::acquire(&target, Duration::from_secs(30)));
            fs::remove_file(lock_file(&target)).unwrap();
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_dead_owners_lock_and_note_are_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        for note in [None, Some(0), Some(u64::MAX)] {
            fs::write(lock_file(&target), content(note)).unwrap();
            let (lock, unfinished) = DotLock::acquire(&target, NO_PATIENCE).unwrap();
            assert_eq!(unfinished, note);
            // Until it is cleared, the note would survive the new owner too.
            assert_eq!(
                fs::read_to_string(lock_file(&target)).unwrap(),
                content(note)
            );
            drop(lock);
            assert!(!lock_file(&target).exists());
        }
    }

    #[test]
    fn does_not_remove_what_has_replaced_it() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let (lock, _) = DotLock::acquire(&target, NO_PATIENCE).unwrap();
        fs::remove_file(lock_file(&target)).unwrap();
        fs::write(lock_file(&target), "another's").unwrap();
        drop(lock);
        assert_eq!(fs::read(lock_file(&target)).unwrap(), b"another's");
    }
}

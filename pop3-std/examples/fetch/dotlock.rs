//! The lock that programs which share an mbox agree on: whoever could create `FILE.lock` has it.
//!
//! A program that is killed leaves its lock behind. Ours can tell: while its owner lives, the lock file is also locked by
//! the operating system. So a lock file that says it is ours and is not locked is taken over, together with the note of
//! what its owner was about to do. That note can make us cut mail off, so it is believed only if nobody else can have
//! written it: it has to be a plain file of our own user. All other locks are only waited for, and outside Unix all locks.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use crate::durable::{directory_of, is_still_at};

/// In the second line of a lock file of ours. The first line is the process id, as others expect it.
const SIGNATURE: &str = "pop3-std fetch";

/// A held lock. Dropped, it is released, unless an append is unfinished: then it stays for the next owner to find.
#[derive(Debug)]
pub struct DotLock {
    path: PathBuf,
    file: File,
    unfinished: Option<u64>,
}

impl DotLock {
    /// Takes the lock for `target`, or fails with `WouldBlock` if somebody else has it.
    pub fn try_acquire(target: &Path) -> io::Result<Self> {
        let mut path = OsString::from(target);
        path.push(".lock");
        let path = PathBuf::from(path);
        let lock = match fs::symlink_metadata(&path) {
            Ok(found) if is_safe(&found) => Self::take_over(&path),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(&path),
            Err(error) => Err(error),
        };
        let (kind, problem) = match lock {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) => (
                io::ErrorKind::WouldBlock,
                "another program uses the mbox; if none does, remove this file".to_owned(),
            ),
            Err(error) => (error.kind(), error.to_string()),
        };
        Err(io::Error::new(
            kind,
            format!("{}: {problem}", path.display()),
        ))
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
                unfinished: None,
            })),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error.error),
        }
    }

    /// Takes a lock file over if it is ours and its owner is dead.
    fn take_over(path: &Path) -> io::Result<Option<Self>> {
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
        // What was looked at may have been swapped before it was opened, or released before it was locked.
        if !is_safe(&file.metadata()?) || !is_still_at(&file, path)? {
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
            unfinished,
        };
        // The note stays until the new owner has undone the append.
        lock.write(unfinished)?;
        Ok(Some(lock))
    }

    /// Where the append began that the last owner was killed in.
    pub const fn unfinished_append(&self) -> Option<u64> {
        self.unfinished
    }

    /// An append is going to begin at `end`: leaves a note for whoever has to clear up if this process is killed.
    pub fn append_begins(&mut self, end: u64) -> io::Result<()> {
        self.write(Some(end))?;
        self.unfinished = Some(end);
        Ok(())
    }

    /// The append is on the disk. The note goes before the lock file does: were that to stay, or to be back after a power
    /// failure, the next owner would cut a whole message off.
    pub fn append_is_done(&mut self) -> io::Result<()> {
        self.write(None)?;
        self.unfinished = None;
        Ok(())
    }

    /// The append is cut off again: there is nothing left that the note could do.
    pub const fn append_is_undone(&mut self) {
        self.unfinished = None;
    }

    /// Writes over the old content, which is as long, so that no state in between is shorter.
    fn write(&mut self, append: Option<u64>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(content(append).as_bytes())?;
        self.file.sync_all()
    }
}

impl Drop for DotLock {
    fn drop(&mut self) {
        // Somebody may have judged this lock to be stale, and put up an own one. If it cannot be removed, the next run can
        // take it over.
        if self.unfinished.is_none() && is_still_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn content(append: Option<u64>) -> String {
    let append = append.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
    format!("{:>10}\n{SIGNATURE}\n{append:>20}\n", std::process::id())
}

/// Whether nobody but our own user can have made this file, put it here, or written to it.
#[cfg(unix)]
fn is_safe(found: &Metadata) -> bool {
    is_private_to(found, rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn is_private_to(found: &Metadata, user: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.is_file() && found.uid() == user && found.nlink() == 1 && found.mode() & 0o022 == 0
}

/// The standard library cannot tell who owns a file here.
#[cfg(not(unix))]
const fn is_safe(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    #[cfg(unix)]
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn lock_file(target: &Path) -> PathBuf {
        target.with_file_name("mbox.lock")
    }

    /// Makes a lock file as a killed run leaves it.
    #[cfg(unix)]
    pub(crate) fn leave_behind(target: &Path, note: Option<u64>) {
        let path = lock_file(target);
        fs::write(&path, content(note)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Lets no note be written any more.
    pub(crate) fn make_unwritable(lock: &mut DotLock) {
        lock.file = File::open(&lock.path).unwrap();
    }

    fn assert_blocked(target: &Path) {
        let error = DotLock::try_acquire(target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(error.to_string().contains("mbox.lock"), "{error}");
    }

    #[test]
    fn excludes_others_until_dropped() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let lock = DotLock::try_acquire(&target).unwrap();
        assert_eq!(lock.unfinished_append(), None);
        assert!(lock_file(&target).exists());
        assert_blocked(&target);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        drop(lock);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        DotLock::try_acquire(&target).unwrap();
    }

    #[test]
    fn a_foreign_lock_is_respected() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        for foreign in [&b""[..], b"0", b"1234\n", b"\xff\xfe\n\xff"] {
            fs::write(lock_file(&target), foreign).unwrap();
            assert_blocked(&target);
            assert_eq!(fs::read(lock_file(&target)).unwrap(), foreign);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_dead_owners_lock_and_note_are_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        for note in [None, Some(0), Some(u64::MAX)] {
            leave_behind(&target, note);
            let mut lock = DotLock::try_acquire(&target).unwrap();
            assert_eq!(lock.unfinished_append(), note);
            // Until the append is undone, the lock and the note survive the new owner too.
            let kept = fs::read_to_string(lock_file(&target)).unwrap();
            assert_eq!(kept, content(note));
            if note.is_some() {
                drop(lock);
                lock = DotLock::try_acquire(&target).unwrap();
                assert_eq!(lock.unfinished_append(), note);
            }
            lock.append_is_undone();
            drop(lock);
            assert!(!lock_file(&target).exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_others_can_have_made_is_not_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let path = lock_file(&target);
        let aside = root.path().join("aside");
        for mode in [0o620, 0o602] {
            leave_behind(&target, Some(0));
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_blocked(&target);
        }
        leave_behind(&target, Some(0));
        fs::hard_link(&path, &aside).unwrap();
        assert_blocked(&target);
        fs::remove_file(&path).unwrap();
        symlink(&aside, &path).unwrap();
        assert_blocked(&target);
        assert_eq!(fs::read_to_string(&aside).unwrap(), content(Some(0)));

        let found = fs::symlink_metadata(&aside).unwrap();
        let user = rustix::process::geteuid().as_raw();
        assert!(is_private_to(&found, user));
        assert!(!is_private_to(&found, user + 1));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let path = lock_file(&target);
        fs::create_dir(&path).unwrap();
        assert_blocked(&target);
        fs::remove_dir(&path).unwrap();
        symlink("nowhere", &path).unwrap();
        assert_blocked(&target);
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        assert_blocked(&target);
    }

    #[test]
    fn an_error_names_the_lock_file() {
        let root = tempfile::tempdir().unwrap();
        let error = DotLock::try_acquire(&root.path().join("missing/mbox")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("mbox.lock"), "{error}");
    }

    #[test]
    fn does_not_remove_what_has_replaced_it() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("mbox");
        let lock = DotLock::try_acquire(&target).unwrap();
        fs::remove_file(lock_file(&target)).unwrap();
        fs::write(lock_file(&target), "another's").unwrap();
        drop(lock);
        assert_eq!(fs::read(lock_file(&target)).unwrap(), b"another's");
    }
}

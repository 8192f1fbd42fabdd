//! Delivery into an mbox file, quoted as mboxrd. The file grows by whole messages: what is written of one that fails is cut
//! off again, by the next run if this one is killed.
//!
//! Two locks keep others away, as Debian's policy has it and in its order: that of `system_lock.rs`, which mutt, Postfix and
//! Dovecot take, and the lock file of `dotlock.rs`, for those who look for that only. While one of them cannot be had the
//! other is not held, so that it does no harm if somebody takes them the other way round.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::SpooledTempFile;

use crate::dotlock::DotLock;
use crate::durable::{directory_of, is_still_at, sync_directory};
use crate::mboxrd::{MboxRd, is_one_message_of_ours, write_gap, write_separator};
use crate::unix_lines::UnixLines;

#[path = "system_lock.rs"]
mod system_lock;

/// How much of a message is kept in memory before it goes to a temporary file.
const IN_MEMORY: usize = 1 << 20;
/// How long to wait for others who use the mbox.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// An mbox file, which need not exist yet.
#[derive(Clone, Debug)]
pub struct Mbox {
    path: PathBuf,
}

impl Mbox {
    /// Looks whether the file can be written, and undoes what a killed run has left half-done.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mbox = Self {
            path: path.to_owned(),
        };
        let (_lock, mut file) = mbox.lock(PATIENCE)?;
        require_mbox(&mut file)?;
        Ok(mbox)
    }

    /// Begins a message. It is kept apart until it is whole: nobody should wait for the network to get at the mbox.
    pub fn begin(&self) -> MboxDelivery {
        MboxDelivery {
            mbox: self.clone(),
            out: UnixLines::new(MboxRd::new(SpooledTempFile::new(IN_MEMORY))),
        }
    }

    /// Takes the locks, and undoes what a killed run has left half-done.
    fn lock(&self, patience: Duration) -> io::Result<(DotLock, File)> {
        let deadline = Instant::now() + patience;
        let (mut lock, mut file) = loop {
            match self.try_lock() {
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline =>
                {
                    thread::sleep(POLL);
                }
                result => break result?,
            }
        };
        if let Some(offset) = lock.unfinished_append() {
            roll_back(&mut file, offset)?;
            lock.append_is_undone();
        }
        Ok((lock, file))
    }

    fn try_lock(&self) -> io::Result<(DotLock, File)> {
        let file = open_private(&self.path)?;
        system_lock::try_lock(&file)?;
        let lock = DotLock::try_acquire(&self.path)?;
        if is_still_at(&file, &self.path)? {
            Ok((lock, file))
        } else {
            Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                "another program has just replaced it",
            ))
        }
    }
}

/// A message on its way into an mbox.
#[derive(Debug)]
pub struct MboxDelivery {
    mbox: Mbox,
    out: UnixLines<MboxRd<SpooledTempFile>>,
}

impl MboxDelivery {
    /// Appends the message. Once this is `Ok`, a crash does not undo it.
    pub fn commit(self) -> io::Result<()> {
        let mut message = self.out.finish()?.finish()?;
        message.rewind()?;
        let (mut lock, mut file) = self.mbox.lock(PATIENCE)?;
        let end = file.metadata()?.len();
        lock.append_begins(end)?;
        append_or_undo(&mut lock, &mut file, end, |file| {
            write_gap(file, end)?;
            write_separator(file, SystemTime::now())?;
            io::copy(&mut message, file)?;
            Ok(())
        })
    }
}

impl Write for MboxDelivery {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens for reading and appending; a new file is for its owner alone.
fn open_private(path: &Path) -> io::Result<File> {
    // Looked at first, because opening is enough to make some devices do something.
    let existed = match path.metadata() {
        Ok(found) => require_file(&found).map(|()| true)?,
        Err(_) => false,
    };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    require_file(&file.metadata()?)?;
    if !existed {
        sync_directory(directory_of(path))?;
    }
    Ok(file)
}

fn require_file(found: &Metadata) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "this is no regular file, so it can be no mbox",
    ))
}

/// A file that is something else must not be written to because of a slip of the hand.
fn require_mbox(file: &mut File) -> io::Result<()> {
    let mut beginning = Vec::new();
    file.rewind()?;
    file.take(5).read_to_end(&mut beginning)?;
    match beginning.as_slice() {
        b"" | b"From " => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it does not begin with \"From \" as an mbox does, so nothing is appended to it",
        )),
    }
}

/// Appends and syncs; if that fails, the file is as long as it was.
fn append_or_undo(
    lock: &mut DotLock,
    file: &mut File,
    end: u64,
    append: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    append(file)
        .and_then(|()| file.sync_all())
        .and_then(|()| lock.append_is_done())
        .map_err(|error| match cut_off(file, end) {
            Ok(()) => {
                lock.append_is_undone();
                error
            }
            Err(undoing) => io::Error::new(
                error.kind(),
                format!(
                    "{error}; half a message may be at its end, which could not be cut off ({undoing}): it stays locked until the next run does that"
                ),
            ),
        })
}

fn cut_off(file: &File, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    file.sync_all()
}

/// Cuts off what a killed run has appended since `offset`. What another program has appended behind it must not be lost, so
/// nothing is cut unless all of it is recognised.
fn roll_back(file: &mut File, offset: u64) -> io::Result<()> {
    if file.metadata()?.len() <= offset {
        return Ok(());
    }
    file.seek(SeekFrom::Start(offset))?;
    if is_one_message_of_ours(BufReader::new(&mut *file))? {
        cut_off(file, offset)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)]
    use crate::dotlock::tests::leave_behind;
    use crate::dotlock::tests::make_unwritable;
    use std::fs;
    #[cfg(unix)]
    use std::process::Command;

    fn deliver(mbox: &Mbox, message: &[u8]) {
        let mut delivery = mbox.begin();
        delivery.write_all(message).unwrap();
        delivery.commit().unwrap();
    }

    /// The mbox with the separators' dates taken out.
    fn dateless(path: &Path) -> String {
        let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
        let line = |line: &str| match line.strip_prefix("From MAILER-DAEMON ") {
            Some(date) => {
                assert_eq!(date.len(), "Thu Nov  5 07:08:09 2026\n".len(), "{date}");
                "From MAILER-DAEMON DATE\n".to_owned()
            }
            None => line.to_owned(),
        };
        text.split_inclusive('\n').map(line).collect()
    }

    #[test]
    fn appends_quoted_messages() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let mbox = Mbox::open(&path).unwrap();
        deliver(&mbox, b"Subject: 1\r\n\r\nFrom here\r\n>From there\r\n");
        deliver(&mbox, b"Subject: 2\r\n\r\nno end");
        assert_eq!(
            dateless(&path),
            "From MAILER-DAEMON DATE\nSubject: 1\n\n>From here\n>>From there\n\n\
             From MAILER-DAEMON DATE\nSubject: 2\n\nno end\n\n"
        );
        assert_eq!(
            fs::read_dir(root.path()).unwrap().count(),
            1,
            "no lock is left"
        );
    }

    #[test]
    fn the_gap_before_a_message_is_made_up() {
        let root = tempfile::tempdir().unwrap();
        for (before, gap) in [
            ("From a b\nx", "\n\n"),
            ("From a b\nx\n", "\n"),
            ("From a b\nx\n\n", ""),
        ] {
            let path = root.path().join("mbox");
            fs::write(&path, before).unwrap();
            deliver(&Mbox::open(&path).unwrap(), b"y\r\n");
            let wanted = format!("{before}{gap}From MAILER-DAEMON DATE\ny\n\n");
            assert_eq!(dateless(&path), wanted, "after {before:?}");
        }
    }

    #[test]
    fn an_abandoned_message_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let mbox = Mbox::open(&path).unwrap();
        mbox.begin().write_all(b"half a mess").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    /// An mbox of eight octets that is locked, and behind which an append begins.
    fn locked(path: &Path) -> (DotLock, File) {
        fs::write(path, "From a\n\n").unwrap();
        let mbox = Mbox::open(path).unwrap();
        let (mut lock, file) = mbox.lock(Duration::ZERO).unwrap();
        lock.append_begins(8).unwrap();
        (lock, file)
    }

    #[test]
    fn a_failed_append_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let (mut lock, mut file) = locked(&path);
        let error = append_or_undo(&mut lock, &mut file, 8, |file| {
            file.write_all(b"From MAILER-DAEMON\nhalf a mess")?;
            Err(io::Error::new(io::ErrorKind::StorageFull, "disk full"))
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        drop(lock);
        assert_eq!(fs::read(&path).unwrap(), b"From a\n\n");
        assert!(!root.path().join("mbox.lock").exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_cut_off_is_left_to_the_next_run() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let (mut lock, _file) = locked(&path);
        let mut unwritable = File::open(&path).unwrap();
        let error = append_or_undo(&mut lock, &mut unwritable, 8, |_| {
            open_private(&path)?.write_all(b"From MAILER-DAEMON \nhalf a mess")?;
            Err(io::Error::new(io::ErrorKind::StorageFull, "disk full"))
        })
        .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("disk full") && text.contains("could not be cut off"),
            "{text}"
        );
        drop(lock);
        assert!(root.path().join("mbox.lock").exists());
        Mbox::open(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"From a\n\n");
        assert!(!root.path().join("mbox.lock").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_file_that_is_not_removed_undoes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let (mut lock, mut file) = locked(&path);
        append_or_undo(&mut lock, &mut file, 8, |file| {
            file.write_all(b"From MAILER-DAEMON \na message\n\n")
        })
        .unwrap();
        let whole = fs::read(&path).unwrap();
        // Not where it looks for it, so it is not removed.
        let lock_file = root.path().join("mbox.lock");
        let aside = root.path().join("aside");
        fs::rename(&lock_file, &aside).unwrap();
        drop(lock);
        fs::rename(&aside, &lock_file).unwrap();
        Mbox::open(&path).unwrap();
        assert!(!lock_file.exists());
        assert_eq!(fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn a_message_of_which_the_note_stays_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let (mut lock, mut file) = locked(&path);
        let whole = b"From MAILER-DAEMON \na message\n\n";
        make_unwritable(&mut lock);
        append_or_undo(&mut lock, &mut file, 8, |file| file.write_all(whole)).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"From a\n\n");
    }

    #[test]
    fn waits_for_a_lock_file_that_goes_away() {
        let root = tempfile::tempdir().unwrap();
        let mbox = Mbox {
            path: root.path().join("mbox"),
        };
        let lock_file = root.path().join("mbox.lock");
        fs::write(&lock_file, "").unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| mbox.lock(PATIENCE).map(drop));
            fs::remove_file(&lock_file).unwrap();
            waiting.join().unwrap().unwrap();
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_killed_append_is_cut_off_by_the_next_run() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let lock = root.path().join("mbox.lock");
        let before = "From a b\nold\n";
        let whole = "\nFrom MAILER-DAEMON Thu Nov  5 07:08:09 2026\nx\n>From y\nz\n\n";
        for cut in 0..=whole.len() {
            fs::write(&path, format!("{before}{}", &whole[..cut])).unwrap();
            leave_behind(&path, Some(before.len() as u64));
            Mbox::open(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), before, "cut at {cut}");
            assert!(!lock.exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_others_appended_is_never_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        for tail in [
            "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\nhalf\n\nFrom eve Thu Nov  5 07:08:09 2026\nx\n\n",
            "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\nhalf\nFrom MAILER-DAEMON Thu Nov  5 07:08:09 2026\nx\n\n",
            "From eve Thu Nov  5 07:08:09 2026\nx\n\n",
            "From anything\n",
        ] {
            fs::write(&path, tail).unwrap();
            leave_behind(&path, Some(0));
            Mbox::open(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), tail);
        }
    }

    #[test]
    fn what_is_something_else_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("notes.txt");
        fs::write(&path, "notes\n").unwrap();
        let error = Mbox::open(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs::read(&path).unwrap(), b"notes\n");
    }

    #[test]
    fn only_a_file_is_an_mbox() {
        let root = tempfile::tempdir().unwrap();
        let mut paths = vec![root.path().join("directory")];
        fs::create_dir(&paths[0]).unwrap();
        #[cfg(unix)]
        {
            let fifo = root.path().join("fifo");
            let made = Command::new("mkfifo").arg(&fifo).status();
            assert!(made.unwrap().success());
            paths.extend([fifo, "/dev/null".into()]);
        }
        for path in paths {
            let error = Mbox::open(&path).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{error}");
        }
    }
}

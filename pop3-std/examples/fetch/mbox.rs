//! Delivery into an mbox file, quoted as mboxrd. The file grows by whole messages: what is written of one that fails is cut
//! off again, by the next run if this one is killed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fs4::{FileExt, TryLockError};
use tempfile::SpooledTempFile;

use crate::dotlock::DotLock;
use crate::durable::{directory_of, sync_directory};
use crate::mboxrd::MboxRd;
use crate::unix_lines::UnixLines;

/// How much of a message is kept in memory before it goes to a temporary file.
const IN_MEMORY: usize = 1 << 20;
/// How long to wait for others who use the mbox.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// RFC 4155: who sent it is in the message, so the line that separates messages does not have to say it.
const SEPARATOR: &[u8] = b"From MAILER-DAEMON ";

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
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this is no regular file",
            ));
        }
        drop(mbox.lock()?);
        Ok(mbox)
    }

    /// Begins a message. It is kept apart until it is whole: nobody should wait for the network to get at the mbox.
    pub fn begin(&self) -> MboxDelivery {
        MboxDelivery {
            mbox: self.clone(),
            out: UnixLines::new(MboxRd::new(SpooledTempFile::new(IN_MEMORY))),
        }
    }

    fn lock(&self) -> io::Result<(DotLock, File)> {
        let (mut lock, unfinished) = DotLock::acquire(&self.path, PATIENCE)?;
        let existed = self.path.exists();
        let mut file = open_private(&self.path)?;
        if !existed {
            sync_directory(directory_of(&self.path))?;
        }
        lock_file(&file)?;
        if let Some(offset) = unfinished {
            roll_back(&mut file, offset)?;
            lock.note(None)?;
        }
        Ok((lock, file))
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
        let (mut lock, mut file) = self.mbox.lock()?;
        let end = file.metadata()?.len();
        lock.note(Some(end))?;
        append_or_restore(&mut file, end, |file| {
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
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// The operating system's lock, for programs that do not look at the lock file.
fn lock_file(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match FileExt::try_lock(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    format!(
                        "another program has had it locked for {} seconds",
                        PATIENCE.as_secs()
                    ),
                ));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
}

/// Appends and syncs; if that fails, the file is as long as it was.
fn append_or_restore(
    file: &mut File,
    end: u64,
    append: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    append(file)
        .and_then(|()| file.sync_all())
        .or_else(|error| {
            file.set_len(end)?;
            file.sync_all()?;
            Err(error)
        })
}

/// Ends the last line and adds an empty one, if whoever wrote the last message did not.
fn write_gap(file: &mut File, end: u64) -> io::Result<()> {
    let mut last = [b'\n'; 2];
    let looked_at = end.min(2);
    file.seek(SeekFrom::Start(end - looked_at))?;
    let start = last.len() - usize::from(end > 0) - usize::from(end > 1);
    file.read_exact(&mut last[start..])?;
    match last {
        _ if end == 0 => Ok(()),
        [b'\n', b'\n'] => Ok(()),
        [_, b'\n'] => file.write_all(b"\n"),
        _ => file.write_all(b"\n\n"),
    }
}

/// `From MAILER-DAEMON Thu Nov  5 07:08:09 2026`, in UTC.
fn write_separator(file: &mut impl Write, now: SystemTime) -> io::Result<()> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = mail_parser::DateTime::from_timestamp(i64::try_from(seconds).unwrap_or(i64::MAX));
    let day = DAYS.get(usize::from(date.day_of_week()));
    let month = MONTHS.get(usize::from(date.month).wrapping_sub(1));
    file.write_all(SEPARATOR)?;
    writeln!(
        file,
        "{} {} {:>2} {:02}:{:02}:{:02} {}",
        day.unwrap_or(&DAYS[0]),
        month.unwrap_or(&MONTHS[0]),
        date.day,
        date.hour,
        date.minute,
        date.second,
        date.year
    )
}

/// Cuts off what a killed run has appended since `offset`. What another program has appended behind it must not be lost, so
/// nothing is cut unless all of it is recognised.
fn roll_back(file: &mut File, offset: u64) -> io::Result<()> {
    if file.metadata()?.len() <= offset {
        return Ok(());
    }
    file.seek(SeekFrom::Start(offset))?;
    if is_one_message_of_ours(BufReader::new(&mut *file))? {
        file.set_len(offset)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Whether this is the beginning of an append of ours, and nothing else.
fn is_one_message_of_ours(mut tail: impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut separators = 0;
    while tail.read_until(b'\n', &mut line)? > 0 {
        let is_gap = separators == 0 && line == b"\n";
        if line.starts_with(SEPARATOR) || (separators == 0 && SEPARATOR.starts_with(&line)) {
            separators += 1;
        } else if line.starts_with(b"From ") || (separators == 0 && !is_gap) {
            return Ok(false);
        }
        line.clear();
    }
    Ok(separators <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
            ("x", "\n\n"),
            ("\n", ""),
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

    #[test]
    fn a_failed_append_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        fs::write(&path, "before\n\n").unwrap();
        let mut file = open_private(&path).unwrap();
        let error = append_or_restore(&mut file, 8, |file| {
            file.write_all(b"From MAILER-DAEMON\nhalf a mess")?;
            Err(io::Error::new(io::ErrorKind::StorageFull, "disk full"))
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"before\n\n");
    }

    #[test]
    fn a_killed_append_is_cut_off_by_the_next_run() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let lock = root.path().join("mbox.lock");
        let before = "From a b\nold\n";
        let whole = "\nFrom MAILER-DAEMON Thu Nov  5 07:08:09 2026\nx\n>From y\nz\n\n";
        for cut in 0..=whole.len() {
            fs::write(&path, format!("{before}{}", &whole[..cut])).unwrap();
            let note = format!("{:>10}\npop3-std fetch\n{:>20}\n", 1, before.len());
            fs::write(&lock, note).unwrap();
            Mbox::open(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), before, "cut at {cut}");
            assert!(!lock.exists());
        }
    }

    #[test]
    fn what_others_appended_is_never_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        for tail in [
            "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\nhalf\n\nFrom eve Thu Nov  5 07:08:09 2026\nx\n\n",
            "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\nhalf\nFrom MAILER-DAEMON Thu Nov  5 07:08:09 2026\nx\n\n",
            "From eve Thu Nov  5 07:08:09 2026\nx\n\n",
            "anything\n",
        ] {
            fs::write(&path, tail).unwrap();
            let note = format!("{:>10}\npop3-std fetch\n{:>20}\n", 1, 0);
            fs::write(root.path().join("mbox.lock"), note).unwrap();
            Mbox::open(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), tail);
        }
    }

    #[test]
    fn the_separators_date_is_asctimes() {
        for (seconds, wanted) in [
            (0, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"),
            (
                1_793_862_489,
                "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\n",
            ),
            (
                1_709_164_800,
                "From MAILER-DAEMON Thu Feb 29 00:00:00 2024\n",
            ),
        ] {
            let mut line = Vec::new();
            write_separator(&mut line, UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
            assert_eq!(String::from_utf8(line).unwrap(), wanted);
        }
    }

    #[test]
    fn a_directory_is_no_mbox() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("directory");
        fs::create_dir(&path).unwrap();
        Mbox::open(&path).unwrap_err();
    }
}

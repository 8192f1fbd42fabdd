//! Delivery into a Maildir: written to `tmp`, synced, then moved into `new`, so that a mail reader sees all of a message or
//! nothing. What a killed delivery leaves in `tmp` is never read; mail readers clear it away after 36 hours.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::NamedTempFile;

use crate::durable::{directory_of, sync_directory};
use crate::unix_lines::UnixLines;

/// A directory with `cur`, `new` and `tmp` in it.
#[derive(Debug)]
pub struct Maildir {
    tmp: PathBuf,
    new: PathBuf,
    delivered: u64,
}

impl Maildir {
    /// Opens a Maildir, and makes what is missing of it.
    pub fn open(path: &Path) -> io::Result<Self> {
        for directory in [
            path.to_owned(),
            path.join("cur"),
            path.join("new"),
            path.join("tmp"),
        ] {
            if !directory.is_dir() {
                if directory.exists() {
                    return Err(io::Error::new(
                        io::ErrorKind::NotADirectory,
                        "this is no directory, so it can be no Maildir",
                    ));
                }
                create_private(&directory)?;
                sync_directory(directory_of(&directory))?;
            }
        }
        Ok(Self {
            tmp: path.join("tmp"),
            new: path.join("new"),
            delivered: 0,
        })
    }

    /// Begins a message. Dropped without [`MaildirDelivery::commit`], it leaves nothing behind.
    pub fn begin(&mut self) -> io::Result<MaildirDelivery> {
        self.delivered += 1;
        // Time, process and a count, as is the custom, and random characters, which are what makes the name unique.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let prefix = format!(
            "{}.M{}P{}Q{}R",
            now.as_secs(),
            now.subsec_micros(),
            std::process::id(),
            self.delivered
        );
        let file = tempfile::Builder::new()
            .prefix(&prefix)
            .rand_bytes(12)
            .suffix(".fetch")
            .tempfile_in(&self.tmp)?;
        Ok(MaildirDelivery {
            out: UnixLines::new(BufWriter::new(file)),
            new: self.new.clone(),
        })
    }
}

/// A message on its way into a Maildir.
#[derive(Debug)]
pub struct MaildirDelivery {
    out: UnixLines<BufWriter<NamedTempFile>>,
    new: PathBuf,
}

impl MaildirDelivery {
    /// Moves the message to its place. Once this is `Ok`, a crash does not undo it.
    pub fn commit(self) -> io::Result<PathBuf> {
        let buffered = self.out.finish()?;
        let file = buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        let name = file.path().file_name().unwrap_or_default();
        let place = self.new.join(name);
        file.persist_noclobber(&place)?;
        sync_directory(&self.new)?;
        Ok(place)
    }
}

impl Write for MaildirDelivery {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Makes a directory that only its owner can read: there will be mail in it.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_in(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_file_is_no_maildir() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "x").unwrap();
        let error = Maildir::open(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn delivers_into_new_with_unix_lines() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep").join("Mail");
        let mut maildir = Maildir::open(&path).unwrap();
        let mut delivery = maildir.begin().unwrap();
        delivery.write_all(b"Subject: x\r").unwrap();
        delivery.write_all(b"\n\r\nstray \r CR\r\n").unwrap();
        assert_eq!(files_in(&path.join("new")), [] as [PathBuf; 0]);
        let place = delivery.commit().unwrap();
        assert_eq!(files_in(&path.join("new")), std::slice::from_ref(&place));
        assert_eq!(fs::read(place).unwrap(), b"Subject: x\n\nstray \r CR\n");
        assert!(files_in(&path.join("tmp")).is_empty());
        assert!(path.join("cur").is_dir());
    }

    #[test]
    fn an_abandoned_delivery_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(root.path()).unwrap();
        let mut delivery = maildir.begin().unwrap();
        delivery.write_all(b"half a mess").unwrap();
        assert_eq!(files_in(&root.path().join("tmp")).len(), 1);
        drop(delivery);
        assert!(files_in(&root.path().join("tmp")).is_empty());
        assert!(files_in(&root.path().join("new")).is_empty());
    }

    #[test]
    fn names_differ_and_nothing_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let mut first = Maildir::open(root.path()).unwrap();
        let mut second = Maildir::open(root.path()).unwrap();
        for maildir in [&mut first, &mut second] {
            for _ in 0..20 {
                maildir.begin().unwrap().commit().unwrap();
            }
        }
        assert_eq!(files_in(&root.path().join("new")).len(), 40);

        let delivery = first.begin().unwrap();
        let tmp = files_in(&root.path().join("tmp")).pop().unwrap();
        let taken = root.path().join("new").join(tmp.file_name().unwrap());
        fs::write(&taken, "already here").unwrap();
        let error = delivery.commit().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(taken).unwrap(), b"already here");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("Mail");
        let place = Maildir::open(&path)
            .unwrap()
            .begin()
            .unwrap()
            .commit()
            .unwrap();
        for private in [&path, &path.join("new"), &place] {
            let mode = fs::metadata(private).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", private.display());
        }
    }
}

//! All messages' exact octets one after another, in a file or on standard output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::durable::{directory_of, sync_directory};

/// Where the octets go.
#[derive(Debug)]
pub enum Raw {
    /// Standard output: what is written is written.
    Stdout,
    /// A pipe or a device, likewise.
    Stream(File),
    /// A file. It is written beside its place and moved there when all is done, so that a run that fails, or is killed, leaves
    /// what was there before.
    File {
        /// Its name.
        path: PathBuf,
        /// What it is going to be.
        new: Option<NamedTempFile>,
        /// There must not be one of that name.
        must_be_new: bool,
    },
}

impl Raw {
    /// Gets ready to write. A file that is there is replaced, unless it has to be new: somebody who deletes mail on the server
    /// must not lose what he fetched the last time.
    pub fn open(path: &Path, must_be_new: bool) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let path = match fs::metadata(path) {
            Ok(_) if must_be_new => return Err(is_there_already()),
            Ok(metadata) if !metadata.is_file() => {
                return OpenOptions::new().write(true).open(path).map(Self::Stream);
            }
            // Through a link, the file that it leads to is replaced, and not the link.
            Ok(_) => fs::canonicalize(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        let new = Builder::new()
            .prefix(".fetch-raw-")
            .tempfile_in(directory_of(&path))?;
        Ok(Self::File {
            path,
            new: Some(new),
            must_be_new,
        })
    }

    /// Begins a message. Dropped without [`RawDelivery::commit`], it is taken out of the file again.
    pub fn begin(&mut self) -> io::Result<RawDelivery> {
        Ok(match self {
            Self::Stdout | Self::File { new: None, .. } => RawDelivery {
                out: Box::new(io::stdout()),
                undo: None,
            },
            Self::Stream(file) => RawDelivery {
                out: Box::new(file.try_clone()?),
                undo: None,
            },
            Self::File { new: Some(new), .. } => {
                let file = new.as_file();
                RawDelivery {
                    out: Box::new(file.try_clone()?),
                    undo: Some((file.try_clone()?, file.metadata()?.len())),
                }
            }
        })
    }

    /// All that there is was committed: brings it to the disk and in its place.
    pub fn sync(&mut self) -> io::Result<()> {
        let Self::File {
            path,
            new,
            must_be_new,
        } = self
        else {
            return io::stdout().flush();
        };
        let Some(new) = new.take() else {
            return Ok(());
        };
        new.as_file().sync_all()?;
        if *must_be_new {
            new.persist_noclobber(&*path)
                .map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => is_there_already(),
                    _ => error.error,
                })?;
        } else {
            new.persist(&*path)?;
        }
        sync_directory(directory_of(path))
    }
}

fn is_there_already() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "it is there already, and --delete overwrites nothing: move it away, or name another",
    )
}

/// A message on its way into a file or to standard output.
pub struct RawDelivery {
    out: Box<dyn Write>,
    /// The file, and how long it was.
    undo: Option<(File, u64)>,
}

impl RawDelivery {
    /// The message is whole.
    pub fn commit(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.undo = None;
        Ok(())
    }
}

impl Write for RawDelivery {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for RawDelivery {
    fn drop(&mut self) {
        use std::io::Seek as _;
        if let Some((mut file, length)) = self.undo.take() {
            // It has failed already, so there is nobody to tell.
            let _ = file
                .set_len(length)
                .and_then(|()| file.seek(io::SeekFrom::Start(length)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_whole_messages_only() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("raw");
        let mut raw = Raw::open(&path, true).unwrap();
        let mut first = raw.begin().unwrap();
        first.write_all(b"one\r\n").unwrap();
        first.commit().unwrap();
        let mut second = raw.begin().unwrap();
        second.write_all(b"half a mess").unwrap();
        drop(second);
        let mut third = raw.begin().unwrap();
        third.write_all(b"three\r\n").unwrap();
        third.commit().unwrap();
        raw.sync().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\r\nthree\r\n");
    }

    #[test]
    fn the_old_file_stays_until_the_new_one_is_complete() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("raw");
        fs::write(&path, "earlier").unwrap();
        let error = Raw::open(&path, true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);

        let mut raw = Raw::open(&path, false).unwrap();
        let mut message = raw.begin().unwrap();
        message.write_all(b"new\r\n").unwrap();
        message.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
        drop(raw);
        assert_eq!(fs::read(&path).unwrap(), b"earlier", "it was given up");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);

        let mut raw = Raw::open(&path, false).unwrap();
        let mut message = raw.begin().unwrap();
        message.write_all(b"new\r\n").unwrap();
        message.commit().unwrap();
        raw.sync().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new\r\n");
    }

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_replaced_if_it_has_to_be_new() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("raw");
        let mut raw = Raw::open(&path, true).unwrap();
        raw.begin().unwrap().commit().unwrap();
        fs::write(&path, "somebody's").unwrap();
        let error = raw.sync().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"somebody's");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_a_device_is_written_to() {
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("file"), root.path().join("link"));
        fs::write(&file, "earlier").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Raw::open(&link, false).unwrap().sync().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"");

        let mut null = Raw::open(Path::new("/dev/null"), false).unwrap();
        let mut message = null.begin().unwrap();
        message.write_all(b"x").unwrap();
        message.commit().unwrap();
        null.sync().unwrap();
    }
}

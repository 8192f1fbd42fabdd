//! All messages' exact octets one after another, in a file or on standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::durable::{directory_of, sync_directory};

/// Where the octets go.
#[derive(Debug)]
pub enum Raw {
    /// Standard output: what is written is written.
    Stdout,
    /// A file, which holds whole messages only.
    File {
        /// Its name.
        path: PathBuf,
        /// Opened for writing.
        file: File,
        /// What it held before is still in it.
        is_earlier: bool,
    },
}

impl Raw {
    /// Opens a file for writing. One that is there is overwritten, unless it has to be new: somebody who deletes mail on
    /// the server must not lose what he fetched the last time.
    pub fn open(path: &Path, must_be_new: bool) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let mut options = OpenOptions::new();
        options.write(true);
        if must_be_new {
            options.create_new(true);
        } else {
            options.create(true).truncate(false);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => io::Error::new(
                error.kind(),
                "it is there already, and --delete overwrites nothing",
            ),
            _ => error,
        })?;
        Ok(Self::File {
            path: path.to_owned(),
            is_earlier: file.metadata()?.is_file(),
            file,
        })
    }

    /// Makes the file empty, once. Not when it is opened: until there is mail, the old content is better than nothing.
    fn start(&mut self) -> io::Result<()> {
        match self {
            Self::File {
                file, is_earlier, ..
            } if *is_earlier => {
                *is_earlier = false;
                file.set_len(0)
            }
            _ => Ok(()),
        }
    }

    /// Begins a message. Dropped without [`RawDelivery::commit`], it is taken out of the file again.
    pub fn begin(&mut self) -> io::Result<RawDelivery> {
        self.start()?;
        Ok(RawDelivery {
            undo: match self {
                Self::File { file, .. } if file.metadata()?.is_file() => {
                    Some((file.try_clone()?, file.metadata()?.len()))
                }
                _ => None,
            },
            out: match self {
                Self::Stdout => Box::new(io::stdout()),
                Self::File { file, .. } => Box::new(file.try_clone()?),
            },
        })
    }

    /// All that there is was committed: brings it to the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.start()?;
        match self {
            Self::File { path, file, .. } if file.metadata()?.is_file() => {
                file.sync_all()?;
                sync_directory(directory_of(path))
            }
            // A pipe or a device.
            _ => io::stdout().flush(),
        }
    }
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
    use std::fs;

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
    fn overwrites_only_what_is_on_the_server_still() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("raw");
        fs::write(&path, "earlier").unwrap();
        let error = Raw::open(&path, true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
        let mut raw = Raw::open(&path, false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
        raw.begin().unwrap().commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        // Without any mail, too.
        fs::write(&path, "earlier").unwrap();
        Raw::open(&path, false).unwrap().sync().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}

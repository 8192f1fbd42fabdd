//! What the ways to store a message have in common: it is begun, written, and then committed or dropped.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::maildir::{Maildir, MaildirDelivery};
use crate::mbox::{Mbox, MboxDelivery};
use crate::raw::{Raw, RawDelivery};

/// Where the messages go.
pub struct Store {
    kind: Kind,
    path: PathBuf,
}

enum Kind {
    Maildir(Maildir),
    Mbox(Mbox),
    Raw(Raw),
}

/// A message on its way there. Dropped, it leaves nothing behind.
pub enum Delivery {
    /// Into a Maildir.
    Maildir(MaildirDelivery),
    /// Into an mbox.
    Mbox(MboxDelivery),
    /// Into a file, or to standard output.
    Raw(RawDelivery),
}

impl Store {
    /// Opens what the command line asks for, if it asks for any.
    pub fn open(arguments: &Arguments) -> Result<Option<Self>, Failure> {
        let (path, opened) = if let Some(path) = &arguments.maildir {
            (path, Maildir::open(path).map(Kind::Maildir))
        } else if let Some(path) = &arguments.mbox {
            (path, Mbox::open(path).map(Kind::Mbox))
        } else if let Some(path) = &arguments.raw {
            (path, Raw::open(path, arguments.delete).map(Kind::Raw))
        } else {
            return Ok(None);
        };
        match opened {
            Ok(kind) => Ok(Some(Self {
                kind,
                path: path.clone(),
            })),
            Err(error) => Err(Failure::file("opening", path, &error)),
        }
    }

    /// Begins a message.
    pub fn begin(&mut self) -> Result<Delivery, Failure> {
        let begun = match &mut self.kind {
            Kind::Maildir(maildir) => maildir.begin().map(Delivery::Maildir),
            Kind::Mbox(mbox) => Ok(Delivery::Mbox(mbox.begin())),
            Kind::Raw(raw) => raw.begin().map(Delivery::Raw),
        };
        begun.map_err(|error| self.failure(&error))
    }

    /// What is to be said when storing a message fails.
    pub fn failure(&self, error: &io::Error) -> Failure {
        match self.kind {
            Kind::Raw(Raw::Stdout) => Failure::stdout(error),
            _ => Failure::file("writing to", &self.path, error),
        }
    }

    /// Brings all that was committed to the disk, as far as committing it has not done that.
    pub fn sync(&mut self) -> Result<(), Failure> {
        let synced = match &mut self.kind {
            Kind::Raw(raw) => raw.sync(),
            Kind::Maildir(_) | Kind::Mbox(_) => Ok(()),
        };
        synced.map_err(|error| self.failure(&error))
    }
}

impl Delivery {
    /// The message is whole: puts it in its place.
    pub fn commit(self) -> io::Result<()> {
        match self {
            Self::Maildir(delivery) => delivery.commit().map(|_| ()),
            Self::Mbox(delivery) => delivery.commit(),
            Self::Raw(delivery) => delivery.commit(),
        }
    }
}

impl Write for Delivery {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Maildir(delivery) => delivery.write(octets),
            Self::Mbox(delivery) => delivery.write(octets),
            Self::Raw(delivery) => delivery.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Maildir(delivery) => delivery.flush(),
            Self::Mbox(delivery) => delivery.flush(),
            Self::Raw(delivery) => delivery.flush(),
        }
    }
}

//! Watches the records of TLS go by on their way from the server, for what embedded-tls 0.19 does not look at.
//!
//! It panics at a sealed record with nothing in it; and at a message of the handshake in clear, once TLS stands, which anybody on the
//! way can send. Both break the rules (RFC 8446 section 5): here they end the connection.

use embedded_io::{ErrorKind, ErrorType, Read, Write};

use crate::stream::Close;

const HEADER: usize = 5;

/// The type of a sealed record.
const APPLICATION_DATA: u8 = 23;

/// The least that is sealed: the type of what is in it, and the tag of the suite.
const SHORTEST: usize = 1 + 16;

/// A stream of records.
#[derive(Debug)]
pub(crate) struct Records<S> {
    stream: S,
    header: [u8; HEADER],
    /// So many octets of the header have come.
    headed: usize,
    /// So many octets of the record are still to come.
    left: usize,
    /// From the first sealed record on there is no other.
    sealed: bool,
}

impl<S> Records<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            header: [0; HEADER],
            headed: 0,
            left: 0,
            sealed: false,
        }
    }

    /// A header is complete.
    fn begin(&mut self) -> Result<(), ErrorKind> {
        let [kind, _, _, high, low] = self.header;
        self.headed = 0;
        self.left = u16::from_be_bytes([high, low]).into();
        if kind == APPLICATION_DATA {
            self.sealed = true;
        }
        if self.sealed && (kind != APPLICATION_DATA || self.left < SHORTEST) {
            return Err(ErrorKind::InvalidData);
        }
        Ok(())
    }
}

impl<S> ErrorType for Records<S> {
    type Error = ErrorKind;
}

impl<S: Read<Error = ErrorKind>> Read for Records<S> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        // Never over the end of a header, or of a record.
        let most = match self.left {
            0 => HEADER - self.headed,
            left => left,
        };
        let room = into.len().min(most);
        let read = self.stream.read(&mut into[..room])?;
        if self.left > 0 {
            self.left -= read;
            return Ok(read);
        }
        self.header[self.headed..][..read].copy_from_slice(&into[..read]);
        self.headed += read;
        if self.headed == HEADER {
            self.begin()?;
        }
        Ok(read)
    }
}

impl<S: Write<Error = ErrorKind>> Write for Records<S> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.stream.write(octets)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.stream.flush()
    }
}

impl<S: Close> Close for Records<S> {
    fn close(self) {
        self.stream.close();
    }
}

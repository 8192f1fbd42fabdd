//! What a session runs over.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A blocking stream of octets whose reads and writes can be bounded in time.
///
/// [`TcpStream`] is one, a Unix socket too; [`Untimed`] makes one of anything else that reads and writes.
pub trait Transport: Read + Write {
    /// From now on, a read that gets nothing for this long fails with [`io::ErrorKind::WouldBlock`] or
    /// [`io::ErrorKind::TimedOut`]. Never zero.
    ///
    /// # Errors
    ///
    /// The stream cannot do it.
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()>;

    /// The same for a write that can hand over nothing for this long.
    ///
    /// # Errors
    ///
    /// The stream cannot do it.
    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()>;
}

impl Transport for TcpStream {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Self::set_read_timeout(self, Some(timeout))
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Self::set_write_timeout(self, Some(timeout))
    }
}

#[cfg(unix)]
impl Transport for std::os::unix::net::UnixStream {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Self::set_read_timeout(self, Some(timeout))
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Self::set_write_timeout(self, Some(timeout))
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        (**self).set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        (**self).set_write_timeout(timeout)
    }
}

/// A stream that knows no time-outs, such as a pipe, a tunnel, or a transcript in a test.
///
/// A read that blocks for ever then blocks the session for ever; [`Timeouts`](crate::Timeouts) are looked at only
/// between reads and writes.
#[derive(Clone, Debug)]
pub struct Untimed<S>(pub S);

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> Transport for Untimed<S> {
    fn set_read_timeout(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}

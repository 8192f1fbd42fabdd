//! A stream on which calls go wrong as a test plans it.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pop3_std::Transport;

/// What a client does with its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Flush,
    SetReadTimeout,
    SetWriteTimeout,
}

impl Call {
    /// Whether it is a read, a write or a flush.
    pub fn is_io(self) -> bool {
        !matches!(self, Self::SetReadTimeout | Self::SetWriteTimeout)
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing has happened.
    Fails(ErrorKind),
    /// It says that it has read or written nothing.
    Nothing,
    /// It reads or writes a single octet.
    Short,
}

type Plan = dyn FnMut(usize, Call) -> Option<Fault> + Send;

/// Passes on the calls that nothing is planned for.
pub struct Faulty<S> {
    stream: S,
    plan: Box<Plan>,
    calls: Calls,
}

/// The reads, writes and flushes so far. How often a time-out is set is left out, since it depends on the clock.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    pub fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn writes(&self) -> usize {
        let calls = self.0.lock().unwrap();
        calls.iter().filter(|call| **call == Call::Write).count()
    }
}

impl<S> Faulty<S> {
    /// The plan is told how many reads, writes and flushes there were before, and which call it is.
    pub fn new(stream: S, plan: impl FnMut(usize, Call) -> Option<Fault> + Send + 'static) -> Self {
        Self {
            stream,
            plan: Box::new(plan),
            calls: Calls::default(),
        }
    }

    /// Every other call is interrupted.
    pub fn interrupted(stream: S) -> Self {
        Self::new(stream, |index, call| {
            (index % 2 == 0 && call.is_io()).then_some(Fault::Fails(ErrorKind::Interrupted))
        })
    }

    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// Begins a call: how many octets it may read or write, unless it is over already.
    fn begin(&mut self, call: Call) -> io::Result<usize> {
        let mut calls = self.calls.0.lock().unwrap();
        let fault = (self.plan)(calls.len(), call);
        if call.is_io() {
            calls.push(call);
        }
        match fault {
            Some(Fault::Fails(kind)) => Err(kind.into()),
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Short) => Ok(1),
            None => Ok(usize::MAX),
        }
    }
}

impl<S: Read> Read for Faulty<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.begin(Call::Read)?.min(buffer.len()) {
            0 => Ok(0),
            room => self.stream.read(&mut buffer[..room]),
        }
    }
}

impl<S: Write> Write for Faulty<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self.begin(Call::Write)?.min(octets.len()) {
            0 => Ok(0),
            count => self.stream.write(&octets[..count]),
        }
    }

    fn write_vectored(&mut self, octets: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.begin(Call::Write)? {
            usize::MAX => self.stream.write_vectored(octets),
            count => {
                let first = octets.iter().find(|part| !part.is_empty());
                let first = first.map_or(&[][..], |part| part);
                match count.min(first.len()) {
                    0 => Ok(0),
                    count => self.stream.write(&first[..count]),
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.begin(Call::Flush)?;
        self.stream.flush()
    }
}

impl<S: Transport> Transport for Faulty<S> {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.begin(Call::SetReadTimeout)?;
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.begin(Call::SetWriteTimeout)?;
        self.stream.set_write_timeout(timeout)
    }
}

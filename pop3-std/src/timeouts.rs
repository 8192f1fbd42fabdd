//! How long to wait, and a stream that waits no longer.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::time::{Duration, Instant};

use pop3_proto::Deadline;

use crate::transport::Transport;

/// How long to wait for a server. A time of zero has passed before anything happens.
///
/// Looking up the host's name is the operating system's part, and takes as long as that allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the connection to each of the host's addresses. By default 30 seconds.
    pub connect: Duration,
    /// For the server to send something. The greeting, the TLS handshake, a status line and the answers to CAPA and
    /// LANG must be there as a whole within this time, so that a server cannot stretch them octet by octet. By default 2 minutes:
    /// a log-in takes long where a large maildrop has to be locked and read first.
    pub read: Duration,
    /// For the server to take a command. By default 1 minute. Where commands are pipelined a server may be busy sending
    /// before it takes the next one: then [`read`](Self::read) is the time within which it has to do either.
    pub write: Duration,
    /// For a whole reply, from its command to the last octet of the message or list, the time that the caller spends
    /// in between included; where commands are pipelined, from when it is its turn. By default `None`: a large message takes as long as it takes, as long as something comes.
    pub reply: Option<Duration>,
}

impl Timeouts {
    /// The same time for [`connect`](Self::connect), [`read`](Self::read) and [`write`](Self::write), and none for a
    /// whole [`reply`](Self::reply).
    #[must_use]
    pub const fn all(timeout: Duration) -> Self {
        Self {
            connect: timeout,
            read: timeout,
            write: timeout,
            reply: None,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            read: Duration::from_secs(120),
            write: Duration::from_secs(60),
            reply: None,
        }
    }
}

/// How long a read or a write waits when it is the other's turn next.
const TURN: Duration = Duration::from_millis(10);

/// A stream that fails with [`ErrorKind::TimedOut`] when its time is over, however slowly the other side drips. It
/// stands below TLS, so that this holds for a TLS record too.
pub(crate) struct Timed<S> {
    stream: S,
    timeouts: Timeouts,
    /// The zero of this connection's clock.
    start: Instant,
    /// When the operation in progress began.
    began: u64,
    /// What bounds it as a whole.
    whole: Option<(Deadline, Duration)>,
    /// Reading and writing take turns, and for so many milliseconds neither has brought anything.
    turns: Option<u64>,
    /// The time-outs that the stream has been told last.
    told_read: Option<Duration>,
    told_write: Option<Duration>,
}

impl<S> Timed<S> {
    pub(crate) fn new(stream: S, timeouts: Timeouts) -> Self {
        Self {
            stream,
            timeouts,
            start: Instant::now(),
            began: 0,
            whole: None,
            turns: None,
            told_read: None,
            told_write: None,
        }
    }

    /// An operation begins: its time counts from now.
    pub(crate) fn begin(&mut self, whole: Option<Duration>) {
        // The clock rounds down, and no deadline should pass too early.
        self.began = self.now().saturating_add(1);
        self.bound(whole);
    }

    /// Changes how long the operation may take as a whole, since it began. `None`: as long as there is no silence.
    pub(crate) fn bound(&mut self, whole: Option<Duration>) {
        let deadline = |time| Deadline::after(self.began, Some(milliseconds(time)));
        self.whole = whole.map(|time| (deadline(time), time));
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// From now on reading and writing take turns: a server that sends may not be taking anything meanwhile, and one that
    /// waits for a command sends nothing. Each gives up after [`TURN`] with [`ErrorKind::WouldBlock`], and both with
    /// [`ErrorKind::TimedOut`] when neither has brought anything for [`Timeouts::read`].
    pub(crate) fn take_turns(&mut self) {
        self.turns = Some(0);
    }

    /// From now on a read or a write waits for itself again.
    pub(crate) fn take_no_turns(&mut self) {
        self.turns = None;
    }

    /// How long one read or write may take, at least a millisecond.
    fn patience(&self, silence: Duration) -> io::Result<Duration> {
        let now = self.now();
        let left = milliseconds(silence).saturating_sub(self.turns.unwrap_or(0));
        let silence_ends = Deadline::after(now, Some(left));
        let whole_ends = self.whole.map_or(Deadline::NEVER, |(deadline, _)| deadline);
        match (
            silence_ends.or_earlier(whole_ends).remaining(now),
            self.turns,
        ) {
            (Some(0), _) => Err(self.expired(silence)),
            (Some(left), None) => Ok(Duration::from_millis(left)),
            (Some(left), Some(_)) => Ok(Duration::from_millis(left).min(TURN)),
            (None, _) => Ok(silence),
        }
    }

    /// A read or a write was over without an octet.
    fn gave_up(&mut self, silence: Duration, waited: Duration) -> io::Error {
        match &mut self.turns {
            // Not by the clock: a stream that does not wait would be asked again and again until then.
            Some(sum) => {
                *sum = sum.saturating_add(milliseconds(waited));
                ErrorKind::WouldBlock.into()
            }
            None => self.expired(silence),
        }
    }

    /// Something was read or written.
    fn went_on(&mut self) {
        self.turns = self.turns.map(|_| 0);
    }

    fn expired(&self, silence: Duration) -> io::Error {
        match self.whole {
            Some((deadline, time)) if deadline.has_passed(self.now()) => {
                late(format_args!("it was not complete within {time:?}"))
            }
            _ => late(format_args!("nothing happened for {silence:?}")),
        }
    }
}

fn late(text: fmt::Arguments<'_>) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, text.to_string())
}

/// Rounded up, so that only zero is zero.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl<S: Transport> Timed<S> {
    fn write_with<T>(&mut self, mut write: impl FnMut(&mut S) -> io::Result<T>) -> io::Result<T> {
        let silence = match self.turns {
            None => self.timeouts.write,
            Some(_) => self.timeouts.read,
        };
        loop {
            let patience = self.patience(silence)?;
            if self.told_write != Some(patience) {
                self.stream.set_write_timeout(patience)?;
                self.told_write = Some(patience);
            }
            match write(&mut self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(self.gave_up(silence, patience)),
                result => {
                    self.went_on();
                    return result;
                }
            }
        }
    }
}

/// Unix says `WouldBlock`, Windows `TimedOut`.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A stream that takes nothing and calls that no error would be asked again and again by a TLS handshake.
fn some(count: usize) -> io::Result<usize> {
    match count {
        0 => Err(ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

impl<S: Transport> Read for Timed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let silence = self.timeouts.read;
        loop {
            let patience = self.patience(silence)?;
            if self.told_read != Some(patience) {
                self.stream.set_read_timeout(patience)?;
                self.told_read = Some(patience);
            }
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(self.gave_up(silence, patience)),
                result => {
                    self.went_on();
                    return result;
                }
            }
        }
    }
}

impl<S: Transport> Write for Timed<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_with(|stream| stream.write(octets).and_then(some))
    }

    /// TLS hands over several records at once: they should leave at once.
    fn write_vectored(&mut self, octets: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_with(|stream| stream.write_vectored(octets).and_then(some))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_with(S::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, milliseconds};

    #[test]
    fn only_no_time_is_rounded_to_none() {
        for (nanoseconds, expected) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(milliseconds(Duration::from_nanos(nanoseconds)), expected);
        }
        assert_eq!(milliseconds(Duration::MAX), u64::MAX);
    }
}

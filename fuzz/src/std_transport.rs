//! A transport for `pop3-std` that does its worst, in the ways that a transport may.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

/// Says a greeting, accepts a log-in, and answers the command behind it with octets of anybody's choice; then the
/// connection ends.
#[derive(Clone, Debug)]
pub struct Hostile {
    replies: VecDeque<Vec<u8>>,
    saying: VecDeque<u8>,
    line: Vec<u8>,
    /// How many octets the next read gives, over and over; 0: it is interrupted.
    sizes: Vec<usize>,
    calls: usize,
    end: Option<ErrorKind>,
}

impl Hostile {
    /// `end`: what a read gives when all is said; `None`: the connection is closed.
    pub fn new(answer: &[u8], sizes: &[usize], end: Option<ErrorKind>) -> Self {
        Self {
            replies: [b"+OK\r\n", b"+OK\r\n", answer].map(<[u8]>::to_vec).into(),
            saying: VecDeque::from(*b"+OK\r\n"),
            line: Vec::new(),
            sizes: sizes.to_vec(),
            calls: 0,
            end,
        }
    }

    /// How many octets this call is about; 0 never twice, or it would be for ever.
    fn size(&mut self) -> usize {
        self.calls += 1;
        match self.sizes.get(self.calls % self.sizes.len().max(1)) {
            None => usize::MAX,
            Some(0) if self.calls.is_multiple_of(2) => 1,
            Some(&size) => size,
        }
    }
}

impl Read for Hostile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.size();
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let count = size.min(buffer.len()).min(self.saying.len());
        if count == 0 && !buffer.is_empty() {
            return self.end.map_or(Ok(0), |kind| Err(kind.into()));
        }
        for octet in &mut buffer[..count] {
            *octet = self.saying.pop_front().unwrap_or_default();
        }
        Ok(count)
    }
}

impl Write for Hostile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let size = self.size();
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let octets = &octets[..size.min(octets.len())];
        self.line.extend_from_slice(octets);
        if self.line.ends_with(b"\r\n") {
            self.line.clear();
            self.saying
                .extend(self.replies.pop_front().unwrap_or_default());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

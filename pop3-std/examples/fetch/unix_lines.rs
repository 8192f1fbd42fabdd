//! Line ends as Maildir and mbox want them: POP3's CRLF becomes LF, and a CR anywhere else stays what it is.

use std::io::{self, Write};

/// Writes what it is given to `W`, with LF for each CRLF.
#[derive(Debug)]
pub struct UnixLines<W> {
    inner: W,
    /// The last octet was a CR. What it is, only the next octet can tell.
    held_cr: bool,
}

impl<W: Write> UnixLines<W> {
    /// Nothing written yet.
    pub const fn new(inner: W) -> Self {
        Self {
            inner,
            held_cr: false,
        }
    }

    /// The end of the message: a CR that came last belongs to it.
    pub fn finish(mut self) -> io::Result<W> {
        if self.held_cr {
            self.inner.write_all(b"\r")?;
        }
        Ok(self.inner)
    }
}

impl<W: Write> Write for UnixLines<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let Some((first, last)) = octets.first().zip(octets.last()) else {
            return Ok(0);
        };
        if self.held_cr && *first != b'\n' {
            self.inner.write_all(b"\r")?;
        }
        self.held_cr = *last == b'\r';
        let complete = &octets[..octets.len() - usize::from(self.held_cr)];
        for line in complete.split_inclusive(|&octet| octet == b'\n') {
            if let Some(text) = line.strip_suffix(b"\r\n") {
                self.inner.write_all(text)?;
                self.inner.write_all(b"\n")?;
            } else {
                self.inner.write_all(line)?;
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(pieces: &[&[u8]]) -> Vec<u8> {
        let mut lines = UnixLines::new(Vec::new());
        for piece in pieces {
            lines.write_all(piece).unwrap();
        }
        lines.finish().unwrap()
    }

    #[test]
    fn every_cut_gives_the_same() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"", b""),
            (b"a\r\nb\r\n", b"a\nb\n"),
            (b"\r\n\r\n", b"\n\n"),
            (b"a\rb\r\n", b"a\rb\n"),
            (b"a\r\r\nb", b"a\r\nb"),
            (b"\n\r\n\n", b"\n\n\n"),
            (b"end\r", b"end\r"),
            (b"\r\r\r", b"\r\r\r"),
            (b"\xff\0\r\n\r", b"\xff\0\n\r"),
        ];
        for (given, wanted) in cases {
            for first in 0..=given.len() {
                for second in first..=given.len() {
                    let pieces = [&given[..first], &given[first..second], &given[second..]];
                    assert_eq!(
                        convert(&pieces),
                        wanted,
                        "{given:?} cut at {first}, {second}"
                    );
                }
            }
            let octets: Vec<&[u8]> = given.chunks(1).collect();
            assert_eq!(convert(&octets), wanted, "{given:?} octet by octet");
        }
    }
}

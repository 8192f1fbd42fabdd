//! The quoting of mboxrd: each line that begins with `From `, behind any number of `>`, gets one `>` more. It can be undone
//! exactly, unlike the older kinds that quote `From ` alone. And what stands between messages, which needs all that.

use std::fs::File;
use std::io::{self, BufRead, Read as _, Seek as _, SeekFrom, Write};
use std::time::{SystemTime, UNIX_EPOCH};

const FROM: &[u8] = b"From ";
/// RFC 4155: who sent it is in the message, so the line that separates messages does not have to say it.
const SEPARATOR: &[u8] = b"From MAILER-DAEMON ";

/// Writes lines that end in LF to `W`, quoted.
#[derive(Debug)]
pub struct MboxRd<W> {
    inner: W,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before the first octet of a line.
    LineStart,
    /// Behind nothing but `>` in this line. They are written already: the one that is added may as well come behind them.
    Quotes,
    /// Behind `>*` and so many octets of `From `, which are held back.
    From(usize),
    /// In a line of which the beginning is decided.
    Text,
}

impl<W: Write> MboxRd<W> {
    /// Nothing written yet.
    pub const fn new(inner: W) -> Self {
        Self {
            inner,
            place: Place::LineStart,
        }
    }

    /// The end of the message: ends its last line if it has no end, and adds the empty line that mbox wants behind it.
    pub fn finish(mut self) -> io::Result<W> {
        if let Place::From(held) = self.place {
            self.inner.write_all(&FROM[..held])?;
        }
        if !matches!(self.place, Place::LineStart) {
            self.inner.write_all(b"\n")?;
        }
        self.inner.write_all(b"\n")?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for MboxRd<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut rest = octets;
        while let Some(&octet) = rest.first() {
            let mut taken = 1;
            self.place = match (self.place, octet) {
                (Place::LineStart | Place::Quotes, b'>') => {
                    self.inner.write_all(b">")?;
                    Place::Quotes
                }
                (Place::LineStart | Place::Quotes, b'F') => Place::From(1),
                (Place::From(held), _) if octet == FROM[held] => {
                    if held + 1 == FROM.len() {
                        self.inner.write_all(b">From ")?;
                        Place::Text
                    } else {
                        Place::From(held + 1)
                    }
                }
                (Place::From(held), _) => {
                    self.inner.write_all(&FROM[..held])?;
                    taken = 0;
                    Place::Text
                }
                (Place::LineStart | Place::Quotes | Place::Text, _) => {
                    let end = rest.iter().position(|&octet| octet == b'\n');
                    taken = end.map_or(rest.len(), |end| end + 1);
                    self.inner.write_all(&rest[..taken])?;
                    end.map_or(Place::Text, |_| Place::LineStart)
                }
            };
            rest = &rest[taken..];
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// `From MAILER-DAEMON Thu Nov  5 07:08:09 2026`, in UTC.
pub fn write_separator(file: &mut impl Write, now: SystemTime) -> io::Result<()> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = mail_parser::DateTime::from_timestamp(i64::try_from(seconds).unwrap_or(i64::MAX));
    let day = DAYS.get(usize::from(date.day_of_week()));
    let month = MONTHS.get(usize::from(date.month).wrapping_sub(1));
    file.write_all(SEPARATOR)?;
    writeln!(
        file,
        "{} {} {:>2} {:02}:{:02}:{:02} {}",
        day.unwrap_or(&DAYS[0]),
        month.unwrap_or(&MONTHS[0]),
        date.day,
        date.hour,
        date.minute,
        date.second,
        date.year
    )
}

/// Ends the last line and adds an empty one, if whoever wrote the last message did not.
pub fn write_gap(file: &mut File, end: u64) -> io::Result<()> {
    let mut last = [b'\n'; 2];
    let looked_at = end.min(2);
    file.seek(SeekFrom::Start(end - looked_at))?;
    let start = last.len() - usize::from(end > 0) - usize::from(end > 1);
    file.read_exact(&mut last[start..])?;
    match last {
        _ if end == 0 => Ok(()),
        [b'\n', b'\n'] => Ok(()),
        [_, b'\n'] => file.write_all(b"\n"),
        _ => file.write_all(b"\n\n"),
    }
}

/// Whether this is the beginning of an append of ours, and nothing else.
pub fn is_one_message_of_ours(mut tail: impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut separators = 0;
    while tail.read_until(b'\n', &mut line)? > 0 {
        let is_gap = separators == 0 && line == b"\n";
        if line.starts_with(SEPARATOR) || (separators == 0 && SEPARATOR.starts_with(&line)) {
            separators += 1;
        } else if line.starts_with(b"From ") || (separators == 0 && !is_gap) {
            return Ok(false);
        }
        line.clear();
    }
    Ok(separators <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn quote(pieces: &[&[u8]]) -> Vec<u8> {
        let mut quoting = MboxRd::new(Vec::new());
        for piece in pieces {
            quoting.write_all(piece).unwrap();
        }
        quoting.finish().unwrap()
    }

    #[test]
    fn every_cut_gives_the_same() {
        let cases: [(&str, &str); 14] = [
            ("", "\n"),
            ("a\n", "a\n\n"),
            ("a", "a\n\n"),
            ("From me\n", ">From me\n\n"),
            (">From me\n", ">>From me\n\n"),
            (">>>From me\n", ">>>>From me\n\n"),
            ("a\n\nFrom b\nFrom c\n", "a\n\n>From b\n>From c\n\n"),
            ("From\nFrom:\nfrom x\n", "From\nFrom:\nfrom x\n\n"),
            (" From x\n> From x\n", " From x\n> From x\n\n"),
            ("Fro", "Fro\n\n"),
            ("From ", ">From \n\n"),
            (">", ">\n\n"),
            ("FFrom x\nF\n>F\n", "FFrom x\nF\n>F\n\n"),
            ("x From y\n>\n>>\nFrom ", "x From y\n>\n>>\n>From \n\n"),
        ];
        for (given, wanted) in cases {
            let given = given.as_bytes();
            for first in 0..=given.len() {
                for second in first..=given.len() {
                    let pieces = [&given[..first], &given[first..second], &given[second..]];
                    let got = quote(&pieces);
                    assert_eq!(
                        String::from_utf8_lossy(&got),
                        wanted,
                        "{given:?} cut at {first}, {second}"
                    );
                }
            }
        }
    }

    #[test]
    fn unquoting_gives_the_message_back() {
        let message = "From a\n>From b\n\n>>From c\n>x\nFrom\n";
        let quoted = String::from_utf8(quote(&[message.as_bytes()])).unwrap();
        let back: String = quoted
            .strip_suffix('\n')
            .unwrap()
            .split_inclusive('\n')
            .map(|line| {
                let is_quoted = line.trim_start_matches('>').starts_with("From ");
                line.strip_prefix('>').filter(|_| is_quoted).unwrap_or(line)
            })
            .collect();
        assert_eq!(back, message);
    }

    #[test]
    fn the_separators_date_is_asctimes() {
        for (seconds, wanted) in [
            (0, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"),
            (
                1_793_862_489,
                "From MAILER-DAEMON Thu Nov  5 07:08:09 2026\n",
            ),
            (
                1_709_164_800,
                "From MAILER-DAEMON Thu Feb 29 00:00:00 2024\n",
            ),
        ] {
            let mut line = Vec::new();
            write_separator(&mut line, UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
            assert_eq!(String::from_utf8(line).unwrap(), wanted);
        }
    }
}

//! Whole lines out of chunks of any size. A line that lies whole in a chunk is borrowed from it; one that is split is
//! gathered, and of that no more than `LINE` octets are kept, while the rest is read and dropped. Where a line ends
//! never depends on `LINE`.

use core::fmt;

use arrayvec::ArrayVec;

use super::{LineEnd, take_line};

/// Gathers the octets of a line that is split over chunks.
#[derive(Clone)]
pub(crate) struct LineReader<const LINE: usize> {
    kept: ArrayVec<u8, LINE>,
    /// The last octet was a CR: part of the line only if no LF follows.
    pending_cr: bool,
    /// The line has had more than `LINE` octets.
    truncated: bool,
    /// `kept` holds a line that was handed out; the next call begins another.
    complete: bool,
}

/// A line without its line end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'i> {
    /// The line as it lies in the chunk; `None`: it was split, and [`LineReader::kept`] has it.
    whole: Option<&'i [u8]>,
    /// How the line ended.
    pub(crate) ended_by: LineEnd,
    /// The line was longer than `LINE` octets: only its first `LINE` are here.
    pub(crate) truncated: bool,
}

/// How much is kept, and not what: a server may have repeated a password.
impl<const LINE: usize> fmt::Debug for LineReader<LINE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader")
            .field("kept", &self.kept.len())
            .field("pending_cr", &self.pending_cr)
            .field("truncated", &self.truncated)
            .field("complete", &self.complete)
            .finish()
    }
}

impl<'i> Line<'i> {
    /// The line's octets, from the chunk or from the reader that gathered it.
    pub(crate) fn octets<'s, const LINE: usize>(self, reader: &'s LineReader<LINE>) -> &'s [u8]
    where
        'i: 's,
    {
        self.whole.unwrap_or(&reader.kept)
    }
}

impl<const LINE: usize> LineReader<LINE> {
    pub(crate) const fn new() -> Self {
        Self {
            kept: ArrayVec::new_const(),
            pending_cr: false,
            truncated: false,
            complete: false,
        }
    }

    /// Reads to the end of the line; `None` when the input is used up before it.
    pub(crate) fn read<'i>(&mut self, input: &mut &'i [u8], ends: LineEnd) -> Option<Line<'i>> {
        if self.complete {
            self.clear();
        }
        loop {
            let Some([before_lf @ .., _]) = take_line(input) else {
                self.gather(core::mem::take(input));
                return None;
            };
            let untouched = self.kept.is_empty() && !self.pending_cr;
            let content = before_lf.strip_suffix(b"\r").unwrap_or(before_lf);
            let cr = content.len() < before_lf.len() || before_lf.is_empty() && self.pending_cr;
            if ends == LineEnd::CrLf && !cr {
                self.gather(before_lf);
                self.append(b"\n");
                continue;
            }
            if !untouched {
                self.gather(before_lf);
            }
            self.complete = true;
            return Some(Line {
                whole: untouched.then(|| content.get(..LINE).unwrap_or(content)),
                ended_by: if cr { LineEnd::CrLf } else { LineEnd::Lf },
                truncated: self.truncated || content.len() > LINE,
            });
        }
    }

    /// Whether a line has begun and is not complete.
    pub(crate) fn is_begun(&self) -> bool {
        !self.complete && (self.pending_cr || !self.kept.is_empty())
    }

    /// Wipes a line that was handed out.
    pub(crate) fn wipe_shown(&mut self) {
        if self.complete {
            self.clear();
        }
    }

    /// Forgets the line, a half-read one too, and wipes it: there are servers that repeat the password.
    #[inline(never)]
    pub(crate) fn clear(&mut self) {
        self.kept.fill(0);
        self.kept.clear();
        self.pending_cr = false;
        self.truncated = false;
        self.complete = false;
    }

    /// Adds octets of a line that goes on. A CR at their end waits for the next octet.
    fn gather(&mut self, octets: &[u8]) {
        if let Some(content) = octets.strip_suffix(b"\r") {
            self.append(content);
            self.pending_cr = true;
        } else if !octets.is_empty() {
            self.append(octets);
        }
    }

    /// Adds octets, and before them a CR that turned out to be part of the line.
    fn append(&mut self, octets: &[u8]) {
        if core::mem::take(&mut self.pending_cr) {
            self.append(b"\r");
        }
        let (fits, over) = octets
            .split_at_checked(self.kept.remaining_capacity())
            .unwrap_or((octets, &[]));
        // Cannot fail: `fits` is no longer than the room.
        let _ = self.kept.try_extend_from_slice(fits);
        self.truncated |= !over.is_empty();
    }
}

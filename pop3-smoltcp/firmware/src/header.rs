//! The lines of a mail's header, out of pieces that are cut anywhere.

/// Of a longer line this much is kept: RFC 5322 section 2.1.1 asks for no more than 78 octets.
const LONGEST: usize = 78;

/// Puts the lines of a header together. Behind the empty line, in the body, it does nothing.
#[derive(Debug)]
pub(crate) struct HeaderLines {
    line: [u8; LONGEST],
    kept: usize,
    /// Some of this line has come.
    begun: bool,
    in_body: bool,
}

impl HeaderLines {
    pub(crate) const fn new() -> Self {
        Self {
            line: [0; LONGEST],
            kept: 0,
            begun: false,
            in_body: false,
        }
    }

    /// Takes the mail's next octets, and shows each line of the header that is complete with them, without its end.
    pub(crate) fn feed(&mut self, octets: &[u8], mut see: impl FnMut(&[u8])) {
        for &octet in octets {
            if self.in_body {
                return;
            }
            match octet {
                b'\n' if !self.begun => self.in_body = true,
                b'\n' => {
                    see(&self.line[..self.kept]);
                    (self.kept, self.begun) = (0, false);
                }
                // In a header a CR is nothing but the first half of a line end.
                b'\r' => {}
                _ => {
                    self.begun = true;
                    if let Some(slot) = self.line.get_mut(self.kept) {
                        *slot = octet;
                        self.kept += 1;
                    }
                }
            }
        }
    }
}

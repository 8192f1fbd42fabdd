//! A command that is longer than the transmit ring, on its way into it.

use core::fmt;

use zeroize::Zeroize as _;

/// Up to `OUT` octets that are still to be sent. They are wiped when they are.
#[derive(Clone)]
pub(crate) struct Outbox<const OUT: usize> {
    octets: [u8; OUT],
    /// What of `octets` is still to be sent: from here,
    from: usize,
    /// to here.
    to: usize,
}

/// How much there is, and not what: it may be a password.
impl<const OUT: usize> fmt::Debug for Outbox<OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("pending", &self.pending().len())
            .finish()
    }
}

impl<const OUT: usize> Outbox<OUT> {
    pub(crate) const fn new() -> Self {
        Self {
            octets: [0; OUT],
            from: 0,
            to: 0,
        }
    }

    /// What is still to be sent.
    pub(crate) fn pending(&self) -> &[u8] {
        self.octets.get(self.from..self.to).unwrap_or_default()
    }

    /// All the room there is. Only to be written to when nothing is pending.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.octets
    }

    /// So many octets of the room are now to be sent.
    pub(crate) fn fill(&mut self, octets: usize) {
        (self.from, self.to) = (0, octets.min(OUT));
    }

    /// So many octets of what was pending are sent.
    pub(crate) fn sent(&mut self, octets: usize) {
        self.from = self.from.saturating_add(octets);
        if self.from >= self.to {
            self.clear();
        }
    }

    /// Wipes it all.
    pub(crate) fn clear(&mut self) {
        self.octets.zeroize();
        (self.from, self.to) = (0, 0);
    }
}

impl<const OUT: usize> Default for Outbox<OUT> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const OUT: usize> Drop for Outbox<OUT> {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Outbox;

    #[test]
    fn what_has_been_sent_is_wiped() {
        let mut outbox: Outbox<8> = Outbox::new();
        outbox.room().copy_from_slice(b"PASS ab\n");
        outbox.fill(8);
        outbox.sent(3);
        assert_eq!(outbox.pending(), b"S ab\n");
        outbox.sent(5);
        assert_eq!((outbox.pending(), outbox.octets), (&b""[..], [0; 8]));
        outbox.room().copy_from_slice(b"PASS ab\n");
        outbox.fill(8);
        outbox.clear();
        assert_eq!((outbox.pending(), outbox.octets), (&b""[..], [0; 8]));
    }
}

//! `defmt::Format` by hand, for what has octets in it that may be secret. As in `pop3-proto`, none of them is sent to the host.

use defmt::{Format, Formatter, write};

use crate::{Driver, Session, WayIn};

impl<const DEPTH: usize, const LINE: usize> Format for Session<DEPTH, LINE> {
    fn format(&self, f: Formatter<'_>) {
        let (client, deadline) = (self.client(), self.deadline());
        write!(
            f,
            "Session {{ client: {}, deadline: {}, .. }}",
            client, deadline
        );
    }
}

impl<const DEPTH: usize, const LINE: usize, const OUT: usize> Format for Driver<DEPTH, LINE, OUT> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "Driver {{ client: {}, .. }}", self.client());
    }
}

impl Format for WayIn<'_> {
    fn format(&self, f: Formatter<'_>) {
        if self.open {
            write!(f, "WayIn({})", self.login);
        } else {
            write!(f, "WayIn({})", self.opening);
        }
    }
}

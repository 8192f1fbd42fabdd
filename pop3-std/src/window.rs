//! How far commands may run ahead of their replies.

/// How many commands can be in flight at most, whatever [`Window::commands`] says.
pub const MAX_IN_FLIGHT: usize = 256;

/// How many commands, and how many octets of commands, may be written and not yet answered (pipelining, RFC 2449 section
/// 6.6).
///
/// It matters only where commands are pipelined at all: see [`Pipelining`](crate::Pipelining). One command may always be
/// in flight, whatever its length.
///
/// ```
/// use pop3_std::Window;
///
/// let window = Window::new().commands(16);
/// assert_eq!((window.commands, window.octets), (16, 1024));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// How many commands. By default 64, at most [`MAX_IN_FLIGHT`]. 1 or less: no pipelining.
    pub commands: usize,
    /// How many octets of commands, line ends included. By default 1,024: what is in flight then fits into the buffers
    /// of nearly every server, as RFC 2449 asks for where reading and writing wait for each other.
    ///
    /// Here they do not, so more is safe as well, unless the stream knows no time-outs ([`Untimed`](crate::Untimed)).
    pub octets: usize,
}

impl Window {
    /// The default: 64 commands, 1,024 octets.
    pub const fn new() -> Self {
        Self {
            commands: 64,
            octets: 1024,
        }
    }

    /// Sets [`commands`](Self::commands).
    #[must_use]
    pub const fn commands(mut self, commands: usize) -> Self {
        self.commands = commands;
        self
    }

    /// Sets [`octets`](Self::octets).
    #[must_use]
    pub const fn octets(mut self, octets: usize) -> Self {
        self.octets = octets;
        self
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new()
    }
}

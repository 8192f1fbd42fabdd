//! How long to wait for what.

use core::fmt;

use pop3_proto::Request;

/// How long to wait for a server, in milliseconds.
///
/// A server cannot stretch any of these times by sending octets one by one, except for a message or a list, which takes as
/// long as it takes.
///
/// ```
/// use pop3_smoltcp::Timeouts;
///
/// let timeouts = Timeouts::new().connect(5_000).silence(Timeouts::NEVER);
/// assert_eq!(timeouts.reply, 120_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Timeouts {
    /// For the connection to be made. By default 30 seconds: enough for the four or five SYNs that are sent in that time, and
    /// no server that answers none of them is there.
    pub connect: u32,
    /// For the whole greeting, from the connection on; for a TLS handshake as well. By default 1 minute: servers look the
    /// client's name up before they greet, and a resolver that gets no answer gives up after half of that.
    pub greeting: u32,
    /// For the way in as a whole, from the first step of [`WayIn`](crate::WayIn) to its last. By default 5 minutes: a
    /// log-in takes several commands, and a server may delay the answer to a wrong password, or lock and read a large
    /// maildrop before it answers to the right one.
    pub log_in: u32,
    /// For the status line of a reply, from the command on; also for the server to take a command. By default 2 minutes: less
    /// than servers have been seen to take to open a large maildrop would be wrong, and a server gives up no sooner than
    /// after ten minutes of silence (RFC 1939 section 3).
    pub reply: u32,
    /// For more of a message or of a list to come, since its last octets came. By default 1 minute: TCP repeats a lost
    /// segment several times within it.
    pub silence: u32,
    /// For the answer to QUIT, and, behind it, for the connection to be closed. By default 2 minutes: only now the server
    /// deletes what it was told to, and whoever leaves early does not know whether it did.
    pub quit: u32,
}

impl Timeouts {
    /// No time-out. Then a server that says nothing keeps the client for ever.
    pub const NEVER: u32 = u32::MAX;

    /// The default values.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            connect: 30_000,
            greeting: 60_000,
            log_in: 300_000,
            reply: 120_000,
            silence: 60_000,
            quit: 120_000,
        }
    }

    /// Sets [`connect`](Self::connect).
    #[must_use]
    pub const fn connect(mut self, milliseconds: u32) -> Self {
        self.connect = milliseconds;
        self
    }

    /// Sets [`greeting`](Self::greeting).
    #[must_use]
    pub const fn greeting(mut self, milliseconds: u32) -> Self {
        self.greeting = milliseconds;
        self
    }

    /// Sets [`log_in`](Self::log_in).
    #[must_use]
    pub const fn log_in(mut self, milliseconds: u32) -> Self {
        self.log_in = milliseconds;
        self
    }

    /// Sets [`reply`](Self::reply).
    #[must_use]
    pub const fn reply(mut self, milliseconds: u32) -> Self {
        self.reply = milliseconds;
        self
    }

    /// Sets [`silence`](Self::silence).
    #[must_use]
    pub const fn silence(mut self, milliseconds: u32) -> Self {
        self.silence = milliseconds;
        self
    }

    /// Sets [`quit`](Self::quit).
    #[must_use]
    pub const fn quit(mut self, milliseconds: u32) -> Self {
        self.quit = milliseconds;
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

/// What was waited for when the time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Phase {
    /// The connection.
    Connect,
    /// The greeting.
    Greeting,
    /// The TLS handshake.
    Tls,
    /// The end of the log-in, as a whole.
    LogIn,
    /// Room for a command: the server takes none of what was sent before.
    Send,
    /// The status line of the reply to this command.
    Reply(Request),
    /// More of the multi-line reply to this command.
    Rest(Request),
    /// The answer to QUIT: whether the deletions were made is unknown.
    Quit,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("the connection"),
            Self::Greeting => f.write_str("the greeting"),
            Self::Tls => f.write_str("the TLS handshake"),
            Self::LogIn => f.write_str("the end of the log-in"),
            Self::Send => f.write_str("room to send a command"),
            Self::Reply(request) => write!(f, "the reply to {request}"),
            Self::Rest(request) => write!(f, "more of the reply to {request}"),
            Self::Quit => f.write_str("the reply to QUIT"),
        }
    }
}

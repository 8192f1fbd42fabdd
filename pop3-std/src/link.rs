//! The stream and the protocol together: the one place where octets are read and written.

mod pipelined;

use std::hint::black_box;
use std::io::{self, Write};
use std::ops::Range;
use std::ptr;
use std::sync::Arc;

use pop3_proto::{
    Client, Command, CommandKind, Event, MAX_COMMAND, MAX_LINE, ReceiveError, Request, SendError,
    State, Waiting,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use zeroize::{Zeroize as _, Zeroizing};

use crate::blame::{self, Doing};
use crate::channel::Channel;
use crate::error::{Error, ErrorKind};
use crate::timeouts::Timeouts;
use crate::tls::ChannelBinding;
use crate::trace::{Secrets, Trace, is_cut};
use crate::transport::Transport;
use crate::window::{MAX_IN_FLIGHT, Window};

/// How many octets are read at a time: as many as a TLS record holds at most.
pub const RECEIVE_BUFFER: usize = 16 * 1024;

/// How many octets the client keeps of a line: SASL's challenges know no limit of 512 (RFC 5034 section 4), and those of NTLM
/// and GSSAPI go beyond it.
pub(crate) const LINE: usize = 12 * 1024;

/// A connection, its session, and what has been received and not yet looked at.
pub(crate) struct Link<S> {
    channel: Channel<S>,
    client: Client<MAX_IN_FLIGHT, LINE>,
    window: Window,
    /// The server took nothing of what is to be written when it was tried last.
    blocked: bool,
    buffer: Box<[u8]>,
    /// What the client has not seen yet of `buffer`.
    pending: Range<usize>,
    /// The line that is being read, as far as it is kept: for errors, for the trace, and for CAPA.
    line: Vec<u8>,
    /// How much there was so far of the message that is being read; `None`: it is no message.
    message_octets: Option<u64>,
    doing: Doing,
    secrets: Secrets,
    trace: Trace,
    /// The server may never have got the last command as a whole, so none can follow it.
    unsent: Option<io::Error>,
    /// What ended the session, if it ended before its time.
    failure: Option<Error>,
}

/// Where an event came from.
pub(crate) struct Seen<'a> {
    /// What was being done.
    pub(crate) doing: Doing,
    /// The line that it was read from, with its line end, if it was a line.
    pub(crate) line: &'a [u8],
    buffer: &'a [u8],
    secrets: &'a Secrets,
}

impl Seen<'_> {
    /// A server's text without the secrets that it repeats.
    pub(crate) fn hide(&self, text: pop3_proto::Text<'_>) -> Vec<u8> {
        self.secrets.hide(text.as_bytes(), is_cut(self.line))
    }
}

/// The next octets of a message.
pub(crate) enum Piece {
    /// They lie here in the receive buffer, until more is read.
    Received(Range<usize>),
    /// They lie elsewhere: the CR, for one, that was held back in an earlier chunk.
    Other(Vec<u8>),
    /// The message is complete.
    End,
}

impl<S: Transport> Link<S> {
    pub(crate) fn new(
        stream: S,
        timeouts: Timeouts,
        config: pop3_proto::Config,
        trace: Trace,
    ) -> Self {
        let mut channel = Channel::new(stream, timeouts);
        channel.stream.begin(Some(timeouts.read));
        Self {
            channel,
            client: Client::with_config(config),
            window: Window::new(),
            blocked: false,
            buffer: vec![0; RECEIVE_BUFFER].into_boxed_slice(),
            pending: 0..0,
            // Growing would leave copies behind of what a server repeats.
            line: Vec::with_capacity(MAX_LINE),
            message_octets: None,
            doing: Doing::Greeting { in_clear: true },
            secrets: Secrets::default(),
            trace,
            unsent: None,
            failure: None,
        }
    }

    /// Makes sure that the next that the server says is the answer to this. What is left of an earlier reply is read
    /// away.
    pub(crate) fn clear_the_way(&mut self, request: Request) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(blame::session_over(request, failure));
        }
        // What is said within an exchange belongs to the command that began it.
        if !matches!(request.kind, CommandKind::Response | CommandKind::Cancel) {
            self.finish_replies()?;
        }
        // What is left now, nobody asked for: the server says goodbye, or breaks the protocol.
        self.received_event(&mut |_, _| ())?;
        match (&self.failure, self.unsent.take()) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Some(error)) => Err(self.connection_lost(Some(error))),
            (None, None) => self.finish_writing(),
        }
    }

    /// Encodes a command and writes it, in one write.
    pub(crate) fn send(&mut self, command: &Command<'_>) -> Result<(), Error> {
        let request = Request {
            kind: command.kind(),
            message: command.message(),
        };
        self.clear_the_way(request)?;
        let (answered, octets) = self
            .encode(command)
            .map_err(|error| Error::new(ErrorKind::Usage, request, error).with_source(error))?;
        self.doing = Doing::Request(answered);
        self.trace.command(command);

        let timeouts = self.channel.stream.timeouts();
        self.channel.stream.begin(Some(timeouts.write));
        let written = self.channel.write_all(&octets);
        match written.and_then(|()| self.channel.flush()) {
            // A server that has closed the connection may have said why: reading tells.
            Err(error) if blame::is_lost(&error) => self.unsent = Some(error),
            Err(error) => return Err(self.transport_failed(error)),
            Ok(()) => {}
        }
        let whole = timeouts.reply.unwrap_or(timeouts.read).min(timeouts.read);
        self.channel.stream.begin(Some(whole));
        Ok(())
    }

    /// The command as octets, which are wiped when they are dropped, and what its reply will name.
    fn encode(
        &mut self,
        command: &Command<'_>,
    ) -> Result<(Request, Zeroizing<Vec<u8>>), SendError> {
        let mut out = Zeroizing::new(vec![0; MAX_COMMAND]);
        let sent = match self.client.send(command, &mut out) {
            Err(SendError::BufferTooSmall { needed }) => {
                // Growing may leave a copy behind, but nothing has been written yet.
                out.resize(needed, 0);
                self.client.send(command, &mut out)?
            }
            sent => sent?,
        };
        out.truncate(sent.octets);
        // Who sees the digest can try passwords at leisure, and base64 hides nothing.
        let mut words = out.trim_ascii_end().split(|&octet| octet == b' ');
        let made = match command {
            Command::Response(_) => words.next(),
            Command::Apop { .. } => words.next_back(),
            // The mechanism's name is no secret, and `=` stands for nothing.
            Command::Auth { .. } => words.nth(2).filter(|response| *response != b"="),
            _ => None,
        };
        if let Some(made) = made {
            self.secrets.add(made);
        }
        Ok((sent.request, out))
    }

    /// Shows the next event to `see`.
    pub(crate) fn next_event<T>(
        &mut self,
        mut see: impl FnMut(&Event<'_>, &Seen<'_>) -> T,
    ) -> Result<T, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        loop {
            if let Some(seen) = self.received_event(&mut see)? {
                return Ok(seen);
            }
            self.fill()?;
        }
    }

    /// Shows the next event in what has been received to `see`; `None`: there is none.
    fn received_event<T>(
        &mut self,
        see: &mut impl FnMut(&Event<'_>, &Seen<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        while !self.pending.is_empty() {
            let input = self.buffer.get(self.pending.clone()).unwrap_or_default();
            let mut rest = input;
            let received = self.client.receive(&mut rest);
            let taken = input.len().saturating_sub(rest.len());
            self.pending.start = self.pending.end.saturating_sub(rest.len());
            if self.message_octets.is_none() {
                let kept = MAX_LINE.saturating_sub(self.line.len()).min(taken);
                self.line
                    .extend_from_slice(input.get(..kept).unwrap_or_default());
            }
            let event = match received {
                Ok(Some(event)) => event,
                Ok(None) => continue,
                Err(error) => return Err(self.protocol_broken(error)),
            };
            let seen = Seen {
                doing: self.doing,
                line: &self.line,
                buffer: &self.buffer,
                secrets: &self.secrets,
            };
            match event {
                Event::Body(octets) => {
                    let more = u64::try_from(octets.len()).unwrap_or(u64::MAX);
                    self.message_octets = self.message_octets.map(|sum| sum.saturating_add(more));
                }
                Event::End { .. } if self.message_octets.is_some() => {
                    self.trace.message(self.message_octets.take().unwrap_or(0));
                }
                // It may repeat what is secret, where base64 hides it from those who look for it.
                Event::Challenge { challenge, .. } if !challenge.as_base64().is_empty() => {
                    self.trace.line(b"+ ***", &self.secrets);
                }
                _ => self.trace.line(&self.line, &self.secrets),
            }
            match event {
                // From here on it may be long, but for what is gathered before anybody sees it.
                Event::Begin { request, .. }
                    if !matches!(request.kind, CommandKind::Capa | CommandKind::Languages) =>
                {
                    let timeouts = self.channel.stream.timeouts();
                    self.channel.stream.bound(timeouts.reply);
                    if matches!(request.kind, CommandKind::Retr | CommandKind::Top) {
                        self.message_octets = Some(0);
                    }
                }
                Event::Farewell { text } => {
                    self.failure = Some(blame::farewell(self.doing, text, seen.hide(text)));
                }
                _ => {}
            }
            let result = see(&event, &seen);
            self.line.clear();
            return Ok(Some(result));
        }
        Ok(None)
    }

    /// Shows the next event to `read`, which gives `None` for one that is no answer. Refusals, goodbyes and what cannot
    /// be read are errors.
    pub(crate) fn answer<T>(&mut self, read: impl Fn(&Event<'_>) -> Option<T>) -> Result<T, Error> {
        self.next_event(|event, seen| match blame::no_answer(event, seen) {
            Some(error) => Err(error),
            None => read(event).ok_or_else(|| blame::unexpected(seen)),
        })?
    }

    /// The next piece of the message that a reply brings.
    pub(crate) fn next_piece(&mut self) -> Result<Piece, Error> {
        self.next_event(|event, seen| match event {
            Event::Body(octets) => match range_within(seen.buffer, octets) {
                Some(range) => Piece::Received(range),
                None => Piece::Other(octets.to_vec()),
            },
            _ => Piece::End,
        })
    }

    /// What [`Piece::Received`] means.
    pub(crate) fn received(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Reads away what is left of the reply in progress, if that has begun.
    pub(crate) fn finish_reply(&mut self) -> Result<(), Error> {
        match (&self.failure, self.client.waiting_for()) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Some(Waiting::Rest(_))) => self.skip_reply(),
            (None, _) => Ok(()),
        }
    }

    fn fill(&mut self) -> Result<(), Error> {
        self.pending = 0..0;
        match self.read() {
            Ok(0) => Err(self.connection_lost(None)),
            Ok(count) => {
                self.pending = 0..count.min(self.buffer.len());
                Ok(())
            }
            Err(error) => Err(self.transport_failed(error)),
        }
    }

    /// Begins TLS, now.
    pub(crate) fn start_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<(), Error> {
        if !self.pending.is_empty() {
            return Err(self.protocol_broken(ReceiveError::PlaintextAfterStls));
        }
        let read = self.channel.stream.timeouts().read;
        self.channel.stream.begin(Some(read));
        let established = match self.channel.start_tls(config, name) {
            Ok(established) => established,
            Err(error) => return Err(self.fail(blame::handshake(error))),
        };
        self.client.tls_established().map_err(|error| {
            Error::new(ErrorKind::Usage, Doing::Handshake, error).with_source(error)
        })?;
        if let Doing::Greeting { in_clear } = &mut self.doing {
            *in_clear = false;
        }
        self.trace.note(&established);
        self.channel.stream.begin(Some(read));
        Ok(())
    }

    /// Ends the connection after its session has ended. A server that has broken it hears no more.
    pub(crate) fn close(&mut self) {
        if self.failure.is_none() {
            self.channel.close();
            self.trace.note(&"closed");
        }
    }

    fn protocol_broken(&mut self, error: ReceiveError) -> Error {
        if !self.line.is_empty() {
            self.trace.line(&self.line, &self.secrets);
        }
        let line = self.secrets.hide(&self.line, is_cut(&self.line));
        self.fail(
            Error::new(
                ErrorKind::Protocol,
                self.doing,
                format!("{error}{}", self.doing.advice()),
            )
            .with_server_text(line.trim_ascii_end().to_vec())
            .with_source(error),
        )
    }

    fn transport_failed(&mut self, error: io::Error) -> Error {
        if blame::is_lost(&error) {
            return self.connection_lost(Some(error));
        }
        self.fail(blame::transport(self.doing, error))
    }

    fn connection_lost(&mut self, error: Option<io::Error>) -> Error {
        let waiting = self.client.waiting_for();
        self.fail(blame::lost(self.doing, waiting, error))
    }

    /// The session is over, and this is why.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.client.abort();
        self.trace.note(&error);
        self.failure = Some(error.clone());
        error
    }
}

impl<S> Link<S> {
    /// What ties a log-in to this connection, and to no other.
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        self.channel.channel_binding()
    }

    pub(crate) fn client(&self) -> &Client<MAX_IN_FLIGHT, LINE> {
        &self.client
    }

    /// Whether another command can be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.unsent.is_none() && !self.is_over()
    }

    /// Whether nothing more can be read.
    pub(crate) fn is_over(&self) -> bool {
        self.failure.is_some() || self.client.state() == State::Closed
    }

    /// From now on, neither errors nor the trace show this secret.
    pub(crate) fn hide(&mut self, secret: &[u8]) {
        self.secrets.add(secret);
    }

    /// Wipes what [`Link::hide`] was told, and what is left of it where it was used or repeated by the server.
    pub(crate) fn forget_secrets(&mut self) {
        self.secrets.forget();
        self.client.wipe_line();
        self.line.zeroize();
        let pending = match self.is_over() {
            true => 0..0,
            false => self.pending.clone(),
        };
        let (seen, rest) = self.buffer.split_at_mut(pending.start);
        seen.zeroize();
        if let Some(behind) = rest.get_mut(pending.len()..) {
            behind.zeroize();
        }
        wipe_stack();
    }
}

/// How far down the stack a log-in goes, as far as it is this crate's and the protocol's.
const STACK: usize = 32 * 1024;

/// Wipes what the functions that have just returned have left on the stack: the digest of APOP and the states that it is
/// computed in are moved about there.
#[inline(never)]
fn wipe_stack() {
    let mut stack = [0_u8; STACK];
    stack.as_mut_slice().zeroize();
    black_box(&stack);
}

/// Where in `buffer` these octets lie, if they are part of it.
fn range_within(buffer: &[u8], octets: &[u8]) -> Option<Range<usize>> {
    let start = octets.as_ptr().addr().checked_sub(buffer.as_ptr().addr())?;
    let range = start..start.checked_add(octets.len())?;
    let found = buffer.get(range.clone())?;
    ptr::eq(found, octets).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::range_within;

    #[test]
    fn octets_are_found_by_where_they_are_and_not_by_what_they_are() {
        let buffer = *b"\r\r\r";
        assert_eq!(range_within(&buffer, &buffer[1..2]), Some(1..2));
        assert_eq!(range_within(&buffer, &buffer), Some(0..3));
        assert_eq!(range_within(&buffer, b"\r"), None);
        assert_eq!(range_within(&buffer[..2], &buffer[2..]), None);
    }
}

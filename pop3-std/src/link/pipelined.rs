//! Commands that are written while the replies to earlier ones are still to be read.
//!
//! A server that sends a long message may take no command until that is out, and it is not out before the client reads
//! it: a client that wrote with patience would wait for a server that waits for the client. So what is to be written is
//! queued, and writing and reading take turns.

use std::io::{self, ErrorKind as IoErrorKind, Read as _};

use pop3_proto::{Command, MAX_COMMAND, Request, SendError, Waiting};

use super::Link;
use crate::blame::{self, Doing};
use crate::error::{Error, ErrorKind};
use crate::transport::Transport;
use crate::window::Window;

impl<S: Transport> Link<S> {
    /// Queues a command behind those of the same batch that are in flight, `written` octets in all, and says how many octets
    /// it has. `None`: one of them has to be answered first.
    ///
    /// Before the first one, what is left of earlier replies is read away.
    pub(crate) fn enqueue(
        &mut self,
        command: &Command<'_>,
        written: usize,
    ) -> Result<Option<usize>, Error> {
        let request = Request {
            kind: command.kind(),
            message: command.message(),
        };
        let first = written == 0;
        let room = if first {
            self.clear_the_way(request)?;
            MAX_COMMAND
        } else if self.client.in_flight() >= self.window.commands {
            return Ok(None);
        } else {
            self.window.octets.saturating_sub(written).min(MAX_COMMAND)
        };
        let mut out = [0; MAX_COMMAND];
        let sent = match self
            .client
            .send(command, out.get_mut(..room).unwrap_or_default())
        {
            Ok(sent) => sent,
            Err(
                SendError::Awaiting(_) | SendError::PipelineFull | SendError::BufferTooSmall { .. },
            ) if !first => return Ok(None),
            Err(error) => {
                return Err(Error::new(ErrorKind::Usage, request, error).with_source(error));
            }
        };
        self.trace.command(command);
        self.channel
            .queue(out.get(..sent.octets).unwrap_or_default());
        match self.doing {
            _ if first => self.begin_reply(Doing::Request(request)),
            Doing::Request(oldest) => self.doing = Doing::Pipelined(oldest),
            _ => {}
        }
        Ok(Some(sent.octets))
    }

    /// The time for the reply that is due counts from now on, if it has not begun: the one before it is complete, and what
    /// the caller did meanwhile is no time that the server took.
    pub(crate) fn begin_next_reply(&mut self) {
        if let Some(Waiting::Reply(request)) = self.client.waiting_for() {
            self.begin_reply(match self.doing {
                Doing::Request(doing) if doing == request => self.doing,
                _ => Doing::Pipelined(request),
            });
        }
    }

    fn begin_reply(&mut self, doing: Doing) {
        self.doing = doing;
        let timeouts = self.channel.stream.timeouts();
        let whole = timeouts.reply.unwrap_or(timeouts.read).min(timeouts.read);
        self.channel.stream.begin(Some(whole));
    }

    /// Reads away the reply that is due, or what is left of it.
    pub(crate) fn skip_reply(&mut self) -> Result<(), Error> {
        self.begin_next_reply();
        while !self.next_event(|event, _| event.completes().is_some())? {}
        Ok(())
    }

    /// Reads away all replies that are due.
    pub(super) fn finish_replies(&mut self) -> Result<(), Error> {
        while self.client.in_flight() > 0 {
            self.skip_reply()?;
        }
        Ok(())
    }

    /// Writes what is left to be written, when nothing is left to be read: a server has answered what it cannot have got.
    pub(super) fn finish_writing(&mut self) -> Result<(), Error> {
        if !self.channel.has_unsent() {
            return Ok(());
        }
        self.blocked = false;
        let write = self.channel.stream.timeouts().write;
        self.channel.stream.begin(Some(write));
        self.channel
            .write_queued()
            .map_err(|error| self.transport_failed(error))
    }

    /// Reads, and meanwhile writes what is queued.
    pub(super) fn read(&mut self) -> io::Result<usize> {
        if !self.channel.has_unsent() {
            return self.channel.read(&mut self.buffer);
        }
        self.channel.stream.take_turns();
        let result = self.read_in_turns();
        self.channel.stream.take_no_turns();
        match result? {
            Some(count) => Ok(count),
            None => self.channel.read(&mut self.buffer),
        }
    }

    /// Reads something, or else writes all that is queued.
    fn read_in_turns(&mut self) -> io::Result<Option<usize>> {
        loop {
            // As long as the server sends, it is not asked again and again to take something.
            if !self.blocked {
                match self.channel.write_queued() {
                    Ok(()) => return Ok(None),
                    Err(error) if error.kind() == IoErrorKind::WouldBlock => self.blocked = true,
                    // A server that has closed the connection may have said why, and answered before: reading tells.
                    Err(error) if blame::is_lost(&error) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            match self.channel.read(&mut self.buffer) {
                Err(error) if error.kind() == IoErrorKind::WouldBlock => self.blocked = false,
                result => return result.map(Some),
            }
        }
    }
}

impl<S> Link<S> {
    pub(crate) fn set_window(&mut self, window: Window) {
        self.window = window;
    }

    /// What ended the session, if it ended before its time.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }
}

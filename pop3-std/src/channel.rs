//! Octets to and from the server, in clear or inside TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, Stream};

use crate::timeouts::{Timed, Timeouts};
use crate::tls::{self, ChannelBinding, Situation};
use crate::transport::Transport;

/// A stream, and TLS on it once that is established.
pub(crate) struct Channel<S> {
    pub(crate) stream: Timed<S>,
    tls: Option<Box<ClientConnection>>,
    /// Whether there is a client certificate to show.
    has_certificate: bool,
    /// Commands that are to be written while replies are read, as far as neither the stream nor TLS has taken them. They
    /// hold no secret.
    queue: Vec<u8>,
    /// Something of what was queued is still to be written or to be flushed.
    unsent: bool,
}

impl<S: Transport> Channel<S> {
    pub(crate) fn new(stream: S, timeouts: Timeouts) -> Self {
        Self {
            stream: Timed::new(stream, timeouts),
            tls: None,
            has_certificate: false,
            queue: Vec::new(),
            unsent: false,
        }
    }

    /// Does the TLS handshake, and says what came of it.
    pub(crate) fn start_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<String> {
        self.has_certificate = config.client_auth_cert_resolver.has_certs();
        let mut situation = Situation {
            answered: false,
            looked: false,
            has_certificate: self.has_certificate,
        };
        let mut tls = ClientConnection::new(config, name)
            .map_err(|error| tls::explain(io::Error::other(error), situation))?;
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut self.stream) {
                let version = tls.protocol_version();
                situation.answered = version.is_some();
                situation.looked = version == Some(ProtocolVersion::TLSv1_2);
                return Err(tls::explain(error, situation));
            }
        }
        let established = established(&tls);
        self.tls = Some(Box::new(tls));
        Ok(established)
    }

    /// What went wrong on an established channel.
    fn explain(&self, error: io::Error) -> io::Error {
        tls::explain(
            error,
            Situation {
                answered: true,
                looked: true,
                has_certificate: self.has_certificate,
            },
        )
    }

    /// Adds a command to those that [`Channel::write_queued`] writes.
    pub(crate) fn queue(&mut self, command: &[u8]) {
        self.queue.extend_from_slice(command);
        self.unsent = true;
    }

    /// Whether something of what was queued is still to be written.
    pub(crate) fn has_unsent(&self) -> bool {
        self.unsent
    }

    /// Writes what is queued, all commands in one write. After an error it can be called again, and goes on behind what
    /// has been written.
    pub(crate) fn write_queued(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => {
                while !self.queue.is_empty() {
                    let count = self.stream.write(&self.queue)?;
                    self.queue.drain(..count.min(self.queue.len()));
                }
            }
            Some(tls) => {
                // From here on it is TLS that keeps them, as records, and knows how much of those has been written.
                tls.writer().write_all(&self.queue)?;
                self.queue.clear();
                while tls.wants_write() {
                    tls.write_tls(&mut self.stream)?;
                }
            }
        }
        self.stream.flush()?;
        self.unsent = false;
        Ok(())
    }

    /// Tells the server that nothing more comes. That it hears it is of no importance any more.
    pub(crate) fn close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.stream);
            let _ = self.stream.flush();
        }
    }
}

/// What the two sides have agreed on.
fn established(tls: &ClientConnection) -> String {
    let mut text = match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3, ",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2, ",
        _ => "TLS, ",
    }
    .to_owned();
    let suite = tls
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str());
    text += suite.unwrap_or("unknown cipher suite");
    if let Some(protocol) = tls.alpn_protocol() {
        text += ", ALPN ";
        text += &String::from_utf8_lossy(protocol);
    }
    if tls.handshake_kind() == Some(HandshakeKind::Resumed) {
        text += ", resumed";
    }
    text
}

impl<S> Channel<S> {
    /// What a log-in over this channel can be bound to: nothing in clear.
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        tls::channel_binding(self.tls.as_ref()?)
    }
}

impl<S: Transport> Channel<S> {
    fn read_decrypted(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.read(buffer);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            tls.read_tls(&mut self.stream)?;
            if let Err(error) = tls.process_new_packets() {
                // The server is told why, if it listens.
                let _ = tls.write_tls(&mut self.stream);
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
    }
}

impl<S: Transport> Read for Channel<S> {
    /// Reads and does not write: whether there is something to write while the server sends is the caller's to see to.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.read_decrypted(buffer) {
            Err(error) if self.tls.is_some() => Err(self.explain(error)),
            result => result,
        }
    }
}

impl<S: Transport> Write for Channel<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.write(octets),
            Some(tls) => {
                let done = Stream::new(&mut **tls, &mut self.stream).write(octets);
                done.map_err(|error| self.explain(error))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.stream.flush(),
            Some(tls) => {
                let done = Stream::new(&mut **tls, &mut self.stream).flush();
                done.map_err(|error| self.explain(error))
            }
        }
    }
}

//! Octets to and from the server, in clear or inside TLS.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Stream};

use crate::timeouts::{Timed, Timeouts};
use crate::tls::{self, ChannelBinding};
use crate::transport::Transport;

/// A stream, and TLS on it once that is established.
pub(crate) struct Channel<S> {
    pub(crate) stream: Timed<S>,
    tls: Option<Box<ClientConnection>>,
}

impl<S: Transport> Channel<S> {
    pub(crate) fn new(stream: S, timeouts: Timeouts) -> Self {
        Self {
            stream: Timed::new(stream, timeouts),
            tls: None,
        }
    }

    /// Does the TLS handshake, and says what came of it.
    pub(crate) fn start_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<String> {
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.stream)?;
        }
        let version = match tls.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        };
        let suite = tls
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or("unknown cipher suite");
        self.tls = Some(Box::new(tls));
        Ok(format!("{version}, {suite}"))
    }

    /// What a log-in over this channel can be bound to: nothing in clear.
    #[expect(dead_code, reason = "no log-in asks for it yet")]
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        tls::channel_binding(self.tls.as_ref()?)
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

impl<S: Transport> Read for Channel<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.read(buffer),
            Some(tls) => Stream::new(&mut **tls, &mut self.stream).read(buffer),
        }
    }
}

impl<S: Transport> Write for Channel<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.write(octets),
            Some(tls) => Stream::new(&mut **tls, &mut self.stream).write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.stream.flush(),
            Some(tls) => Stream::new(&mut **tls, &mut self.stream).flush(),
        }
    }
}

//! A server on the loopback interface, in a thread of its own.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::pki_types::CertificateDer;
use pop3_std::rustls::server::WebPkiClientVerifier;
use pop3_std::rustls::{
    ALL_VERSIONS, HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};
use pop3_std::{Security, Transport};

use crate::certificates::{CertificateAuthority, ServerCertificate};
use crate::play::{GREETING, Play};

pub struct Server {
    pub address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serves one connection.
    pub fn start(serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static) -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into(), serve).unwrap()
    }

    /// The same on another of this machine's own addresses, if it has that.
    pub fn on(
        address: IpAddr,
        serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let address = listener.local_addr()?;
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            // The client may go when it likes: whether it should have, it says itself.
            let _ = serve(stream);
        });
        Ok(Self { address, thread })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Waits until the server has nobody to serve any more.
    pub fn ended(self) {
        self.thread.join().unwrap();
    }
}

/// An address that refuses connections: it belonged to a listener that is gone.
pub fn refusing() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Speaks POP3 by the rules of `play`, whose greeting is said first.
pub fn speak(stream: &mut (impl Read + Write), play: &mut Play) -> io::Result<()> {
    let mut buffer = [0; 512];
    loop {
        let mut reply = Vec::new();
        let closes = match play.read_to_end(&mut reply) {
            Ok(_) => true,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        stream.write_all(&reply)?;
        stream.flush()?;
        if closes {
            return Ok(());
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        play.write_all(&buffer[..count])?;
    }
}

/// Reads a line, octet by octet, so that nothing behind it is lost.
pub fn read_line(stream: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet)?;
        line.push(octet[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

pub fn tls<S: Read + Write>(
    stream: S,
    certificate: &ServerCertificate,
) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(
        ServerConnection::new(tls_config(certificate)).unwrap(),
        stream,
    )
}

pub fn tls_config(certificate: &ServerCertificate) -> Arc<ServerConfig> {
    Arc::new(config_of(certificate, ALL_VERSIONS, None))
}

/// A configuration for these versions of TLS, which wants a client certificate of that authority, if there is one.
pub fn config_of(
    certificate: &ServerCertificate,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&CertificateAuthority>,
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.root()).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    builder
        .with_single_cert(certificate.chain(), certificate.key())
        .unwrap()
}

/// What the server has seen of a connection.
pub struct Seen {
    /// Whether a session was resumed; `None`: the handshake failed.
    pub handshake: Option<HandshakeKind>,
    pub alpn: Option<Vec<u8>>,
    pub client_certificate: Option<CertificateDer<'static>>,
}

/// Serves one connection with this configuration, from the first octet on or after STLS.
pub fn serve(
    config: &Arc<ServerConfig>,
    security: Security,
    mut play: Play,
) -> (Server, Receiver<Seen>) {
    let config = config.clone();
    let (tell, seen) = mpsc::channel();
    let server = Server::start(move |mut stream| {
        if security == Security::StartTls {
            accept_stls(&mut stream, &mut play)?;
        }
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        let spoken = speak(&mut tls, &mut play);
        let certificates = tls.conn.peer_certificates().unwrap_or_default();
        let _ = tell.send(Seen {
            handshake: tls
                .conn
                .handshake_kind()
                .filter(|_| !tls.conn.is_handshaking()),
            alpn: tls.conn.alpn_protocol().map(<[u8]>::to_vec),
            client_certificate: certificates.first().map(|first| first.clone().into_owned()),
        });
        // What the client has sent since is read away, or closing would take the alert with it.
        tls.sock.shutdown(Shutdown::Write)?;
        io::copy(&mut tls.sock, &mut io::sink())?;
        spoken
    });
    (server, seen)
}

/// A server inside TLS from the first octet, in memory: the client's end of it, where nothing ever has to be waited for.
pub struct TlsPlay {
    play: Play,
    tls: ServerConnection,
}

impl TlsPlay {
    pub fn new(play: Play, config: Arc<ServerConfig>) -> Self {
        Self {
            play,
            tls: ServerConnection::new(config).unwrap(),
        }
    }

    /// Lets the server hear what has come, and answer it.
    fn serve(&mut self) -> io::Result<()> {
        let mut heard = Vec::new();
        // It ends where nothing more has come, and that is no failure.
        let _ = self.tls.reader().read_to_end(&mut heard);
        self.play.write_all(&heard)?;
        let mut reply = Vec::new();
        let closes = self.play.read_to_end(&mut reply).is_ok();
        self.tls.writer().write_all(&reply)?;
        if closes {
            self.tls.send_close_notify();
        }
        Ok(())
    }
}

impl Read for TlsPlay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut room = &mut *buffer;
        while self.tls.wants_write() && !room.is_empty() {
            self.tls.write_tls(&mut room)?;
        }
        let left = room.len();
        match buffer.len() - left {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for TlsPlay {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let count = self.tls.read_tls(&mut &*octets)?;
        self.tls.process_new_packets().map_err(io::Error::other)?;
        if !self.tls.is_handshaking() {
            self.serve()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for TlsPlay {
    fn set_read_timeout(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}

/// Greets, accepts STLS, and speaks POP3 inside TLS.
pub fn speak_after_stls(
    mut stream: TcpStream,
    certificate: &ServerCertificate,
    play: &mut Play,
) -> io::Result<()> {
    accept_stls(&mut stream, play)?;
    speak(&mut tls(stream, certificate), play)
}

fn accept_stls(stream: &mut TcpStream, play: &mut Play) -> io::Result<()> {
    stream.write_all(GREETING.as_bytes())?;
    assert_eq!(read_line(stream)?, "STLS");
    stream.write_all(b"+OK begin\r\n")?;
    play.stage().say.clear();
    Ok(())
}

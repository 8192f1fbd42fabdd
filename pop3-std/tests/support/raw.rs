//! POP3 by hand, without the crate under test, to hold the harness itself to its word.

use super::client_certificates::ClientCertificate;
use super::{PASSWORD, USER};
use base64::prelude::{BASE64_STANDARD, Engine};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// A connection in TLS.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// One connection; every reply is read line by line.
pub struct Raw<S: Read + Write>(pub BufReader<S>);

impl<S: Read + Write> Raw<S> {
    /// A session on a connection whose greeting has not been read.
    pub fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// The next line, with its end.
    pub fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).expect("a line");
        line
    }

    /// Takes the greeting, which welcomes.
    pub fn greeting(&mut self) -> String {
        let greeting = String::from_utf8(self.line()).expect("a greeting");
        assert!(greeting.starts_with("+OK "), "{greeting}");
        greeting
    }

    /// Sends a line and takes one.
    pub fn ask(&mut self, command: &str) -> String {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .expect("a command");
        String::from_utf8(self.line()).expect("a status line")
    }

    /// Sends a command that succeeds.
    pub fn ok(&mut self, command: &str) -> String {
        let status = self.ask(command);
        assert!(status.starts_with("+OK"), "{command}: {status}");
        status
    }

    /// Sends a line that a challenge answers: its octets.
    pub fn challenged(&mut self, line: &str) -> Vec<u8> {
        let answer = self.ask(line);
        let challenge = answer
            .strip_prefix("+ ")
            .and_then(|c| c.strip_suffix("\r\n"));
        let challenge = challenge.unwrap_or_else(|| panic!("{line}: {answer}"));
        BASE64_STANDARD.decode(challenge).expect("base64")
    }

    /// Logs [`USER`] in.
    pub fn log_in(&mut self) {
        self.ok(&format!("USER {USER}"));
        self.ok(&format!("PASS {PASSWORD}"));
    }

    /// Sends a command that a message, or a list, answers.
    pub fn message(&mut self, command: &str) -> Vec<u8> {
        self.ok(command);
        let mut message = Vec::new();
        loop {
            match self.line().as_slice() {
                b".\r\n" => return message,
                [b'.', rest @ ..] => message.extend_from_slice(rest),
                line => message.extend_from_slice(line),
            }
            assert!(!message.is_empty(), "the connection ended");
        }
    }

    /// The mechanisms that CAPA announces; with none of them the line is not there.
    pub fn mechanisms(&mut self) -> Vec<String> {
        let capabilities = String::from_utf8(self.message("CAPA")).expect("text");
        let line = capabilities
            .lines()
            .find_map(|line| line.strip_prefix("SASL "));
        line.unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }
}

/// A connection on which nothing waits for ever.
pub fn connect(address: &str, port: u16) -> TcpStream {
    let stream = TcpStream::connect((address, port)).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a time-out");
    stream
}

/// Connects and takes the greeting.
pub fn greet(address: &str, port: u16) -> (Raw<TcpStream>, String) {
    let mut raw = Raw::new(connect(address, port));
    let greeting = raw.greeting();
    (raw, greeting)
}

/// Puts a connection into TLS, as nobody.
pub fn tls(stream: TcpStream, name: &str, root: CertificateDer<'static>) -> io::Result<TlsStream> {
    tls_as(None, stream, name, root)
}

/// Puts a connection into TLS, as whom the certificate names.
pub fn tls_as(
    client: Option<&ClientCertificate>,
    stream: TcpStream,
    name: &str,
    root: CertificateDer<'static>,
) -> io::Result<TlsStream> {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("a root");
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some(client) => config
            .with_client_auth_cert(client.chain(), client.key())
            .expect("a key that fits its certificate"),
    };
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a TLS client");
    let mut stream = StreamOwned::new(connection, stream);
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

/// What SASL sends on a line.
pub fn encoded(octets: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(octets)
}

//! How to reach a server: addresses, protection, time-outs.

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pop3_proto::login::{InitialResponse, Next, Opening, Security};
use pop3_proto::{Config, Event};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::blame;
use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::login::{LoginSettings, Unauthenticated};
use crate::timeouts::Timeouts;
use crate::tls::{TlsSettings, server_name};
use crate::trace::{Trace, TraceEvent};
use crate::transport::Transport;

/// Where a server is and how to talk to it: a builder, from which any number of connections can be made.
///
/// Its connections, and those of its clones, share what TLS needs to resume a session, which saves a part of the
/// handshake. A connector whose roots, client certificate or other settings of TLS are changed begins anew.
///
/// ```no_run
/// use std::time::Duration;
/// use pop3_std::{Authentication, Connector, Credentials, Security, Timeouts};
///
/// let connection = Connector::new("pop.example.org", Security::ImplicitTls)
///     .timeouts(Timeouts::all(Duration::from_secs(20)))
///     .connect()?;
/// let mut session = connection.login(&Credentials::new("mrose", "secret"), Authentication::Auto)?;
/// println!("{} messages", session.stat()?.messages);
/// session.quit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Connector {
    host: String,
    port: Option<u16>,
    security: Security,
    timeouts: Timeouts,
    login: LoginSettings,
    config: Config,
    tls: TlsSettings,
    trace: Trace,
    /// The server has announced STLS, on any of the connections made: it must not be without later.
    stls_seen: Arc<AtomicBool>,
}

impl Connector {
    /// A server by its host name or IP address, and how the connection is protected. Unless it is
    /// [`Security::ClearText`] or [`Security::StartTlsIfAvailable`], nothing but STLS itself is ever sent in clear.
    ///
    /// The host is also the name that the server's certificate must be for.
    pub fn new(host: impl Into<String>, security: Security) -> Self {
        let host: String = host.into();
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        Self {
            host: bare.unwrap_or(&host).to_owned(),
            port: None,
            security,
            timeouts: Timeouts::default(),
            login: LoginSettings::new(security),
            config: Config::new(),
            tls: TlsSettings::default(),
            trace: Trace::default(),
            stls_seen: Arc::default(),
        }
    }

    /// Another port than [`Security::default_port`].
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How long to wait.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Whether to ask for the server's capabilities before and after the log-in, which is the default. There are
    /// servers that close the connection when they are asked.
    #[must_use]
    pub fn ask_capabilities(mut self, ask: bool) -> Self {
        self.login.ask_capabilities = ask;
        self
    }

    /// When a SASL mechanism's first response goes along with AUTH. By default where it is safe to.
    #[must_use]
    pub fn initial_response(mut self, when: InitialResponse) -> Self {
        self.login.initial_response = when;
        self
    }

    /// The fewest rounds of hashing that SCRAM accepts from a server, and the most that a server can make it do. By default
    /// [`MIN_ITERATIONS`](pop3_proto::sasl::MIN_ITERATIONS) and [`MAX_ITERATIONS`](pop3_proto::sasl::MAX_ITERATIONS).
    #[must_use]
    pub fn iterations(mut self, min: u32, max: u32) -> Self {
        self.login.min_iterations = min;
        self.login.max_iterations = max;
        self
    }

    /// How lenient to be with servers that do not keep to the standard. By default not at all.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Trusts this root certificate, in addition to those of the platform.
    #[must_use]
    pub fn add_root(mut self, certificate: CertificateDer<'static>) -> Self {
        self.tls.add_root(certificate);
        self
    }

    /// Trusts all certificates in this PEM text as roots, in addition to those of the platform.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: there is none, or one cannot be read.
    pub fn add_root_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.tls.add_root_pem(pem)?;
        Ok(self)
    }

    /// Shows this certificate to a server that asks for one, and proves by `key` that it is the client's. `chain` begins with
    /// the client's own certificate, and goes on with those between it and the CA. It replaces an earlier one.
    ///
    /// Which CAs the server names when it asks is not looked at: it is this certificate or none. The key stays in memory as
    /// long as the connector and its clones, in the form that rustls keeps it in, and is not shown in [`Debug`](fmt::Debug).
    ///
    /// A server that wants a certificate and gets none, or does not accept it, is told apart by
    /// [`Error::tls_failure`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: there is no certificate, the certificate or the key cannot be used, or the key does not belong to
    /// the certificate.
    pub fn client_certificate(
        mut self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Error> {
        self.tls.client_certificate(chain, key)?;
        Ok(self)
    }

    /// The same from PEM texts: the certificates, and the private key (PKCS #8, PKCS #1 or SEC 1), which must not be
    /// encrypted. They may be one text with both in it.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use pop3_std::{Connector, Security};
    ///
    /// let connection = Connector::new("pop.example.org", Security::ImplicitTls)
    ///     .client_certificate_pem(&std::fs::read("mrose.pem")?, &std::fs::read("mrose.key")?)?
    ///     .connect()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`client_certificate`](Self::client_certificate); also where there is no key, where it is encrypted, or where either
    /// text cannot be read.
    pub fn client_certificate_pem(
        mut self,
        chain_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<Self, Error> {
        self.tls.client_certificate_pem(chain_pem, key_pem)?;
        Ok(self)
    }

    /// Whether to say within the TLS handshake that it is POP3 that will be spoken (ALPN, RFC 7301), which is the default: a
    /// connection that somebody leads to a server of another protocol then fails instead of telling that server something.
    ///
    /// A server that knows nothing of it does not mind. One that insists on another protocol fails with
    /// [`TlsFailure::Alpn`](crate::TlsFailure::Alpn); if it speaks POP3 all the same, `alpn(false)` helps.
    #[must_use]
    pub fn alpn(mut self, offer: bool) -> Self {
        self.tls.alpn(offer);
        self
    }

    /// Whether to write the keys of each connection to the file that the environment variable `SSLKEYLOGFILE` names, for
    /// programs such as Wireshark. By default not, and without that variable nothing is written.
    ///
    /// **Whoever has that file can read all that goes to and fro, passwords included.** It is for looking into connections
    /// of one's own, and for nothing else; so this method is there only with the feature `key-log` of this crate.
    #[cfg(feature = "key-log")]
    #[must_use]
    pub fn key_log(mut self, write: bool) -> Self {
        self.tls.key_log(write);
        self
    }

    /// Uses this TLS configuration as it is, with whatever cryptography it has, whichever features this crate was built with.
    ///
    /// Roots, a client certificate, ALPN and a key log are then its own matter: with [`add_root`](Self::add_root),
    /// [`client_certificate`](Self::client_certificate), [`alpn(false)`](Self::alpn) or `key_log(true)` as well, connecting
    /// fails with [`ErrorKind::Usage`].
    #[must_use]
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls.use_config(config);
        self
    }

    /// Tells what goes to and fro, with `***` for secrets.
    #[must_use]
    pub fn trace(mut self, tell: impl Fn(&TraceEvent<'_>) + Send + Sync + 'static) -> Self {
        self.trace = Trace::to(tell);
        self
    }

    /// Connects to the first of the host's addresses that answers, in the order in which the operating system's
    /// resolver gives them, and reads the server's greeting.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`], with the reason for each address; else what [`connect_over`](Self::connect_over) gives.
    pub fn connect(&self) -> Result<Unauthenticated<TcpStream>, Error> {
        let port = self.port.unwrap_or(self.security.default_port());
        let addresses: Vec<SocketAddr> = (self.host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| {
                let doing = format!("connecting to {}", self.host);
                let what = format!("the host's address cannot be found: {error}");
                Error::new(ErrorKind::Connect, doing, what).with_source(error)
            })?
            .collect();
        self.connect_to(&addresses)
    }

    /// Connects to the first of these addresses that answers, for callers who look up addresses themselves.
    /// The host is then only the name that the server's certificate must be for, and [`port`](Self::port) means nothing.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_to(
        &self,
        addresses: &[SocketAddr],
    ) -> Result<Unauthenticated<TcpStream>, Error> {
        self.connect_over(self.tcp(addresses)?)
    }

    fn tcp(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
        let mut reasons = Vec::new();
        for address in addresses {
            let connected = match self.timeouts.connect {
                Duration::ZERO => Err(std::io::ErrorKind::TimedOut.into()),
                timeout => TcpStream::connect_timeout(address, timeout),
            };
            match connected {
                Ok(stream) => {
                    self.trace.note(&format_args!("connected to {address}"));
                    // A command is one write: waiting for more would only delay it. Where that cannot be changed, it
                    // works all the same.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => {
                    self.trace.note(&format_args!("{address}: {error}"));
                    reasons.push(format!("{address}: {error}"));
                }
            }
        }
        let what = match reasons.as_slice() {
            [] => "the host has no address".to_owned(),
            reasons => reasons.join("; "),
        };
        let doing = format!("connecting to {}", self.host);
        Err(Error::new(ErrorKind::Connect, doing, what))
    }

    /// Begins a session over a stream that is connected already: TLS if it is asked for, and the greeting.
    ///
    /// # Errors
    ///
    /// TLS fails or is refused, the server sends it away, takes too long, or does not speak POP3.
    pub fn connect_over<S: Transport>(&self, stream: S) -> Result<Unauthenticated<S>, Error> {
        // Before the first octet: what is missing here is no reason to bother the server.
        let mut tls = match self.security {
            Security::ClearText => None,
            _ => Some((self.tls.config()?, server_name(&self.host)?)),
        };
        let mut begin_tls = |link: &mut Link<S>| match tls.take() {
            Some((config, name)) => link.start_tls(config, name),
            None => Err(Error::new(
                ErrorKind::Usage,
                "TLS handshake",
                "TLS was not asked for",
            )),
        };
        let mut link = Link::new(stream, self.timeouts, self.config, self.trace.clone());
        let mut opening =
            Opening::new(self.security).stls_expected(self.stls_seen.load(Ordering::Relaxed));
        let mut greeting = String::new();
        let mut refusal = None;
        loop {
            if opening.announced_stls() {
                self.stls_seen.store(true, Ordering::Relaxed);
            }
            match opening.next_step() {
                Next::Send(command) => {
                    link.send(&command)?;
                    opening.sent();
                }
                Next::Receive => link.next_event(|event, seen| {
                    opening.observe(event);
                    refusal = blame::no_answer(event, seen);
                    if let Event::Greeting { text, .. } = event {
                        greeting = text.to_string();
                    }
                })?,
                Next::StartTls => {
                    begin_tls(&mut link)?;
                    opening.tls_established();
                }
                Next::Finished(Ok(())) => break,
                Next::Finished(Err(failure)) => return Err(blame::opening(failure, refusal)),
            }
        }
        Ok(Unauthenticated::new(link, greeting, &opening, self.login))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("timeouts", &self.timeouts)
            .field("login", &self.login)
            .field("config", &self.config)
            .field("tls", &self.tls)
            .field("trace", &self.trace)
            .finish()
    }
}

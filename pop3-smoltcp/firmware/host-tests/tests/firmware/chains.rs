//! A server that shows any chain of certificates.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::certificates::ServerCertificate;

/// A certificate for this name that is signed by a server's, which is not for an authority to do; and its key.
pub fn signed_by_a_server(
    server: &ServerCertificate,
    name: &str,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let params = || CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let its_key = KeyPair::try_from(server.key().secret_der()).expect("the server's key");
    let key = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(params(), its_key);
    let certificate = params().signed_by(&key, &issuer).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    (certificate.into(), key.into())
}

/// What the server says, and then it closes the connection.
#[derive(Clone, Copy)]
pub struct Says {
    /// In answer to STLS; if there is nothing, TLS begins at once.
    pub to_stls: &'static str,
    /// Inside TLS.
    pub greeting: &'static str,
    /// In clear again, past TLS: what anybody on the way can add.
    pub added: &'static [u8],
}

/// Serves one client. The port.
pub fn start(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>, says: Says) -> u16 {
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let tls = ServerConnection::new(config).expect("a connection inside TLS");
        // A client that does not trust the server goes away.
        let _ = serve(StreamOwned::new(tls, stream), says);
    });
    port
}

fn serve(mut stream: StreamOwned<ServerConnection, TcpStream>, says: Says) -> io::Result<()> {
    if !says.to_stls.is_empty() {
        stream.sock.write_all(b"+OK ready\r\n")?;
        stream.sock.read_exact(&mut [0; "STLS\r\n".len()])?;
        stream.sock.write_all(says.to_stls.as_bytes())?;
    }
    stream.write_all(says.greeting.as_bytes())?;
    stream.flush()?;
    stream.sock.write_all(says.added)?;
    // Until the client goes: a reset would take away what it has not read yet.
    io::copy(&mut stream.sock, &mut io::sink()).map(drop)
}

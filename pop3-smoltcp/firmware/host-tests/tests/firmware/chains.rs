//! A server that shows any chain of certificates.

use std::io::Write;
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

/// Greets one client inside TLS, and closes the connection. The port.
pub fn start(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> u16 {
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
        greet(StreamOwned::new(tls, stream));
    });
    port
}

/// A client that does not trust the server hears nothing.
fn greet(mut stream: StreamOwned<ServerConnection, TcpStream>) {
    if stream.write_all(b"-ERR go away\r\n").is_ok() {
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

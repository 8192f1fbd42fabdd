//! A POP3 server with made-up mail, to try a client on: on this machine only, and what is deleted comes back.
//!
//! `cargo run -p pop3-std --example demo_server` listens on port 1110, in clear; `-- --help` says what else there is.

#![allow(
    unreachable_pub,
    reason = "what a module of a program offers is offered to that program"
)]

#[path = "fetch/authority.rs"]
mod authority;
#[path = "fetch/demo_mail.rs"]
mod demo_mail;
#[path = "fetch/server.rs"]
mod server;

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use clap::Parser;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use authority::LoopbackTls;
use demo_mail::{PASSWORD, USER, maildrop};
use server::serve;

/// Serves made-up mail by POP3, on 127.0.0.1 and ::1, until Control-C ends it.
///
/// It knows USER and PASS, and no other way to log in. Each connection has the mail to itself: what is deleted is there again
/// for the next.
#[derive(Parser)]
#[command(name = "demo_server", version)]
struct Arguments {
    /// The port to listen on; 0 takes one that is free
    #[arg(default_value_t = 1110)]
    port: u16,
    /// Speak TLS from the first octet, as `localhost`, and write the certificate that a client has to trust into FILE, in DER
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
}

fn main() -> ExitCode {
    match listen(&Arguments::parse()) {
        Ok(never) => match never {},
        Err(what) => {
            eprintln!("demo_server: {what}");
            ExitCode::FAILURE
        }
    }
}

fn listen(arguments: &Arguments) -> Result<std::convert::Infallible, String> {
    let asked_for = arguments.port;
    let on_port = |error: io::Error| format!("port {asked_for} of 127.0.0.1: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, asked_for)).map_err(on_port)?;
    let port = listener.local_addr().map_err(on_port)?.port();
    let tls = (arguments.tls.as_ref()).map(|file| tls(file)).transpose()?;

    let how = if tls.is_some() {
        "in TLS, as localhost"
    } else {
        "in clear"
    };
    let mut said = format!(
        "127.0.0.1 port {port}, {how}: user {USER}, password {PASSWORD}. Control-C ends it.\n"
    );
    if tls.is_none() {
        said += &format!(
            "POP3_PASSWORD={PASSWORD} cargo run -p pop3-std --example fetch -- --tls none pop3://{USER}@127.0.0.1:{port}\n"
        );
    }
    // It serves all the same if nobody reads that.
    let _ = io::stdout().write_all(said.as_bytes());
    // Not every machine has IPv6.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        let tls = tls.clone();
        thread::spawn(move || accept(&listener, tls.as_ref()));
    }
    accept(&listener, tls.as_ref()).map_err(on_port)
}

/// TLS for a server, whose clients have to trust what is written into the file.
fn tls(file: &Path) -> Result<Arc<ServerConfig>, String> {
    let tls = LoopbackTls::new().map_err(|error| format!("TLS: {error}"))?;
    let root = CertificateDer::from_pem_slice(tls.root_pem.as_bytes())
        .map_err(|error| format!("TLS: {error}"))?;
    fs::write(file, &root).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(tls.server)
}

fn accept(
    listener: &TcpListener,
    tls: Option<&Arc<ServerConfig>>,
) -> io::Result<std::convert::Infallible> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // It has gone before it was there.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        let tls = tls.cloned();
        // A client that goes away knows why.
        thread::spawn(move || converse(stream, tls));
    }
}

fn converse(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let Some(tls) = tls else {
        return serve(stream, &mut maildrop());
    };
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    serve(StreamOwned::new(connection, stream), &mut maildrop())
}

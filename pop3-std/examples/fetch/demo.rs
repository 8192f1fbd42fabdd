//! What happens without a URL: a POP3 server is started on this machine, and its mail is fetched over TLS and shown.

use std::io::{self, BufWriter, Read as _, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use pop3_std::{Authentication, Connector, Credentials, Error, Security, Timeouts};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::arguments::Arguments;
use crate::authority::LoopbackTls;
use crate::connect::trace_if;
use crate::demo_mail::{PASSWORD, USER, maildrop};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::server::serve;

/// Runs the demonstration.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = demonstrate(arguments, &mut out);
    let flushed = out.flush().map_err(|error| Failure::stdout(&error));
    shown.and(flushed)
}

fn demonstrate(arguments: &Arguments, out: &mut impl Write) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("the demonstration server: {error}"))
    };
    let tls = LoopbackTls::new().map_err(|error| failed(&error))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    let port = listener
        .local_addr()
        .map_err(|error| failed(&error))?
        .port();
    thread::spawn(move || serve_one(&listener, tls.server));

    let print = |out: &mut dyn Write, line: &str| {
        writeln!(out, "{line}").map_err(|error| Failure::stdout(&error))
    };
    print(
        out,
        "This is a DEMONSTRATION, since no URL was given: the server below is part of this program,",
    )?;
    print(
        out,
        "its mail is made up, and nothing leaves this machine. See --help for how to fetch yours.",
    )?;
    print(out, "")?;

    let connector = Connector::new("localhost", Security::ImplicitTls)
        .port(port)
        .timeouts(Timeouts::all(arguments.timeout()))
        .add_root_pem(tls.root_pem.as_bytes())?;
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let connection = trace_if(arguments.trace, connector).connect_to(&[address])?;
    print(
        out,
        &format!(
            "Connected to 127.0.0.1 port {port} with TLS: {}",
            connection.greeting()
        ),
    )?;
    let credentials = Credentials::new(USER, PASSWORD);
    let mut session = connection
        .login(&credentials, Authentication::UserPass)
        .map_err(Error::from)?;
    let listings = session.list()?.collect::<Result<Vec<_>, _>>()?;
    print(
        out,
        &format!(
            "Logged in with {}: {} messages",
            session.login_report(),
            listings.len()
        ),
    )?;

    for listing in listings {
        let mut octets = Vec::new();
        let mut message = session.retr(listing.message)?;
        message.read_to_end(&mut octets).map_err(Error::from)?;
        let digest = Digest::of(&octets, 9);
        print(out, "")?;
        print(
            out,
            &format!("Message {}, {} octets", listing.message, octets.len()),
        )?;
        print(out, &format!("  From:    {}", digest.from))?;
        print(out, &format!("  Subject: {}", digest.subject))?;
        print(out, &format!("  Date:    {}", digest.date))?;
        for line in digest.text {
            print(out, &format!("  | {line}"))?;
        }
        for name in digest.attachments {
            print(out, &format!("  + {name}"))?;
        }
    }
    session.quit().map_err(Error::from)?;
    print(out, "")?;
    print(out, "Done. Nothing was stored and nothing deleted.")
}

/// Serves the one client that there will be. If it goes away too early, it knows why itself.
fn serve_one(listener: &TcpListener, tls: Arc<ServerConfig>) -> io::Result<()> {
    let (stream, _) = listener.accept()?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    serve(StreamOwned::new(connection, stream), &mut maildrop())
}

//! A host may have several addresses, of either family, and not all of them answer.

use std::net::{Ipv6Addr, TcpStream};

use pop3_std::{Connector, ErrorKind, Security};

use crate::play::{GREETING, Play, mailbox};
use crate::server::{Server, refusing, speak};

#[test]
fn the_first_address_that_answers_is_taken() {
    let server = Server::start(|mut stream| speak(&mut stream, &mut Play::new(GREETING, mailbox)));
    let connector = Connector::new("pop.example.org", Security::ClearText);
    let connection = connector
        .connect_to(&[refusing(), server.address, refusing()])
        .unwrap();
    connection.quit().unwrap();
    server.ended();

    let (one, other) = (refusing(), refusing());
    let error = connector.connect_to(&[one, other]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let text = error.to_string();
    assert!(
        text.starts_with("connecting to pop.example.org: "),
        "{text}"
    );
    assert!(
        text.contains(&one.to_string()) && text.contains(&other.to_string()),
        "{text}"
    );
    let error = connector.connect_to(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);

    let error = Connector::new("no.such.host.invalid", Security::ClearText)
        .connect()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("no.such.host.invalid"));
}

#[test]
fn ipv6() {
    let serve = |mut stream: TcpStream| speak(&mut stream, &mut Play::new(GREETING, mailbox));
    for host in ["::1", "[::1]"] {
        let server = match Server::on(Ipv6Addr::LOCALHOST.into(), serve) {
            Ok(server) => server,
            Err(error) => {
                eprintln!("SKIPPED: this machine has no IPv6 ({error})");
                return;
            }
        };
        let connection = Connector::new(host, Security::ClearText)
            .port(server.port())
            .connect()
            .unwrap();
        connection.quit().unwrap();
        server.ended();

        let server = Server::on(Ipv6Addr::LOCALHOST.into(), serve).unwrap();
        let connector = Connector::new("x", Security::ClearText);
        let connection = connector.connect_to(&[refusing(), server.address]).unwrap();
        connection.quit().unwrap();
        server.ended();
    }
}

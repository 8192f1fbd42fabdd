//! Pipelining over TCP, in clear and inside TLS, with the smallest buffers that the operating system gives, against a server that takes a command
//! only when it has got rid of the reply to the one before.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use pop3_std::{Authentication, Connector, MessageNumber, Security, Session, Timeouts, Window};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use rustix::net::{AddressFamily, SocketType};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, credentials};
use crate::server::{read_line, tls};

const MESSAGES: u32 = 2000;

/// More than all buffers on the way hold.
const LONG: usize = 40_000;

/// Before the connection is made, or it begins with large windows that are then hardly used.
fn shrink(socket: impl AsFd, receive: usize) -> io::Result<()> {
    set_socket_recv_buffer_size(&socket, receive)?;
    set_socket_send_buffer_size(&socket, 1)?;
    Ok(())
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    shrink(&listener, 1)?;
    Ok(listener)
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    shrink(&socket, 4096)?;
    rustix::net::connect(&socket, &address)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn is_long(number: u32) -> bool {
    number % 50 == 40
}

fn mail(number: u32) -> String {
    let line = format!("This is number {number}.\r\n");
    let lines = if is_long(number) {
        LONG / line.len()
    } else {
        1
    };
    line.repeat(lines)
}

/// Reads a command, octet by octet, and answers it before it reads on.
fn serve(mut stream: impl Read + Write) -> io::Result<()> {
    stream.write_all(GREETING.as_bytes())?;
    loop {
        let command = read_line(&mut stream)?;
        let mut words = command.split(' ');
        let keyword = words.next();
        let number = words.next().and_then(|word| word.parse().ok());
        let reply = match (keyword, number) {
            (Some("CAPA"), _) => "+OK\r\nPIPELINING\r\n.\r\n".to_owned(),
            (Some("TOP"), Some(number)) => format!("+OK\r\n{}.\r\n", mail(number)),
            _ => "+OK\r\n".to_owned(),
        };
        stream.write_all(reply.as_bytes())?;
        stream.flush()?;
    }
}

fn fetch(session: &mut Session<TcpStream>) {
    session.pipelining(Window::new().commands(256).octets(usize::MAX));
    // The longest commands that there are.
    let mut batch = session.top_many(MessageNumber::up_to(MESSAGES), u32::MAX);
    let mut count = 0;
    while let Some(item) = batch.next().unwrap() {
        let mut octets = String::new();
        item.message.unwrap().read_to_string(&mut octets).unwrap();
        assert!(octets == mail(item.number.get()), "{}", item.number);
        count += 1;
    }
    assert_eq!(count, MESSAGES);
    let mut batch = session.dele_many(MessageNumber::up_to(MESSAGES));
    while let Some(item) = batch.next().unwrap() {
        item.result.unwrap();
        count -= 1;
    }
    assert_eq!(count, 0);
}

fn two_full_windows(security: Security) {
    let authority = CertificateAuthority::new();
    let certificate = authority.issue_for_loopback();
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        // The client may go when it likes: whether it should have, it says itself.
        let _ = match security {
            Security::ClearText => serve(stream),
            _ => serve(tls(stream, &certificate)),
        };
    });
    let mut session = Connector::new("localhost", security)
        .add_root(authority.root())
        .timeouts(Timeouts::all(Duration::from_secs(10)))
        .connect_over(connect(address).unwrap())
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    fetch(&mut session);
    session.quit().unwrap();
    server.join().unwrap();
}

#[test]
fn two_full_windows_are_no_deadlock() {
    two_full_windows(Security::ClearText);
}

#[test]
fn two_full_windows_are_no_deadlock_inside_tls() {
    two_full_windows(Security::ImplicitTls);
}

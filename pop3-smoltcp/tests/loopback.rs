//! A whole session between two sockets of one interface, in virtual time, with rings so small that every line, every
//! command and the terminator wrap around their ends.

use pop3_proto::{Client, Command, Event, MessageNumber, State};
use pop3_smoltcp::{Driver, Error};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Loopback, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const PORT: u16 = 110;

/// An interface with a client's socket and a server's, connected to each other.
struct Network {
    now: Instant,
    device: Loopback,
    interface: Interface,
    sockets: SocketSet<'static>,
    client: SocketHandle,
    server: SocketHandle,
}

impl Network {
    fn new(address: IpAddress, ring: usize) -> Self {
        let mut device = Loopback::new(Medium::Ip);
        let now = Instant::ZERO;
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, now);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(address, 8)).unwrap();
        });
        let socket = |receive, transmit| {
            let ring = |size| tcp::SocketBuffer::new(vec![0; size]);
            tcp::Socket::new(ring(receive), ring(transmit))
        };
        let mut sockets = SocketSet::new(vec![]);
        let server = sockets.add(socket(4096, 4096));
        let client = sockets.add(socket(ring, 64));
        sockets.get_mut::<tcp::Socket>(server).listen(PORT).unwrap();
        sockets
            .get_mut::<tcp::Socket>(client)
            .connect(interface.context(), (address, PORT), 49152)
            .unwrap();
        Self {
            now,
            device,
            interface,
            sockets,
            client,
            server,
        }
    }

    fn poll(&mut self) {
        self.now += Duration::from_millis(1);
        self.interface
            .poll(self.now, &mut self.device, &mut self.sockets);
    }

    fn server(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.server)
    }

    /// Runs until a command is answered (`None`: until the greeting is there). Returns the octets of a message.
    fn run(
        &mut self,
        driver: &mut Driver<1, 64>,
        command: Option<&Command<'_>>,
        reply: &str,
    ) -> Result<Vec<u8>, Error> {
        if let Some(command) = command {
            let socket = self.sockets.get_mut(self.client);
            assert!(driver.send(socket, command)?.octets > 0);
        }
        let mut reply = reply.as_bytes();
        let mut asked = command.is_none();
        let mut message = Vec::new();
        for _ in 0..100_000 {
            self.poll();
            let server = self.server();
            if !asked && server.can_recv() {
                asked = server
                    .recv(|line| (line.len(), line.ends_with(b"\r\n")))
                    .unwrap();
            }
            if asked && server.can_send() {
                let sent = server.send_slice(reply).unwrap();
                reply = &reply[sent..];
            }
            loop {
                let socket = self.sockets.get_mut(self.client);
                let completed = driver.receive(socket, |event| match event {
                    Event::Body(octets) => {
                        message.extend_from_slice(octets);
                        false
                    }
                    Event::Greeting { .. } => true,
                    event => event.completes().is_some(),
                });
                match completed? {
                    Some(true) => return Ok(message),
                    Some(false) => {}
                    None => break,
                }
            }
        }
        panic!("no answer to {command:?}");
    }
}

fn session(address: IpAddress, ring: usize) {
    let mut network = Network::new(address, ring);
    let mut driver = Driver::new(Client::new());
    let n = MessageNumber::FIRST;
    let long = "x".repeat(300);
    let mail = format!("+OK\r\nSubject: {long}\r\n\r\n..\r\n...dots\r\n{long}\r\n.\r\n");
    let exchanges = [
        (None, "+OK ready\r\n"),
        (Some(Command::User(b"mrose")), "+OK\r\n"),
        (Some(Command::Pass("mvan99".into())), "+OK\r\n"),
        (Some(Command::List), "+OK\r\n1 120\r\n2 200\r\n.\r\n"),
        (Some(Command::Retr(n)), mail.as_str()),
        (Some(Command::Quit), "+OK bye\r\n"),
    ];
    let mut message = Vec::new();
    for (command, reply) in exchanges {
        message.extend(network.run(&mut driver, command.as_ref(), reply).unwrap());
    }
    let expected = format!("Subject: {long}\r\n\r\n.\r\n..dots\r\n{long}\r\n");
    assert_eq!(String::from_utf8(message).unwrap(), expected);
    assert_eq!(driver.client().state(), State::Closed);
}

#[test]
fn a_session_through_rings_of_every_size() {
    for ring in [1, 7, 64, 511] {
        session(IpAddress::v4(127, 0, 0, 1), ring);
        session(IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 1), ring);
    }
}

#[test]
fn a_command_that_does_not_fit_is_sent_later_and_whole() {
    let mut network = Network::new(IpAddress::v4(127, 0, 0, 1), 64);
    let mut driver = Driver::new(Client::new());
    network.run(&mut driver, None, "+OK\r\n").unwrap();
    let socket = network.sockets.get_mut::<tcp::Socket>(network.client);
    // Too long for ever, and too long as long as something else is on its way.
    let error = driver
        .send(socket, &Command::User(&[b'a'; 60]))
        .unwrap_err();
    assert_eq!(
        error,
        Error::Send(pop3_proto::SendError::BufferTooSmall { needed: 67 })
    );
    socket.send_slice(&[b' '; 60]).unwrap();
    let error = driver.send(socket, &Command::User(b"mrose")).unwrap_err();
    assert_eq!(error, Error::WouldBlock);
    assert_eq!(driver.client().in_flight(), 0);
    while network
        .sockets
        .get::<tcp::Socket>(network.client)
        .send_queue()
        > 0
    {
        network.poll();
    }
    network
        .run(&mut driver, Some(&Command::User(b"mrose")), "+OK\r\n")
        .unwrap();
}

#[test]
fn a_connection_that_ends_within_a_message_is_an_error() {
    let mut network = Network::new(IpAddress::v4(127, 0, 0, 1), 64);
    let mut driver = Driver::new(Client::new());
    let mut run = |command: Option<Command<'_>>, reply| {
        network.run(&mut driver, command.as_ref(), reply).unwrap();
    };
    run(None, "+OK\r\n");
    run(Some(Command::User(b"mrose")), "+OK\r\n");
    run(Some(Command::Pass("mvan99".into())), "+OK\r\n");
    let client = network.client;
    let retr = Command::Retr(MessageNumber::FIRST);
    let sent = driver.send(network.sockets.get_mut(client), &retr).unwrap();
    assert_eq!(sent.octets, 8);
    network.server().send_slice(b"+OK\r\nhalf of it").unwrap();
    network.server().close();
    let mut message = Vec::new();
    let error = loop {
        network.poll();
        let seen = driver.receive(network.sockets.get_mut(client), |event| match event {
            Event::Body(octets) => message.extend_from_slice(octets),
            Event::End { .. } => panic!("half of it is no message"),
            _ => {}
        });
        if let Err(error) = seen {
            break error;
        }
        assert!(network.now < Instant::from_secs(60), "no error came");
    };
    assert_eq!(message, b"half of it");
    assert!(matches!(error, Error::Receive(_)), "{error}");
    assert_eq!(driver.client().state(), State::Failed);
}

#[test]
fn nothing_is_left_in_the_ring_when_there_is_no_event() {
    // The greeting fills the ring but for one octet, so that the next reply wraps around its end.
    let mut network = Network::new(IpAddress::v4(127, 0, 0, 1), 1024);
    let mut driver = Driver::new(Client::new());
    let greeting = format!("+OK {}\r\n", "x".repeat(1023 - 6));
    network.run(&mut driver, None, &greeting).unwrap();
    let user = Command::User(b"mrose");
    let sent = driver.send(network.sockets.get_mut(network.client), &user);
    assert!(sent.is_ok());
    network
        .server()
        .send_slice(b"+OK name is fine\r\n")
        .unwrap();
    // More than a delayed ACK takes.
    for _ in 0..100 {
        network.poll();
    }
    // One call, no poll in between, as in a loop that sleeps until the interface has something to do.
    let socket = network.sockets.get_mut(network.client);
    let seen = driver.receive(socket, |event| event.completes().is_some());
    assert_eq!(seen, Ok(Some(true)));
}

#[test]
fn what_came_before_a_command_is_received_before_it_is_sent() {
    let mut network = Network::new(IpAddress::v4(127, 0, 0, 1), 64);
    let mut driver: Driver<1, 64> = Driver::new(Client::new());
    network.run(&mut driver, None, "+OK\r\n").unwrap();
    network.server().send_slice(b"+OK forged\r\n").unwrap();
    // More than a delayed ACK takes.
    for _ in 0..100 {
        network.poll();
    }
    let client = network.client;
    let user = Command::User(b"mrose");
    let error = driver
        .send(network.sockets.get_mut(client), &user)
        .unwrap_err();
    assert_eq!(error, Error::WouldBlock);
    let seen = driver.receive(network.sockets.get_mut(client), |_| ());
    assert!(matches!(seen, Err(Error::Receive(_))), "{seen:?}");
}

#[test]
fn a_socket_that_is_not_connected_yet_does_not_end_the_session() {
    let ring = || tcp::SocketBuffer::new(vec![0; 64]);
    let mut socket = tcp::Socket::new(ring(), ring());
    let mut driver: Driver<1, 64> = Driver::default();
    let seen = driver.receive(&mut socket, |_| ());
    assert_eq!(seen, Err(Error::NotConnected));
    let sent = driver.send(&mut socket, &Command::Quit);
    assert_eq!(sent, Err(Error::NotConnected));
    assert_eq!(driver.client().state(), State::Greeting);
}

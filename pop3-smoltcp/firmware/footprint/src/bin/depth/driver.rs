//! The driver, over smoltcp's sockets: the server has the other one.

use core::slice::Iter;
use core::task::Poll;

use pop3_smoltcp::pop3_proto::login::{Credentials, LoginPolicy, Security};
use pop3_smoltcp::pop3_proto::{Command, Config};
use pop3_smoltcp::{Driver, Error, Timeouts, WayIn};
use smoltcp::iface::{self, Context, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::replies::{COMMANDS, Conversation, GREETING, Outcome};
use crate::stack::depth_of;
use crate::wire::Wire;

/// As in the firmware: a challenge of SCRAM has to fit into its line.
type SmallDriver = Driver<1, 256>;

const PORT: u16 = 110;

/// The client's receive rings, in octets: whole replies, and hardly anything.
pub const RINGS: [usize; 2] = [256, 7];

/// The deepest of each, in octets below the caller's frame.
#[derive(Default)]
pub struct Depths {
    pub connect: u32,
    pub log_in: u32,
    pub send: u32,
    pub poll: u32,
    pub abort: u32,
}

/// Holds the conversation, over a receive ring of so many octets.
#[inline(never)]
pub fn hold(conversation: &Conversation, ring: usize, depths: &mut Depths) {
    let (mut receive, mut transmit) = ([0; RINGS[0]], [0; 256]);
    let mut server_rings = ([0; 256], [0; 256]);
    let mut storage = [SocketStorage::EMPTY; 2];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let socket = tcp::Socket::new(
        tcp::SocketBuffer::new(&mut receive[..ring]),
        tcp::SocketBuffer::new(&mut transmit[..]),
    );
    let client = sockets.add(socket);
    let mut socket = tcp::Socket::new(
        tcp::SocketBuffer::new(&mut server_rings.0[..]),
        tcp::SocketBuffer::new(&mut server_rings.1[..]),
    );
    socket.listen(PORT).expect("a port");
    let server = sockets.add(socket);

    let mut wire = Wire::new();
    let mut now = Instant::ZERO;
    let config = iface::Config::new(HardwareAddress::Ip);
    let mut interface = Interface::new(config, &mut wire, now);
    let address = IpAddress::v4(127, 0, 0, 1);
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(address, 8));
    });

    let policy = LoginPolicy::new(conversation.authentication)
        .ask_capabilities(conversation.asked)
        .nonce(crate::nonce());
    let mut application = Application {
        driver: SmallDriver::new(Config::new(), Timeouts::new()),
        way_in: WayIn::new(
            Security::ClearText,
            policy,
            Credentials::new(b"user", "pencil".into()),
        ),
        outcome: conversation.outcome,
        logged_in: false,
        sent: 0,
        answered: 0,
        depths,
    };
    let mut said = Replies {
        rest: GREETING.as_bytes(),
        log_in: conversation.log_in.iter(),
        commands: COMMANDS.iter(),
    };
    application.connect(sockets.get_mut(client), interface.context(), address);
    loop {
        interface.poll(now, &mut wire, &mut sockets);
        said.say(sockets.get_mut(server));
        if application.turn(sockets.get_mut(client), now) {
            break;
        }
        now += Duration::from_millis(if conversation.outcome == Outcome::Silence {
            1000
        } else {
            20
        });
    }
    application.abort(sockets.get_mut(client));
}

/// What the server has not said yet.
struct Replies<'r> {
    rest: &'r [u8],
    log_in: Iter<'r, &'static str>,
    commands: Iter<'r, (Command<'static>, &'static str)>,
}

impl Replies<'_> {
    /// Says what there is room for. Behind each line that has come stands the next reply.
    fn say(&mut self, socket: &mut tcp::Socket<'_>) {
        if let Ok(sent) = socket.send_slice(self.rest) {
            self.rest = &self.rest[sent..];
        }
        let ended = socket.recv(|ring| {
            let line = ring.iter().position(|octet| *octet == b'\n');
            (line.map_or(ring.len(), |lf| lf + 1), line.is_some())
        });
        match ended {
            Ok(true) => {
                let log_in = self.log_in.next().copied();
                let reply = log_in.or_else(|| self.commands.next().map(|(_, reply)| *reply));
                self.rest = reply.unwrap_or_default().as_bytes();
            }
            Ok(false) => {}
            Err(tcp::RecvError::Finished) => socket.close(),
            Err(tcp::RecvError::InvalidState) => {}
        }
    }
}

struct Application<'c> {
    driver: SmallDriver,
    way_in: WayIn<'c>,
    outcome: Outcome,
    logged_in: bool,
    /// How many of the commands.
    sent: usize,
    answered: usize,
    depths: &'c mut Depths,
}

impl Application<'_> {
    fn connect(&mut self, socket: &mut tcp::Socket<'_>, context: &mut Context, address: IpAddress) {
        let (connected, depth) = depth_of(|| {
            self.driver
                .connect(socket, context, (address, PORT), 49152, Instant::ZERO)
        });
        assert_eq!(connected, Ok(()));
        self.depths.connect = self.depths.connect.max(depth);
    }

    /// Whether that was the end.
    fn turn(&mut self, socket: &mut tcp::Socket<'_>, now: Instant) -> bool {
        if !self.logged_in {
            let attempt = || self.driver.log_in(socket, &mut self.way_in, now, |_| ());
            let (attempt, depth) = depth_of(attempt);
            self.depths.log_in = self.depths.log_in.max(depth);
            match (attempt, self.outcome) {
                (Poll::Pending, _) => return false,
                (Poll::Ready(Ok(_)), Outcome::Quit) => self.logged_in = true,
                (Poll::Ready(Err(Error::LogIn(_))), Outcome::Refused)
                | (Poll::Ready(Err(Error::Receive(_))), Outcome::Breach)
                | (Poll::Ready(Err(Error::TimedOut(_))), Outcome::Silence) => return true,
                (Poll::Ready(other), _) => panic!("{other:?}"),
            }
        }
        loop {
            if let Some((command, _)) = COMMANDS.get(self.sent)
                && self.answered == self.sent
            {
                let (sent, depth) = depth_of(|| self.driver.send(socket, command, now));
                self.depths.send = self.depths.send.max(depth);
                if sent.map_ok(|_| ()) == Poll::Ready(Ok(())) {
                    self.sent += 1;
                }
            }
            let poll = || self.driver.poll(socket, now, |event| event.completes());
            let (seen, depth) = depth_of(poll);
            self.depths.poll = self.depths.poll.max(depth);
            match seen {
                Poll::Pending => return false,
                Poll::Ready(Ok(Some(completed))) => {
                    self.answered += usize::from(completed.is_some());
                }
                Poll::Ready(Ok(None)) => {
                    assert_eq!(self.answered, COMMANDS.len());
                    return true;
                }
                Poll::Ready(Err(error)) => panic!("{error:?}"),
            }
        }
    }

    fn abort(&mut self, socket: &mut tcp::Socket<'_>) {
        let ((), depth) = depth_of(|| self.driver.abort(socket));
        self.depths.abort = self.depths.abort.max(depth);
    }
}

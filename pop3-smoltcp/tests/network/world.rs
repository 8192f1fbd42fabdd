//! A client with its driver and a server, and the time that passes between them: it goes from one thing that is due to
//! the next, and so shows whether the driver says when it is due.

use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, LoginPolicy, LoginReport, Security,
};
use pop3_smoltcp::pop3_proto::{Command, CommandKind, Config, Event, MAX_COMMAND, MessageNumber};
use pop3_smoltcp::{Driver, Error, Timeouts, WayIn};
use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketHandle, SocketSet};
use smoltcp::phy::FaultInjector;
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use std::task::Poll;

use crate::server::Server;
use crate::wire::{Between, Card, Faults, cards};

pub(crate) const PORT: u16 = 110;

pub(crate) const RETR: Command<'static> = Command::Retr(MessageNumber::FIRST);

/// A driver with room for a command that the ring has no room for.
pub(crate) type TestDriver = Driver<1, 256, MAX_COMMAND>;

pub(crate) fn driver() -> TestDriver {
    Driver::new(Config::new(), Timeouts::new())
}

/// The rings of a socket: receive and transmit.
pub(crate) type Rings<'a> = [tcp::SocketBuffer<'a>; 2];

pub(crate) fn rings<'a>(receive: usize, transmit: usize) -> Rings<'a> {
    [receive, transmit].map(|size| tcp::SocketBuffer::new(vec![0; size]))
}

/// One side of the network.
pub(crate) struct Side<'a> {
    card: FaultInjector<Card>,
    pub(crate) interface: Interface,
    pub(crate) sockets: SocketSet<'a>,
    pub(crate) handle: SocketHandle,
}

impl<'a> Side<'a> {
    fn new(mut card: FaultInjector<Card>, host: u8, [receive, transmit]: Rings<'a>) -> Self {
        let config = InterfaceConfig::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut card, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            for address in [address(false, host), address(true, host)] {
                addresses.push(IpCidr::new(address, 24)).unwrap();
            }
        });
        let mut sockets = SocketSet::new(vec![]);
        let handle = sockets.add(tcp::Socket::new(receive, transmit));
        Self {
            card,
            interface,
            sockets,
            handle,
        }
    }

    pub(crate) fn socket(&mut self) -> &mut tcp::Socket<'a> {
        self.sockets.get_mut(self.handle)
    }

    /// Listens with a socket whose receive ring is of this size.
    pub(crate) fn receive_only(&mut self, receive: usize) {
        let [receive, transmit] = rings(receive, 64);
        let mut socket = tcp::Socket::new(receive, transmit);
        socket.listen(PORT).unwrap();
        *self.socket() = socket;
    }

    fn poll_delay(&mut self, now: Instant) -> Option<Duration> {
        self.interface.poll_delay(now, &self.sockets)
    }

    fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.card, &mut self.sockets);
    }
}

fn address(v6: bool, host: u8) -> IpAddress {
    match v6 {
        true => IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, host.into()),
        false => IpAddress::v4(192, 168, 69, host),
    }
}

/// The two of them.
pub(crate) struct World<'a> {
    pub(crate) now: Instant,
    pub(crate) client: Side<'a>,
    pub(crate) side: Side<'static>,
    pub(crate) server: Server,
    pub(crate) between: Between,
    pub v6: bool,
    next_port: u16,
}

impl<'a> World<'a> {
    /// A world in which the client's socket has rings of these sizes.
    pub(crate) fn new(server: Server, receive: usize, transmit: usize, faults: Faults) -> Self {
        Self::with_rings(server, rings(receive, transmit), faults)
    }

    pub(crate) fn with_rings(server: Server, client_rings: Rings<'a>, faults: Faults) -> Self {
        let [client, side] = cards(faults);
        let (card, between) = Between::of(client.into_inner());
        // The injector's settings are in the other one too.
        let mut client = FaultInjector::new(card, faults.seed.wrapping_add(10) | 1);
        client.set_drop_chance(faults.lost);
        client.set_corrupt_chance(faults.corrupted);
        let mut world = Self {
            now: Instant::ZERO,
            client: Side::new(client, 1, client_rings),
            side: Side::new(side, 2, rings(4096, 4096)),
            server,
            between,
            v6: false,
            next_port: 49152,
        };
        world.listen();
        world
    }

    fn listen(&mut self) {
        self.side.socket().listen(PORT).unwrap();
    }

    /// Another server, for another connection.
    pub(crate) fn serve(&mut self, server: Server) {
        self.server = server;
        self.side.socket().abort();
        self.side.poll(self.now);
        self.listen();
    }

    pub(crate) fn connect<const DEPTH: usize, const LINE: usize, const OUT: usize>(
        &mut self,
        driver: &mut Driver<DEPTH, LINE, OUT>,
    ) -> Result<(), tcp::ConnectError> {
        self.next_port += 1;
        let (now, server) = (self.now, address(self.v6, 2));
        let Side {
            interface,
            sockets,
            handle,
            ..
        } = &mut self.client;
        let socket = sockets.get_mut::<tcp::Socket<'_>>(*handle);
        let context = interface.context();
        driver.connect(socket, context, (server, PORT), self.next_port, now)
    }

    /// Lets both sides and the network do what is due now.
    pub(crate) fn poll(&mut self) {
        self.client.poll(self.now);
        self.side.poll(self.now);
        let now = self.now.total_millis();
        let socket = self.side.sockets.get_mut(self.side.handle);
        self.server.turn(socket, now);
        self.side.poll(self.now);
    }

    /// Lets time pass until something is due, for the client's driver in `delay` at the latest. `false`: nothing ever is.
    pub(crate) fn sleep(&mut self, delay: Option<Duration>) -> bool {
        let now = self.now;
        let delays = [self.client.poll_delay(now), self.side.poll_delay(now)];
        let due = self.between.due().into_iter();
        let drip = self.server.due().map(Instant::from_millis);
        let due = due.chain(drip).map(|due| match due > now {
            true => due - now,
            false => Duration::ZERO,
        });
        match delays.into_iter().flatten().chain(delay).chain(due).min() {
            Some(delay) => {
                self.now += delay;
                true
            }
            None => false,
        }
    }

    /// Lets so much time pass, in which the client's program does nothing.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.poll();
            self.sleep(Some(end - self.now));
            self.now = self.now.min(end);
        }
        self.poll();
    }

    /// Runs what the client's program does in each turn until it is through, and gives that.
    pub(crate) fn run<T>(
        &mut self,
        mut turn: impl FnMut(&mut tcp::Socket<'a>, Instant) -> Poll<T>,
        mut delay: impl FnMut(&tcp::Socket<'a>, Instant) -> Option<Duration>,
    ) -> T {
        for _ in 0..3_000_000 {
            self.poll();
            let now = self.now;
            if let Poll::Ready(result) = turn(self.client.socket(), now) {
                return result;
            }
            let delay = delay(self.client.socket(), now);
            assert!(self.sleep(delay), "nothing is due, and so it hangs");
        }
        panic!("it hangs");
    }

    /// A connection, a log-in, and these commands, one after the other.
    pub(crate) fn session(
        &mut self,
        driver: &mut TestDriver,
        way_in: &mut WayIn<'_>,
        commands: &[Command<'_>],
    ) -> Outcome {
        self.connect(driver).unwrap();
        self.go_on(driver, Some(way_in), commands)
    }

    /// The same on a connection that is there.
    pub(crate) fn go_on(
        &mut self,
        driver: &mut TestDriver,
        way_in: Option<&mut WayIn<'_>>,
        commands: &[Command<'_>],
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut program = Program {
            way_in,
            commands,
            sent: false,
        };
        let driver = std::cell::RefCell::new(driver);
        let result = self.run(
            |socket, now| program.turn(&mut driver.borrow_mut(), socket, now, &mut outcome),
            |socket, now| driver.borrow().poll_delay(socket, now),
        );
        outcome.error = result.err();
        outcome
    }
}

/// USER and PASS as mrose, without asking for capabilities.
pub(crate) fn user_pass() -> WayIn<'static> {
    let policy = LoginPolicy::new(Authentication::UserPass).ask_capabilities(false);
    WayIn::new(
        Security::ClearText,
        policy,
        Credentials::new(b"mrose", "mvan99".into()),
    )
}

/// What came of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) report: Option<LoginReport>,
    /// `None`: session and connection ended as they should, or all commands were answered.
    pub(crate) error: Option<Error>,
}

impl Outcome {
    fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Body(octets) => self.body.extend_from_slice(octets),
            event => self.events.push(format!("{event:?}")),
        }
    }

    pub(crate) fn complete(&self) -> bool {
        self.events
            .iter()
            .any(|event| event.starts_with("End { request: Request { kind: Retr"))
    }
}

/// What a firmware's loop does in each turn.
struct Program<'p, 'w, 'c> {
    way_in: Option<&'w mut WayIn<'p>>,
    commands: &'c [Command<'c>],
    sent: bool,
}

impl Program<'_, '_, '_> {
    fn turn(
        &mut self,
        driver: &mut TestDriver,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
        outcome: &mut Outcome,
    ) -> Poll<Result<(), Error>> {
        if let Some(way_in) = &mut self.way_in {
            match driver.log_in(socket, way_in, now, |event| outcome.see(event))? {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(report) => outcome.report = Some(report),
            }
            self.way_in = None;
            if self.commands.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        loop {
            if let (false, Some((command, rest))) = (self.sent, self.commands.split_first())
                && let Poll::Ready(sent) = driver.send(socket, command, now)?
            {
                assert!(sent.octets > 0);
                (self.sent, self.commands) = (true, rest);
            }
            let seen = driver.poll(socket, now, |event| {
                outcome.see(&event);
                event.completes()
            })?;
            match seen {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(None)) => {}
                Poll::Ready(Some(Some(request))) => {
                    self.sent = false;
                    // After QUIT there is still the connection to be closed.
                    let quit = request.kind == CommandKind::Quit;
                    if self.commands.is_empty() && !quit {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

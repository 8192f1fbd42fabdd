//! The example over embassy-net: a network of one machine, with a server on it.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use embassy_futures::join::join;
use embassy_futures::select::{Either, select};
use embassy_net::tcp::TcpSocket;
use embassy_net::{
    Config, IpEndpoint, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4,
};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embedded_io_async::Write as _;
use pollster::block_on;
use pop3_embassy::{Failure, first_mail};
use pop3_smoltcp::WayIn;
use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};

const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 0, 1);

/// What is sent comes back.
#[derive(Default)]
struct Loopback {
    packets: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
}

struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, see: F) -> R {
        see(&mut self.0)
    }
}

struct ToSend<'a>(&'a mut Loopback);

impl TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut packet = vec![0; length];
        let filled = fill(&mut packet);
        self.0.packets.push_back(packet);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
        filled
    }
}

impl Driver for Loopback {
    type RxToken<'a> = Received;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received, ToSend<'_>)> {
        self.waker = Some(context.waker().clone());
        let packet = self.packets.pop_front()?;
        Some((Received(packet), ToSend(self)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<ToSend<'_>> {
        Some(ToSend(self))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1500;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ip
    }
}

/// A server for one client, which answers each line, and after QUIT ends the connection. It gives what it heard.
async fn serve(stack: Stack<'_>) -> Vec<String> {
    let (mut received, mut to_send) = ([0; 256], [0; 256]);
    let mut socket = TcpSocket::new(stack, &mut received, &mut to_send);
    socket.accept(110).await.expect("a client");
    socket.write_all(b"+OK ready\r\n").await.expect("a client");
    let (mut line, mut heard) = (Vec::new(), Vec::new());
    loop {
        let mut octet = [0];
        match socket.read(&mut octet).await {
            Ok(1) => line.push(octet[0]),
            _ => break,
        }
        if !line.ends_with(b"\r\n") {
            continue;
        }
        let command = String::from_utf8(std::mem::take(&mut line)).expect("text");
        let answer: &[u8] = match command.trim_end() {
            "CAPA" => b"-ERR what?\r\n",
            "RETR 1" => b"+OK\r\nSubject: dots\r\n\r\n..\r\n.\r\n",
            _ => b"+OK\r\n",
        };
        socket.write_all(answer).await.expect("a client");
        heard.push(command.trim_end().to_owned());
    }
    socket.close();
    heard
}

/// The first mail, and what the server heard.
fn fetch() -> (Vec<u8>, Result<(), Failure>, Vec<String>) {
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(ADDRESS, 24),
        gateway: None,
        dns_servers: Default::default(),
    });
    let mut resources = StackResources::<2>::new();
    let (stack, mut runner) = embassy_net::new(Loopback::default(), config, &mut resources, 1);
    let policy = LoginPolicy::new(Authentication::UserPass);
    let credentials = Credentials::new(b"mrose", "tanstaaf".into());
    let way_in = WayIn::new(Security::ClearText, policy, credentials);
    let mut mail = Vec::new();
    let client = async {
        let server = IpEndpoint::new(ADDRESS.into(), 110);
        let mut see = |octets: &[u8]| mail.extend_from_slice(octets);
        first_mail(stack, server, way_in, &mut see).await
    };
    let both = join(client, serve(stack));
    // The network runs for ever.
    let Either::Second((result, heard)) = block_on(select(runner.run(), both));
    (mail, result, heard)
}

#[test]
fn a_mail_comes_by_embassys_network() {
    let (mail, result, heard) = fetch();
    assert_eq!(result, Ok(()));
    assert_eq!(mail, b"Subject: dots\r\n\r\n.\r\n");
    assert_eq!(heard.last().map(String::as_str), Some("QUIT"));
}

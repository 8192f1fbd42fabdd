//! smoltcp's interface with one TCP socket.

use cortex_m::asm::wfi;
use smoltcp::iface::{
    Config, Context, Interface, PollResult, SocketHandle, SocketSet, SocketStorage,
};
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address, Ipv6Address};

use crate::clock;

/// The octets of each of the socket's two rings. More is faster, and the longest command must fit into one.
const RING: usize = 512;

/// What the network keeps, so that it need not allocate it.
#[derive(Debug)]
pub struct Memory<'m> {
    sockets: [SocketStorage<'m>; 1],
    receive_ring: [u8; RING],
    transmit_ring: [u8; RING],
}

impl Memory<'_> {
    /// Memory that nobody uses yet.
    pub const fn new() -> Self {
        Self {
            sockets: [SocketStorage::EMPTY],
            receive_ring: [0; RING],
            transmit_ring: [0; RING],
        }
    }
}

impl Default for Memory<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// An interface, and its only socket.
#[allow(missing_debug_implementations, reason = "smoltcp's interface has none")]
pub struct Network<'m, D: Device> {
    device: D,
    interface: Interface,
    sockets: SocketSet<'m>,
    socket: SocketHandle,
}

impl<'m, D: Device> Network<'m, D> {
    /// A network as QEMU has it for its users: this machine is 10.0.2.15 and fec0::15. The random numbers of TCP's
    /// connections are made from the seed.
    pub fn new(
        address: EthernetAddress,
        mut device: D,
        random_seed: u64,
        memory: &'m mut Memory<'m>,
    ) -> Self {
        let mut config = Config::new(address.into());
        config.random_seed = random_seed;
        let mut interface = Interface::new(config, &mut device, now());
        interface.update_ip_addrs(|addresses| {
            let ours = [
                IpCidr::new(Ipv4Address::new(10, 0, 2, 15).into(), 24),
                IpCidr::new(Ipv6Address::new(0xfec0, 0, 0, 0, 0, 0, 0, 0x15).into(), 64),
            ];
            // smoltcp has room for two, unless it is told otherwise when it is built.
            for ours in ours {
                let _ = addresses.push(ours);
            }
        });
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(&mut memory.receive_ring[..]),
            tcp::SocketBuffer::new(&mut memory.transmit_ring[..]),
        );
        // With a ring that is shorter than two segments, every acknowledgement that waits stops the server.
        socket.set_ack_delay(None);
        let mut sockets = SocketSet::new(&mut memory.sockets[..]);
        let socket = sockets.add(socket);
        Self {
            device,
            interface,
            sockets,
            socket,
        }
    }

    /// Receives and sends what there is. If there is nothing, it sleeps until an interrupt; the clock's comes every
    /// millisecond.
    #[inline(never)] // All of smoltcp is in it: one copy is enough.
    pub fn turn(&mut self) {
        let changed = self
            .interface
            .poll(now(), &mut self.device, &mut self.sockets);
        if changed == PollResult::None {
            wfi();
        }
    }

    /// The socket.
    pub fn socket(&mut self) -> &mut tcp::Socket<'m> {
        self.sockets.get_mut(self.socket)
    }

    /// The socket, and what it needs to connect.
    pub fn socket_and_context(&mut self) -> (&mut tcp::Socket<'m>, &mut Context) {
        (self.sockets.get_mut(self.socket), self.interface.context())
    }
}

/// What time it is, for smoltcp.
pub fn now() -> Instant {
    Instant::from_millis(i64::try_from(clock::now()).unwrap_or(i64::MAX))
}

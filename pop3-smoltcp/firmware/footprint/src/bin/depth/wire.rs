//! A network without a card: what is sent is received. smoltcp's own allocates.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

const LONGEST: usize = 320;
const PACKETS: usize = 4;

/// Packets on their way, the oldest first.
pub struct Wire {
    packets: [[u8; LONGEST]; PACKETS],
    lengths: [usize; PACKETS],
    oldest: usize,
    count: usize,
}

impl Wire {
    pub const fn new() -> Self {
        Self {
            packets: [[0; LONGEST]; PACKETS],
            lengths: [0; PACKETS],
            oldest: 0,
            count: 0,
        }
    }
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        if self.count == 0 {
            return None;
        }
        let received = Received {
            packet: self.packets[self.oldest],
            length: self.lengths[self.oldest],
        };
        self.oldest = (self.oldest + 1) % PACKETS;
        self.count -= 1;
        Some((received, ToSend(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self::TxToken<'_>> {
        (self.count < PACKETS).then_some(ToSend(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = LONGEST;
        capabilities
    }
}

pub struct Received {
    packet: [u8; LONGEST],
    length: usize,
}

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, see: F) -> R {
        see(&self.packet[..self.length])
    }
}

pub struct ToSend<'w>(&'w mut Wire);

impl phy::TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let Wire {
            packets,
            lengths,
            oldest,
            count,
        } = self.0;
        let place = (*oldest + *count) % PACKETS;
        *count += 1;
        lengths[place] = length;
        fill(&mut packets[place][..length])
    }
}

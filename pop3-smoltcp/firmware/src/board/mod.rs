//! What differs from board to board: the network card, its address, the clock.
//!
//! Another board is a file beside these two: a [`Card`], and a function that makes a [`Board`] with it.

pub mod lm3s6965evb;
pub mod mps2_an385;
mod register;

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

/// The longest Ethernet frame, without its check sequence.
const MAX_FRAME: usize = 1514;

/// A board whose card is ready.
#[derive(Debug)]
pub struct Board<C> {
    /// What QEMU calls it.
    pub name: &'static str,
    /// How fast the processor's clock is.
    pub clock_hz: u32,
    /// The card's Ethernet address.
    pub address: EthernetAddress,
    /// The card.
    pub card: C,
}

/// A network card that moves whole Ethernet frames, without their check sequence.
pub trait Card {
    /// Copies the next frame that came in to the beginning of `frame`, and returns its length in octets; `None`: there is none.
    fn receive(&mut self, frame: &mut [u8]) -> Option<usize>;

    /// Whether there is room for a frame to be sent.
    fn can_send(&self) -> bool;

    /// Sends a frame. It is at least as long as its header, and there is room for it.
    fn send(&mut self, frame: &[u8]);
}

/// A [`Card`], and a buffer for each direction, as smoltcp wants them.
#[derive(Debug)]
pub struct Phy<C> {
    card: C,
    received: [u8; MAX_FRAME],
    to_send: [u8; MAX_FRAME],
}

impl<C: Card> Phy<C> {
    /// A card with empty buffers.
    pub const fn new(card: C) -> Self {
        Self {
            card,
            received: [0; MAX_FRAME],
            to_send: [0; MAX_FRAME],
        }
    }
}

impl<C: Card> Device for Phy<C> {
    type RxToken<'a>
        = Received<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = ToSend<'a, C>
    where
        Self: 'a;

    fn receive(&mut self, _: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        // What comes in may have to be answered at once.
        if !self.card.can_send() {
            return None;
        }
        let length = self.card.receive(&mut self.received)?;
        let frame = self.received.get(..length)?;
        let to_send = ToSend {
            card: &mut self.card,
            buffer: &mut self.to_send,
        };
        Some((Received(frame), to_send))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self::TxToken<'_>> {
        self.card.can_send().then_some(ToSend {
            card: &mut self.card,
            buffer: &mut self.to_send,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MAX_FRAME;
        // The LM3S6965 has room for one of the longest frames.
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A frame that came in.
#[derive(Debug)]
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, see: F) -> R {
        see(self.0)
    }
}

/// Room for a frame to be sent.
#[derive(Debug)]
pub struct ToSend<'a, C> {
    card: &'a mut C,
    buffer: &'a mut [u8; MAX_FRAME],
}

impl<C: Card> phy::TxToken for ToSend<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        // smoltcp asks for no more than the capabilities say.
        let frame = &mut self.buffer[..length];
        let filled = fill(frame);
        self.card.send(frame);
        filled
    }
}

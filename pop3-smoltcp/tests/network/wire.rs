//! Two network interfaces and what lies between them, in virtual time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use smoltcp::phy::{Device, DeviceCapabilities, FaultInjector, Medium, RxToken, TxToken};
use smoltcp::time::{Duration, Instant};

/// What the network does to packets, besides what smoltcp's fault injector does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Percent of the packets that get lost, on each side.
    pub(crate) lost: u8,
    /// Percent of the packets in which a bit is flipped, on each side.
    pub(crate) corrupted: u8,
    /// Percent of the packets that arrive twice.
    pub(crate) duplicated: u8,
    /// Percent of the packets that are overtaken by later ones.
    pub(crate) delayed: u8,
    /// Nothing arrives in the first half of each period of so many milliseconds. 0: no stalls.
    pub(crate) stall: i64,
    pub(crate) seed: u32,
}

/// One direction of the network: packets with the time at which they arrive.
#[derive(Debug)]
struct Lane {
    packets: VecDeque<(Instant, Vec<u8>)>,
    faults: Faults,
    dice: u32,
    cut: bool,
}

const LATENCY: Duration = Duration::from_millis(1);

impl Lane {
    fn chance(&mut self, percent: u8) -> bool {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        self.dice % 100 < u32::from(percent)
    }

    fn put(&mut self, now: Instant, packet: &[u8]) {
        if self.cut {
            return;
        }
        let mut due = now + LATENCY;
        if self.chance(self.faults.delayed) {
            due += LATENCY * 7;
        }
        let period = self.faults.stall;
        if period > 0 && due.total_millis() % period < period / 2 {
            due = Instant::from_millis(due.total_millis() / period * period + period / 2);
        }
        let copies = 1 + usize::from(self.chance(self.faults.duplicated));
        for _ in 0..copies {
            let at = self.packets.partition_point(|(other, _)| *other <= due);
            self.packets.insert(at, (due, packet.to_vec()));
        }
    }
}

/// A network card at one end.
#[derive(Debug)]
pub(crate) struct Card {
    incoming: Rc<RefCell<Lane>>,
    outgoing: Rc<RefCell<Lane>>,
}

/// Both ends: the client's and the server's.
pub(crate) fn cards(faults: Faults) -> [FaultInjector<Card>; 2] {
    let lane = |salt| {
        Rc::new(RefCell::new(Lane {
            packets: VecDeque::new(),
            faults,
            dice: faults.seed.wrapping_mul(2_654_435_761) ^ salt,
            cut: false,
        }))
    };
    let (one, other) = (lane(0x1234_5678), lane(0x8765_4321));
    let card = |incoming: &Rc<RefCell<Lane>>, outgoing: &Rc<RefCell<Lane>>, salt| {
        let card = Card {
            incoming: Rc::clone(incoming),
            outgoing: Rc::clone(outgoing),
        };
        let mut injector = FaultInjector::new(card, faults.seed.wrapping_add(salt) | 1);
        injector.set_drop_chance(faults.lost);
        injector.set_corrupt_chance(faults.corrupted);
        injector
    };
    [card(&one, &other, 10), card(&other, &one, 20)]
}

/// A handle to the network between the cards.
#[derive(Clone, Debug)]
pub(crate) struct Between([Rc<RefCell<Lane>>; 2]);

impl Between {
    pub(crate) fn of(card: Card) -> (Card, Self) {
        let lanes = [Rc::clone(&card.incoming), Rc::clone(&card.outgoing)];
        (card, Self(lanes))
    }

    /// When the next packet arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        let first = |lane: &Rc<RefCell<Lane>>| lane.borrow().packets.front().map(|(due, _)| *due);
        self.0.iter().filter_map(first).min()
    }

    /// From now on everything gets lost.
    pub(crate) fn cut(&self) {
        for lane in &self.0 {
            lane.borrow_mut().cut = true;
        }
    }

    /// Nothing gets lost any more.
    pub(crate) fn mend(&self) {
        for lane in &self.0 {
            lane.borrow_mut().cut = false;
        }
    }
}

pub(crate) struct Incoming(Vec<u8>);

pub(crate) struct Outgoing<'a>(&'a RefCell<Lane>, Instant);

impl Device for Card {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, now: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        let mut lane = self.incoming.borrow_mut();
        lane.packets.front().filter(|(due, _)| *due <= now)?;
        let (_, packet) = lane.packets.pop_front()?;
        Some((Incoming(packet), Outgoing(&self.outgoing, now)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&self.outgoing, now))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }
}

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.borrow_mut().put(self.1, &packet);
        result
    }
}

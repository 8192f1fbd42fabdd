//! The LM3S6965 evaluation board: its clock, and a driver for the Ethernet controller inside the microcontroller.
//!
//! Written from the data sheet of the LM3S6965 (chapters 6, "System Control", and 16, "Ethernet Controller"), whose names the
//! registers have here, and run in QEMU only.
#![expect(unsafe_code, reason = "only the board knows where its devices are")]

use core::hint::spin_loop;

use smoltcp::wire::EthernetAddress;

use super::register::{Register, registers};
use super::{Board, Card};

/// System Control, as far as it is needed, from its offset 0x050.
#[derive(Debug)]
#[repr(C)]
struct SystemControl {
    ris: Register,
    _to_060: [Register; 3],
    rcc: Register,
    _to_108: [Register; 41],
    rcgc2: Register,
}

const RIS_PLLLRIS: u32 = 1 << 6;
const RCC_MOSCDIS: u32 = 1 << 0;
const RCC_OSCSRC: u32 = 0b11 << 4;
const RCC_XTAL: u32 = 0b1111 << 6;
const RCC_XTAL_8_MHZ: u32 = 0xE << 6;
const RCC_BYPASS: u32 = 1 << 11;
const RCC_OEN: u32 = 1 << 12;
const RCC_PWRDN: u32 = 1 << 13;
const RCC_USESYSDIV: u32 = 1 << 22;
const RCC_SYSDIV: u32 = 0b1111 << 23;
/// The PLL's 200 MHz by 4.
const RCC_SYSDIV_4: u32 = 3 << 23;
const RCGC2_EMAC0: u32 = 1 << 28;
const RCGC2_EPHY0: u32 = 1 << 30;

/// What is programmed once for each board, from the offset 0x1E0 of System Control: its Ethernet address, three octets each.
#[derive(Debug)]
#[repr(C)]
struct UserRegisters {
    user_reg0: Register,
    user_reg1: Register,
}

/// The Ethernet controller.
#[derive(Debug)]
#[repr(C)]
struct Ethernet {
    macris: Register,
    macim: Register,
    macrctl: Register,
    mactctl: Register,
    macdata: Register,
    macia0: Register,
    macia1: Register,
    macthr: Register,
    macmctl: Register,
    macmdv: Register,
    _reserved: Register,
    macmtxd: Register,
    macmrxd: Register,
    macnp: Register,
    mactr: Register,
}

const MACRCTL_RXEN: u32 = 1 << 0;
/// All multicast frames: IPv6 finds its neighbours by them.
const MACRCTL_AMUL: u32 = 1 << 1;
const MACRCTL_BADCRC: u32 = 1 << 3;
const MACRCTL_RSTFIFO: u32 = 1 << 4;
const MACTCTL_TXEN: u32 = 1 << 0;
const MACTCTL_PADEN: u32 = 1 << 1;
const MACTCTL_CRC: u32 = 1 << 2;
const MACTCTL_DUPLEX: u32 = 1 << 4;
const MACNP_NPR: u32 = 0x3F;
const MACTR_NEWTX: u32 = 1 << 0;

/// In front of a frame in the receive FIFO stands a length of two octets, and behind it its check sequence of four. Both
/// count.
const AROUND_RECEIVED: usize = 6;
/// The length in front of a frame in the transmit FIFO does not count its header.
const HEADER: usize = 14;

/// The Ethernet controller, switched on.
#[derive(Debug)]
pub struct EthernetController {
    registers: &'static Ethernet,
}

/// Sets the clock to 50 MHz, and switches the Ethernet controller on. To be called once.
pub fn take() -> Board<EthernetController> {
    // SAFETY: the data sheet's addresses, each used here only.
    let (control, user, ethernet): (&SystemControl, &UserRegisters, &Ethernet) = unsafe {
        (
            registers(0x400F_E050),
            registers(0x400F_E1E0),
            registers(0x4004_8000),
        )
    };
    start_pll(control);
    control
        .rcgc2
        .update(|rcgc2| rcgc2 | RCGC2_EMAC0 | RCGC2_EPHY0);
    // A device's clock takes a moment; a read from System Control is long enough.
    control.rcgc2.read();

    let (low, high) = (user.user_reg0.read(), user.user_reg1.read());
    let ([a, b, c, _], [d, e, f, _]) = (low.to_le_bytes(), high.to_le_bytes());
    ethernet.macim.write(0);
    ethernet.macia0.write(u32::from_le_bytes([a, b, c, d]));
    ethernet.macia1.write(u32::from_le_bytes([e, f, 0, 0]));
    ethernet
        .mactctl
        .write(MACTCTL_DUPLEX | MACTCTL_CRC | MACTCTL_PADEN | MACTCTL_TXEN);
    ethernet.macrctl.write(MACRCTL_RSTFIFO);
    ethernet
        .macrctl
        .write(MACRCTL_BADCRC | MACRCTL_AMUL | MACRCTL_RXEN);
    Board {
        name: "lm3s6965evb",
        clock_hz: 50_000_000,
        address: EthernetAddress([a, b, c, d, e, f]),
        card: EthernetController {
            registers: ethernet,
        },
    }
}

/// From the crystal of 8 MHz to 50 MHz, in the order of section 6.3 of the data sheet.
fn start_pll(control: &SystemControl) {
    let rcc = &control.rcc;
    rcc.update(|rcc| rcc & !RCC_USESYSDIV | RCC_BYPASS);
    rcc.update(|rcc| rcc & !(RCC_MOSCDIS | RCC_XTAL | RCC_OSCSRC) | RCC_XTAL_8_MHZ);
    rcc.update(|rcc| rcc & !(RCC_PWRDN | RCC_OEN));
    rcc.update(|rcc| rcc & !RCC_SYSDIV | RCC_SYSDIV_4 | RCC_USESYSDIV);
    while control.ris.read() & RIS_PLLLRIS == 0 {
        spin_loop();
    }
    rcc.update(|rcc| rcc & !RCC_BYPASS);
}

impl Card for EthernetController {
    fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        if self.registers.macnp.read() & MACNP_NPR == 0 {
            return None;
        }
        let [low, high, one, two] = self.registers.macdata.read().to_le_bytes();
        let length = usize::from(u16::from_le_bytes([low, high]));
        let mut slots = frame.iter_mut();
        let mut put = |octets: &[u8]| {
            for (octet, slot) in octets.iter().zip(&mut slots) {
                *slot = *octet;
            }
        };
        put(&[one, two]);
        // To the last word, or the next frame would begin in the middle of this one.
        for _ in 1..length.div_ceil(4) {
            put(&self.registers.macdata.read().to_le_bytes());
        }
        Some(length.saturating_sub(AROUND_RECEIVED).min(frame.len()))
    }

    fn can_send(&self) -> bool {
        self.registers.mactr.read() & MACTR_NEWTX == 0
    }

    fn send(&mut self, frame: &[u8]) {
        let Some((&[one, two], rest)) = frame.split_first_chunk() else {
            return;
        };
        let length = u16::try_from(frame.len().saturating_sub(HEADER)).unwrap_or(0);
        let [low, high] = length.to_le_bytes();
        let data = &self.registers.macdata;
        data.write(u32::from_le_bytes([low, high, one, two]));
        for octets in rest.chunks(4) {
            let mut word = [0; 4];
            word[..octets.len()].copy_from_slice(octets);
            data.write(u32::from_le_bytes(word));
        }
        self.registers.mactr.write(MACTR_NEWTX);
    }
}

//! Arm's MPS2 board with the FPGA image AN385: its clock, and a driver for its LAN9118.
//!
//! Written from the LAN9118's data sheet, whose names the registers have here, and run in QEMU only.
#![expect(unsafe_code, reason = "only the board knows where its devices are")]

use core::hint::spin_loop;

use smoltcp::wire::EthernetAddress;

use super::register::{Register, registers};
use super::{Board, Card};

/// The LAN9118.
#[derive(Debug)]
#[repr(C)]
struct Registers {
    rx_data_fifo: Register,
    _to_20: [Register; 7],
    tx_data_fifo: Register,
    _to_40: [Register; 7],
    rx_status_fifo: Register,
    rx_status_fifo_peek: Register,
    tx_status_fifo: Register,
    tx_status_fifo_peek: Register,
    id_rev: Register,
    irq_cfg: Register,
    int_sts: Register,
    int_en: Register,
    _reserved_60: Register,
    byte_test: Register,
    fifo_int: Register,
    rx_cfg: Register,
    tx_cfg: Register,
    hw_cfg: Register,
    rx_dp_ctrl: Register,
    rx_fifo_inf: Register,
    tx_fifo_inf: Register,
    pmt_ctrl: Register,
    _to_a4: [Register; 7],
    mac_csr_cmd: Register,
    mac_csr_data: Register,
}

const HW_CFG_SRST: u32 = 1 << 0;
const PMT_CTRL_READY: u32 = 1 << 0;
const TX_CFG_TX_ON: u32 = 1 << 1;
const TX_CMD_A_LAST_SEGMENT: u32 = 1 << 12;
const TX_CMD_A_FIRST_SEGMENT: u32 = 1 << 13;
/// What the transmit FIFO must have free for the longest frame, its two command words and the padding of its last word.
const ROOM_TO_SEND: u32 = 1536;
const MAC_CSR_BUSY: u32 = 1 << 31;
const MAC_CSR_READ: u32 = 1 << 30;

/// The registers of the MAC, which are behind those of the LAN9118.
#[derive(Clone, Copy)]
enum MacRegister {
    MacCr = 1,
    AddrH = 2,
    AddrL = 3,
}

const MAC_CR_RXEN: u32 = 1 << 2;
const MAC_CR_TXEN: u32 = 1 << 3;
/// All multicast frames: IPv6 finds its neighbours by them.
const MAC_CR_MCPAS: u32 = 1 << 19;
const MAC_CR_FDPX: u32 = 1 << 20;

/// The check sequence, which comes with a received frame.
const FCS: usize = 4;

/// The LAN9118, switched on.
#[derive(Debug)]
pub struct Lan9118 {
    registers: &'static Registers,
}

/// Switches the LAN9118 on. To be called once.
pub fn take() -> Board<Lan9118> {
    // SAFETY: where the board has its LAN9118, which only this driver uses.
    let registers = unsafe { registers(0x4020_0000) };
    let card = Lan9118 { registers };
    Board {
        name: "mps2-an385",
        clock_hz: 25_000_000,
        address: card.start(),
        card,
    }
}

impl Lan9118 {
    /// Resets the card, switches both directions on, and returns the address that its EEPROM has.
    fn start(&self) -> EthernetAddress {
        let card = self.registers;
        while card.pmt_ctrl.read() & PMT_CTRL_READY == 0 {
            spin_loop();
        }
        card.hw_cfg.write(HW_CFG_SRST);
        while card.hw_cfg.read() & HW_CFG_SRST != 0 {
            spin_loop();
        }
        card.int_en.write(0);
        // Half of the FIFOs' memory for sending is what the reset leaves.
        card.tx_cfg.write(TX_CFG_TX_ON);
        self.write_mac(
            MacRegister::MacCr,
            MAC_CR_FDPX | MAC_CR_MCPAS | MAC_CR_TXEN | MAC_CR_RXEN,
        );
        let [a, b, c, d] = self.read_mac(MacRegister::AddrL).to_le_bytes();
        let [e, f, _, _] = self.read_mac(MacRegister::AddrH).to_le_bytes();
        EthernetAddress([a, b, c, d, e, f])
    }

    fn read_mac(&self, register: MacRegister) -> u32 {
        self.command_mac(MAC_CSR_READ | register as u32);
        self.registers.mac_csr_data.read()
    }

    fn write_mac(&self, register: MacRegister, value: u32) {
        self.registers.mac_csr_data.write(value);
        self.command_mac(register as u32);
    }

    fn command_mac(&self, command: u32) {
        self.registers.mac_csr_cmd.write(MAC_CSR_BUSY | command);
        while self.registers.mac_csr_cmd.read() & MAC_CSR_BUSY != 0 {
            spin_loop();
        }
    }
}

impl Card for Lan9118 {
    fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        let statuses = self.registers.rx_fifo_inf.read() >> 16 & 0xFF;
        if statuses == 0 {
            return None;
        }
        let status = self.registers.rx_status_fifo.read();
        let length = (status >> 16 & 0x3FFF) as usize;
        let mut slots = frame.iter_mut();
        // To the last word, or the next frame would begin in the middle of this one.
        for _ in 0..length.div_ceil(4) {
            let octets = self.registers.rx_data_fifo.read().to_le_bytes();
            for (octet, slot) in octets.iter().zip(&mut slots) {
                *slot = *octet;
            }
        }
        Some(length.saturating_sub(FCS).min(frame.len()))
    }

    fn can_send(&self) -> bool {
        self.registers.tx_fifo_inf.read() & 0xFFFF >= ROOM_TO_SEND
    }

    fn send(&mut self, frame: &[u8]) {
        // What became of the frames before is nobody's concern, but the FIFO for it must not fill up.
        while self.registers.tx_fifo_inf.read() >> 16 & 0xFF != 0 {
            self.registers.tx_status_fifo.read();
        }
        let length = u32::try_from(frame.len()).unwrap_or(0) & 0x7FF;
        let fifo = &self.registers.tx_data_fifo;
        fifo.write(TX_CMD_A_FIRST_SEGMENT | TX_CMD_A_LAST_SEGMENT | length);
        fifo.write(length << 16 | length);
        for octets in frame.chunks(4) {
            let mut word = [0; 4];
            word[..octets.len()].copy_from_slice(octets);
            fifo.write(u32::from_le_bytes(word));
        }
    }
}

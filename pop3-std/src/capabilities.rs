//! What a server says it can do.

use pop3_proto::login::Offer;
use pop3_proto::sasl::MechanismSet;
use pop3_proto::{CapabilityKind, Command, Event};

use crate::blame;
use crate::error::Error;
use crate::link::Link;
use crate::transport::Transport;

/// How many octets are kept of an answer to CAPA. Lines behind that are read and dropped.
pub const MAX_CAPABILITIES: usize = 16 * 1024;

/// The answer to CAPA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    lines: Vec<Vec<u8>>,
    offer: Offer,
}

impl Capabilities {
    /// Its lines as the server sent them, without line ends: `SASL PLAIN`, `EXPIRE 60`.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    /// Whether this capability is among them.
    ///
    /// That it is not proves little: many servers support more than they announce, and some announce it only after the
    /// log-in.
    pub fn contains(&self, capability: CapabilityKind) -> bool {
        self.offer.capabilities.contains(capability)
    }

    /// The SASL mechanisms among those that this crate knows by name.
    pub fn mechanisms(&self) -> MechanismSet {
        self.offer.mechanisms
    }

    /// What of it a log-in needs to know.
    pub(crate) const fn offer(&self) -> Offer {
        self.offer
    }

    pub(crate) fn ask<S: Transport>(link: &mut Link<S>) -> Result<Self, Error> {
        link.send(&Command::Capa)?;
        link.answer(|event| matches!(event, Event::Begin { .. }).then_some(()))?;
        let mut lines = Vec::new();
        let mut offer = Offer::default();
        let mut room = MAX_CAPABILITIES;
        loop {
            let complete = link.next_event(|event, seen| match event {
                Event::End { .. } => Ok(true),
                // Lines that cannot be read are lines all the same.
                Event::Capability { .. } | Event::Unparsed { .. } => {
                    if let Event::Capability { capability, .. } = event {
                        offer.note(capability);
                    }
                    let line = seen.line.trim_ascii_end();
                    let line = line.strip_prefix(b".").unwrap_or(line);
                    match room.checked_sub(line.len()) {
                        Some(left) if !line.is_empty() => {
                            room = left;
                            lines.push(line.to_vec());
                        }
                        _ => {}
                    }
                    Ok(false)
                }
                event => {
                    Err(blame::no_answer(event, seen).unwrap_or_else(|| blame::unexpected(seen)))
                }
            })??;
            if complete {
                break;
            }
        }
        Ok(Self { lines, offer })
    }
}

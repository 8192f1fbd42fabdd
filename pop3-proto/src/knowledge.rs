//! What a client has learnt of its server, and when that is forgotten.

use crate::capability::{CapabilityKind, CapabilitySet, Support};
use crate::command::CommandKind;
use crate::features::CAPA;

/// All that is known of the server. Nothing in here survives STLS (RFC 2595 section 4): a new one takes its place.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    capabilities: Option<CapabilitySet>,
    /// Those of a list that is not complete yet.
    listed: CapabilitySet,
    /// The commands that are tried whether or not they are announced: what the server has granted of them, ...
    proved: CapabilitySet,
    /// ... and what it has refused.
    refused: CapabilitySet,
}

impl Knowledge {
    pub(crate) const fn new() -> Self {
        Self {
            capabilities: None,
            listed: CapabilitySet::NONE,
            proved: CapabilitySet::NONE,
            refused: CapabilitySet::NONE,
        }
    }

    /// The newest list of capabilities, if it can still be relied on.
    pub(crate) const fn capabilities(&self) -> Option<CapabilitySet> {
        self.capabilities
    }

    /// A capability is in the list that is being read.
    pub(crate) fn lists(&mut self, capability: Option<CapabilityKind>) {
        self.listed.insert(capability);
    }

    /// The list that answers this command is complete.
    pub(crate) fn listed(&mut self, command: CommandKind) {
        if CAPA && command == CommandKind::Capa {
            self.capabilities = Some(self.listed);
        }
    }

    /// Whether the capability is in the newest list.
    pub(crate) fn is_announced(&self, kind: CapabilityKind) -> bool {
        CAPA && self.capabilities.is_some_and(|set| set.contains(kind))
    }

    /// The server has answered this command, with `+OK` or with `-ERR`.
    pub(crate) fn answered(&mut self, command: CommandKind, positive: bool) {
        if !CAPA {
            return;
        }
        let tried = match command {
            // Servers announce something else after the log-in.
            CommandKind::Pass | CommandKind::Apop | CommandKind::Auth if positive => {
                self.capabilities = None;
                return;
            }
            // What is refused now was perhaps granted before: then it is not to be relied on.
            CommandKind::Capa => {
                self.capabilities = None;
                self.listed = CapabilitySet::NONE;
                return;
            }
            CommandKind::Uidl => CapabilityKind::Uidl,
            // Its refusal may be about the message.
            CommandKind::UidlOne if positive => CapabilityKind::Uidl,
            CommandKind::Top => CapabilityKind::Top,
            _ => return,
        };
        if positive {
            self.proved.insert(Some(tried));
        } else {
            self.refused.insert(Some(tried));
        }
    }

    /// Whether the server can do this, as far as it is known.
    pub(crate) fn support(&self, kind: CapabilityKind) -> Support {
        match self.capabilities.filter(|_| CAPA) {
            _ if self.proved.contains(kind) => Support::Proved,
            Some(set) if set.contains(kind) => Support::Announced,
            _ if self.refused.contains(kind) => Support::Refused,
            Some(_) => Support::NotAnnounced,
            None => Support::Unknown,
        }
    }
}

//! From the first octet to a connection on which somebody may log in: TLS, greeting, STLS.

use core::fmt;

use super::Next;
use super::report::Offer;
use crate::capability::CapabilityKind;
use crate::command::{Command, CommandKind};
use crate::event::Event;
use crate::features::CAPA;

/// How the connection is protected. There is no default here: plain text has to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Security {
    /// TLS from the first octet, usually on port 995 (RFC 8314 section 3.1).
    ImplicitTls,
    /// STLS before anything else, usually on port 110 (RFC 2595 section 4). Refused, it ends the session: what a server
    /// says before TLS, anybody can have said.
    StartTls,
    /// STLS if the server announces it, else no protection. Whoever is on the way can make the server seem to announce none:
    /// for a network that is trusted, and servers of which some cannot do better. A server that announces STLS and then
    /// refuses it, or that is [known](Opening::stls_expected) to have announced it before, is not talked to in clear.
    /// Without the feature `capa` nobody can ask, so it is as [`StartTls`](Self::StartTls).
    ///
    /// This does not name clear text for [`Authentication::Auto`](super::Authentication::Auto): without TLS, the way to log in has
    /// to be asked for by name.
    StartTlsIfAvailable,
    /// No protection: whoever is on the way reads all and can change all.
    ClearText,
}

impl Security {
    /// The port that goes with it: 995 for implicit TLS, else 110.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::ImplicitTls => 995,
            Self::StartTls | Self::StartTlsIfAvailable | Self::ClearText => 110,
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ImplicitTls => "implicit TLS",
            Self::StartTls => "STLS",
            Self::StartTlsIfAvailable => "STLS if available",
            Self::ClearText => "clear text",
        })
    }
}

/// Greeting, and STLS if the connection is to be protected by it.
#[derive(Clone, Debug)]
pub struct Opening {
    security: Security,
    step: OpeningStep,
    apop: bool,
    /// The list of capabilities, as far as it has been read.
    offered: Option<Offer>,
    /// The server has announced STLS, now or before.
    stls: bool,
}

#[derive(Clone, Copy, Debug)]
enum OpeningStep {
    /// TLS before the greeting.
    ImplicitHandshake,
    Greeting,
    /// CAPA in clear: it decides nothing but whether to try STLS.
    Capa,
    CapaSent,
    Stls,
    StlsSent,
    /// TLS behind STLS.
    Handshake,
    Finished(Result<(), OpeningFailure>),
}

/// Why a connection was not opened. The server's words are in the event that was observed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum OpeningFailure {
    /// The server greeted with `-ERR`.
    Dismissed,
    /// The server refused STLS, so nothing secret may be sent.
    StlsRefused,
    /// The server does not announce STLS, and is known to have announced it before: somebody may have struck it out.
    StlsVanished,
}

impl fmt::Display for OpeningFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dismissed => "the server refused the connection",
            Self::StlsRefused => "the server refused STLS, so nothing was sent in clear",
            Self::StlsVanished => {
                "the server announces no STLS, and it did before, so nothing was sent in clear"
            }
        })
    }
}

impl core::error::Error for OpeningFailure {}

impl Opening {
    /// The opening of a connection that is to be protected like this.
    #[must_use]
    pub const fn new(security: Security) -> Self {
        Self {
            security,
            step: match security {
                Security::ImplicitTls => OpeningStep::ImplicitHandshake,
                _ => OpeningStep::Greeting,
            },
            apop: false,
            offered: None,
            stls: false,
        }
    }

    /// For [`Security::StartTlsIfAvailable`]: the server has announced STLS before, as
    /// [`announced_stls`](Self::announced_stls) said then, so that it must not be without now.
    #[must_use]
    pub const fn stls_expected(mut self, expected: bool) -> Self {
        self.stls = expected;
        self
    }

    /// Whether the server has announced STLS, or was expected to. Only known with [`Security::StartTlsIfAvailable`]
    /// and the feature `capa`.
    pub const fn announced_stls(&self) -> bool {
        self.stls
    }

    /// What to do next.
    pub const fn next_step(&self) -> Next<'static, Result<(), OpeningFailure>> {
        match self.step {
            OpeningStep::Greeting | OpeningStep::CapaSent | OpeningStep::StlsSent => Next::Receive,
            OpeningStep::Capa => Next::Send(Command::Capa),
            OpeningStep::Stls => Next::Send(Command::Stls),
            OpeningStep::ImplicitHandshake | OpeningStep::Handshake => Next::StartTls,
            OpeningStep::Finished(result) => Next::Finished(result),
        }
    }

    /// The command that [`Next::Send`] asked for is sent.
    pub const fn sent(&mut self) {
        self.step = match self.step {
            OpeningStep::Capa => OpeningStep::CapaSent,
            OpeningStep::Stls => OpeningStep::StlsSent,
            step => step,
        };
    }

    /// Takes note of an event.
    pub fn observe(&mut self, event: &Event<'_>) {
        self.step = match (self.step, event) {
            (OpeningStep::Greeting, Event::Greeting { apop, .. }) => match self.security {
                // Nothing that the server announces in clear could change what comes next, so it is not asked.
                Security::StartTls => OpeningStep::Stls,
                Security::StartTlsIfAvailable => {
                    self.apop = *apop;
                    // Where nobody can ask, it is STLS or nothing.
                    if CAPA {
                        OpeningStep::Capa
                    } else {
                        OpeningStep::Stls
                    }
                }
                Security::ImplicitTls | Security::ClearText => {
                    self.apop = *apop;
                    OpeningStep::Finished(Ok(()))
                }
            },
            (OpeningStep::Finished(_), _) => self.step,
            (_, Event::Farewell { .. }) => OpeningStep::Finished(Err(OpeningFailure::Dismissed)),
            (OpeningStep::CapaSent, Event::Begin { .. }) => {
                self.offered = Some(Offer::default());
                self.step
            }
            (OpeningStep::CapaSent, Event::Capability { capability, .. }) => {
                if let Some(offered) = &mut self.offered {
                    offered.note(capability);
                }
                self.step
            }
            (OpeningStep::CapaSent, event)
                if event
                    .completes()
                    .is_some_and(|request| request.kind == CommandKind::Capa) =>
            {
                self.decide()
            }
            (OpeningStep::StlsSent, Event::StartTls { .. }) => {
                // What was said in clear is forgotten, the timestamp as well.
                self.apop = false;
                self.offered = None;
                OpeningStep::Handshake
            }
            (OpeningStep::StlsSent, Event::Rejected { request, .. })
                if request.kind == CommandKind::Stls =>
            {
                OpeningStep::Finished(Err(OpeningFailure::StlsRefused))
            }
            (step, _) => step,
        };
    }

    /// The capabilities in clear are complete, or were refused.
    fn decide(&mut self) -> OpeningStep {
        let announced = (self.offered)
            .is_some_and(|offered| offered.capabilities.contains(CapabilityKind::Stls));
        if announced {
            self.stls = true;
            OpeningStep::Stls
        } else if self.stls {
            OpeningStep::Finished(Err(OpeningFailure::StlsVanished))
        } else {
            OpeningStep::Finished(Ok(()))
        }
    }

    /// The handshake that [`Next::StartTls`] asked for is done.
    pub const fn tls_established(&mut self) {
        match self.step {
            OpeningStep::ImplicitHandshake => self.step = OpeningStep::Greeting,
            OpeningStep::Handshake => self.step = OpeningStep::Finished(Ok(())),
            _ => {}
        }
    }

    /// What the server has announced, if it had to be asked and no TLS began after it: for
    /// [`LoginPolicy::offered`](super::LoginPolicy::offered), so that it is not asked again. Only
    /// [`Security::StartTlsIfAvailable`] asks.
    pub const fn offered(&self) -> Option<Offer> {
        self.offered
    }

    /// Whether APOP may be tried: the greeting had a timestamp, and no TLS began after it.
    pub const fn offers_apop(&self) -> bool {
        self.apop
    }
}

//! What the text of a reply means, by the command that it answers.

use crate::capability::Capability;
use crate::command::{CommandKind, Request};
use crate::event::{Event, UniqueId};
use crate::features::{CAPA, LANG, STLS, UIDL};
use crate::text::Text;
use crate::wire::listing;
use crate::wire::number::{trim, word};

/// What `+OK` and this text mean as an answer to the command.
pub(crate) fn answer(request: Request, octets: &[u8], truncated: bool) -> Event<'_> {
    let text = Text::new(octets);
    match (request.kind, request.message) {
        // A number or a unique-id that was cut is another one.
        (CommandKind::Stat | CommandKind::ListOne | CommandKind::UidlOne, _) if truncated => {}
        (CommandKind::Stat, _) => {
            if let Some((messages, octets)) = listing::stat(octets) {
                return Event::Stat {
                    request,
                    messages,
                    octets,
                };
            }
        }
        (CommandKind::ListOne, Some(message)) => {
            if let Some(octets) = listing::scan_of(message, octets) {
                return Event::Listing {
                    request,
                    message,
                    octets,
                };
            }
        }
        (CommandKind::UidlOne, Some(message)) if UIDL => {
            if let Some(unique_id) = listing::unique_id_of(message, octets) {
                return Event::UniqueId {
                    request,
                    message,
                    unique_id: unique_id.map(UniqueId::new),
                };
            }
        }
        (CommandKind::Stls, _) if STLS => return Event::StartTls { request, text },
        (kind, _) if kind.is_multi_line() => return Event::Begin { request, text },
        _ => return Event::Done { request, text },
    }
    Event::Unparsed {
        request,
        line: text,
    }
}

/// What a line of the multi-line reply to the command means.
pub(crate) fn line(request: Request, octets: &[u8], truncated: bool) -> Event<'_> {
    match request.kind {
        _ if truncated => {}
        CommandKind::Capa if CAPA => {
            if let Some(capability) = Capability::parse(octets) {
                return Event::Capability {
                    request,
                    capability,
                };
            }
        }
        CommandKind::Languages if LANG => {
            let mut name = octets;
            if let Some(tag) = word(&mut name) {
                return Event::Language {
                    request,
                    tag: Text::new(tag),
                    name: Text::new(trim(name)),
                };
            }
        }
        CommandKind::Uidl if UIDL => {
            if let Some((message, unique_id)) = listing::unique_id(octets) {
                return Event::UniqueId {
                    request,
                    message,
                    unique_id: unique_id.map(UniqueId::new),
                };
            }
        }
        _ => {
            if let Some((message, octets)) = listing::scan(octets) {
                return Event::Listing {
                    request,
                    message,
                    octets,
                };
            }
        }
    }
    Event::Unparsed {
        request,
        line: Text::new(octets),
    }
}

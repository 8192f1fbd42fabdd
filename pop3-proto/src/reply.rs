//! What the text of a reply means, by the command that it answers.

use crate::capability::Capability;
use crate::command::{CommandKind, Request};
use crate::event::{Event, UniqueId};
use crate::text::Text;
use crate::wire::listing;
use crate::wire::number::{trim, word};

/// What `+OK` and this text mean as an answer to the command.
pub(crate) fn answer(request: Request, octets: &[u8], truncated: bool) -> Event<'_> {
    let text = Text::new(octets);
    let event = match (request.kind, request.message) {
        // A number or a unique-id that was cut is another one.
        (CommandKind::Stat | CommandKind::ListOne | CommandKind::UidlOne, _) if truncated => None,
        (CommandKind::Stat, _) => listing::stat(octets).map(|(messages, octets)| Event::Stat {
            request,
            messages,
            octets,
        }),
        (CommandKind::ListOne, Some(message)) => {
            listing::scan_of(message, octets).map(|octets| Event::Listing {
                request,
                message,
                octets,
            })
        }
        (CommandKind::UidlOne, Some(message)) => {
            listing::unique_id_of(message, octets).map(|unique_id| Event::UniqueId {
                request,
                message,
                unique_id: unique_id.map(UniqueId::new),
            })
        }
        (CommandKind::Stls, _) => Some(Event::StartTls { request, text }),
        (kind, _) if kind.is_multi_line() => Some(Event::Begin { request, text }),
        _ => Some(Event::Done { request, text }),
    };
    event.unwrap_or(unparsed(request, octets))
}

/// What a line of the multi-line reply to the command means.
pub(crate) fn line(request: Request, octets: &[u8], truncated: bool) -> Event<'_> {
    let event = match request.kind {
        _ if truncated => None,
        CommandKind::Capa => Capability::parse(octets).map(|capability| Event::Capability {
            request,
            capability,
        }),
        CommandKind::Languages => {
            let mut name = octets;
            word(&mut name).map(|tag| Event::Language {
                request,
                tag: Text::new(tag),
                name: Text::new(trim(name)),
            })
        }
        CommandKind::Uidl => {
            listing::unique_id(octets).map(|(message, unique_id)| Event::UniqueId {
                request,
                message,
                unique_id: unique_id.map(UniqueId::new),
            })
        }
        _ => listing::scan(octets).map(|(message, octets)| Event::Listing {
            request,
            message,
            octets,
        }),
    };
    event.unwrap_or(unparsed(request, octets))
}

fn unparsed(request: Request, octets: &[u8]) -> Event<'_> {
    Event::Unparsed {
        request,
        line: Text::new(octets),
    }
}

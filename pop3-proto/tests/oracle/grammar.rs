//! What the words of a reply mean, read from the RFCs' grammar: the answers to STAT, LIST, UIDL, CAPA and LANG, and the timestamp
//! of a greeting.

use pop3_proto::{
    Capability, CommandKind, Event, Mechanisms, MessageNumber, Request, Text, UniqueId,
};

/// The answer to STAT (RFC 1939 section 5), and to LIST and UIDL for one message.
pub fn answer(request: Request, text: &[u8]) -> Option<Event<'_>> {
    let words = words(text);
    Some(match (request.kind, request.message) {
        (CommandKind::Stat, _) => Event::Stat {
            request,
            messages: number(words.first()?)?,
            octets: words.get(1).and_then(|word| number(word)),
        },
        (CommandKind::ListOne, Some(message)) => Event::Listing {
            request,
            message,
            octets: match *words {
                [octets] => number(octets)?,
                [first, octets, ..] if number(first) == Some(message.get()) => number(octets)?,
                _ => return None,
            },
        },
        (_, Some(message)) => Event::UniqueId {
            request,
            message,
            unique_id: match *words {
                [first, ..] if number(first) == Some(message.get()) => behind(text),
                [unique_id] => Some(UniqueId::new(unique_id)),
                _ => return None,
            },
        },
        _ => unreachable!("LIST and UIDL for one message are about one"),
    })
}

/// A line of the answer to LIST, UIDL (RFC 1939 sections 5 and 7), CAPA (RFC 2449 section 5) and LANG (RFC 6856 section 3.2).
pub fn item(request: Request, line: &[u8]) -> Option<Event<'_>> {
    if request.kind == CommandKind::Capa {
        let capability = capability(line)?;
        return Some(Event::Capability {
            request,
            capability,
        });
    }
    if request.kind == CommandKind::Languages {
        let tag = *words(line).first()?;
        return Some(Event::Language {
            request,
            tag: Text::new(tag),
            name: Text::new(trim(&trim_start(line)[tag.len()..])),
        });
    }
    // A server is known that puts +OK in front of each line.
    let line = match words(line).first()? {
        word if word.eq_ignore_ascii_case(b"+OK") => &trim_start(line)[3..],
        _ => line,
    };
    let words = words(line);
    let message = MessageNumber::new(number(words.first()?)?)?;
    Some(match request.kind {
        CommandKind::Uidl => Event::UniqueId {
            request,
            message,
            unique_id: behind(line),
        },
        _ => Event::Listing {
            request,
            message,
            octets: number(words.get(1)?)?,
        },
    })
}

/// RFC 2449 section 6, RFC 2595 section 4, RFC 3206 section 6, RFC 6856 sections 2 and 3.
fn capability(line: &[u8]) -> Option<Capability<'_>> {
    let words = words(line);
    let tag = *words.first()?;
    let arguments = trim(&trim_start(line)[tag.len()..]);
    let other = Capability::Other {
        tag: Text::new(tag),
        arguments: Text::new(arguments),
    };
    let is = |at: usize, word: &[u8]| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(word));
    let per_user = is(2, b"USER");
    Some(match tag.to_ascii_uppercase().as_slice() {
        b"TOP" => Capability::Top,
        b"USER" => Capability::User,
        b"SASL" => Capability::Sasl(Mechanisms::new(arguments)),
        b"RESP-CODES" => Capability::RespCodes,
        b"AUTH-RESP-CODE" => Capability::AuthRespCode,
        b"LOGIN-DELAY" => match words.get(1).and_then(|word| number(word)) {
            Some(seconds) => Capability::LoginDelay { seconds, per_user },
            None => other,
        },
        b"PIPELINING" => Capability::Pipelining,
        b"EXPIRE" => match words.get(1).and_then(|word| number(word)) {
            None if !is(1, b"NEVER") => other,
            days => Capability::Expire { days, per_user },
        },
        b"UIDL" => Capability::Uidl,
        b"IMPLEMENTATION" => Capability::Implementation(Text::new(arguments)),
        b"STLS" => Capability::Stls,
        b"UTF8" => Capability::Utf8 {
            user: is(1, b"USER"),
        },
        b"LANG" => Capability::Lang,
        _ => other,
    })
}

/// The unique-id behind the first word of a line, if there is one.
fn behind(line: &[u8]) -> Option<UniqueId<'_>> {
    let line = trim(line);
    let first = words(line).first()?.len();
    let unique_id = trim(&line[first..]);
    (!unique_id.is_empty()).then(|| UniqueId::new(unique_id))
}

/// A number is digits, and nothing but digits, and fits.
fn number<N: std::str::FromStr>(word: &[u8]) -> Option<N> {
    let digits = word.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(word)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()
}

fn is_blank(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

fn words(text: &[u8]) -> Vec<&[u8]> {
    let words = text.split(|&octet| is_blank(octet));
    words.filter(|word| !word.is_empty()).collect()
}

pub fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|&&octet| is_blank(octet)).count();
    &text[blanks..]
}

fn trim(text: &[u8]) -> &[u8] {
    let blanks = text.iter().rev().take_while(|&&octet| is_blank(octet));
    trim_start(&text[..text.len() - blanks.count()])
}

/// Whether the greeting has a msg-id (RFC 1939 section 7, RFC 5322 section 3.6.4), neither obsolete nor quoted.
pub fn has_timestamp(greeting: &[u8]) -> bool {
    let begins = greeting
        .iter()
        .enumerate()
        .filter(|(_, octet)| **octet == b'<');
    begins.map(|(at, _)| &greeting[at + 1..]).any(|behind| {
        let end = behind.iter().position(|octet| b"<>".contains(octet));
        let inside = match end {
            Some(end) if behind[end] == b'>' => &behind[..end],
            _ => return false,
        };
        let at = inside.iter().position(|&octet| octet == b'@');
        at.is_some_and(|at| is_dot_atom(&inside[..at]) && is_domain(&inside[at + 1..]))
    })
}

fn is_domain(domain: &[u8]) -> bool {
    match domain {
        [b'[', literal @ .., b']'] => literal
            .iter()
            .all(|octet| octet.is_ascii_graphic() && !b"[]\\<>".contains(octet)),
        _ => is_dot_atom(domain),
    }
}

fn is_dot_atom(octets: &[u8]) -> bool {
    let atoms = octets.split(|&octet| octet == b'.');
    atoms.into_iter().all(|atom| {
        let atext =
            |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(octet);
        !atom.is_empty() && atom.iter().all(atext)
    })
}

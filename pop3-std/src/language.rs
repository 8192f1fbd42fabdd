//! UTF-8, and the language of the server's texts (RFC 6856).

use pop3_proto::{Command, Event};

use crate::blame;
use crate::error::Error;
use crate::link::Link;
use crate::session::done;
use crate::transport::Transport;

/// How many octets are kept of an answer to LANG. Lines behind that are read and dropped.
pub const MAX_LANGUAGES: usize = 16 * 1024;

/// A language that a server's texts can be in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Language {
    /// Its tag (RFC 5646), for [`Session::lang`](crate::Session::lang).
    pub tag: String,
    /// What it is called, in that language, safe to print.
    pub name: String,
}

pub(crate) fn utf8<S: Transport>(link: &mut Link<S>) -> Result<(), Error> {
    link.send(&Command::Utf8)?;
    link.answer(done)
}

pub(crate) fn lang<S: Transport>(link: &mut Link<S>, tag: &str) -> Result<(), Error> {
    link.send(&Command::Lang(tag))?;
    link.answer(done)
}

pub(crate) fn languages<S: Transport>(link: &mut Link<S>) -> Result<Vec<Language>, Error> {
    link.send(&Command::Languages)?;
    link.answer(|event| matches!(event, Event::Begin { .. }).then_some(()))?;
    let mut languages = Vec::new();
    let mut room = MAX_LANGUAGES;
    loop {
        let complete = link.next_event(|event, seen| match event {
            Event::End { .. } => Ok(true),
            Event::Language { tag, name, .. } => {
                if let Some(left) = room.checked_sub(seen.line.len()) {
                    room = left;
                    languages.push(Language {
                        tag: tag.to_string(),
                        name: name.to_string(),
                    });
                }
                Ok(false)
            }
            // A line that cannot be read names no language.
            Event::Unparsed { .. } => Ok(false),
            event => Err(blame::no_answer(event, seen).unwrap_or_else(|| blame::unexpected(seen))),
        })??;
        if complete {
            return Ok(languages);
        }
    }
}

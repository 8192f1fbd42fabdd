//! The modes that show something and change nothing.

use std::io::{self, BufWriter, Read as _, Write};

use pop3_std::{Error, Message, Session, Text, Transport};

use crate::arguments::Arguments;
use crate::copy::{CopyError, copy};
use crate::digest::Digest;
use crate::failure::{Failure, say};
use crate::plan::each_line;

/// How much of a header is read for the overview.
const HEADER: u64 = 256 * 1024;

/// Does what the command line asks for.
pub fn show<S: Transport>(mut session: Session<S>, arguments: &Arguments) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = show_with(&mut session, arguments, &mut out);
    // What has been shown so far is shown, also when the rest fails.
    let flushed = out.flush().map_err(|error| Failure::stdout(&error));
    let outcome = shown.and(flushed);
    // After another failure there may be any amount to read before the server would see a QUIT.
    if matches!(outcome, Ok(()) | Err(Failure::Reported)) {
        // Nothing was changed: how the server says goodbye makes no difference.
        let _ = session.quit();
    }
    outcome
}

fn show_with<S: Transport>(
    session: &mut Session<S>,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if arguments.stat {
        stat(session, out)
    } else if arguments.list {
        list(session, out)
    } else if arguments.uidl {
        uidl(session, out)
    } else if arguments.capa {
        capa(session, out)
    } else if let Some(number) = arguments.message {
        message(session.retr(number)?, out)
    } else if let Some((number, lines)) = arguments.top {
        message(session.top(number, lines)?, out)
    } else {
        overview(session, out)
    }
}

fn stat<S: Transport>(session: &mut Session<S>, out: &mut impl Write) -> Result<(), Failure> {
    let stat = session.stat()?;
    // There are servers whose sum has overflowed.
    let octets = stat
        .octets
        .map_or_else(|| "?".to_owned(), |octets| octets.to_string());
    line(out, format_args!("{} {octets}", stat.messages))
}

fn list<S: Transport>(session: &mut Session<S>, out: &mut impl Write) -> Result<(), Failure> {
    let unreadable = each_line(session.list()?, |listing| {
        line(out, format_args!("{} {}", listing.message, listing.octets))
    })?;
    complete(unreadable)
}

fn uidl<S: Transport>(session: &mut Session<S>, out: &mut impl Write) -> Result<(), Failure> {
    let unreadable = each_line(session.uidl()?, |listing| match listing.unique_id {
        Some(unique_id) => line(out, format_args!("{} {unique_id}", listing.message)),
        None => line(out, listing.message),
    })?;
    complete(unreadable)
}

/// A line that cannot be read has been reported, and is a message left out.
fn complete(unreadable: u64) -> Result<(), Failure> {
    match unreadable {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    }
}

fn capa<S: Transport>(session: &mut Session<S>, out: &mut impl Write) -> Result<(), Failure> {
    for capability in session.capa()?.lines() {
        line(out, Text::new(capability))?;
    }
    Ok(())
}

fn message<S: Transport>(mut message: Message<'_, S>, out: &mut impl Write) -> Result<(), Failure> {
    match copy(&mut message, out, |_| ()) {
        Ok(_) => Ok(()),
        Err(CopyError::Read(error)) => Err(Error::from(error).into()),
        Err(CopyError::Write(error)) => Err(Failure::stdout(&error)),
    }
}

/// A line for each message, for people.
fn overview<S: Transport>(session: &mut Session<S>, out: &mut impl Write) -> Result<(), Failure> {
    let mut listings = Vec::new();
    let unreadable = each_line(session.list()?, |listing| {
        listings.push(listing);
        Ok(())
    })?;
    if listings.is_empty() && unreadable == 0 {
        return line(out, "There is no mail.");
    }
    line(
        out,
        format_args!("{:>5} {:>11}  {:<28}  Subject", "No.", "Octets", "From"),
    )?;
    let mut headers = session.top_many(listings.iter().map(|listing| listing.message), 0);
    for listing in &listings {
        let header = headers.next()?.map(|fetched| fetched.message);
        let Digest { from, subject, .. } = header.map_or(Ok(Digest::default()), digest)?;
        line(
            out,
            format_args!(
                "{:>5} {:>11}  {from:<28.28}  {subject}",
                listing.message.get(),
                listing.octets
            ),
        )?;
        // Somebody is waiting for it.
        out.flush().map_err(|error| Failure::stdout(&error))?;
    }
    say("nothing was stored: see --maildir, --mbox and --message in --help");
    complete(unreadable)
}

/// What the header says; nothing if the server has no TOP.
fn digest<S: Transport>(header: Result<Message<'_, S>, Error>) -> Result<Digest, Failure> {
    let Ok(header) = header else {
        return Ok(Digest::default());
    };
    let mut octets = Vec::new();
    header
        .take(HEADER)
        .read_to_end(&mut octets)
        .map_err(Error::from)?;
    Ok(Digest::of(&octets, 0))
}

fn line(out: &mut impl Write, line: impl std::fmt::Display) -> Result<(), Failure> {
    writeln!(out, "{line}").map_err(|error| Failure::stdout(&error))
}

//! The application: what is done with the mail.

use pop3_smoltcp::pop3_proto::{Command, Event, MessageNumber, Text};
use semihosting::println;
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::header::HeaderLines;
use crate::session::Session;

/// Looks at the headers, reads each mail to its end, deletes one if that was asked for, and says goodbye. All that it
/// sees it says on the console.
///
/// # Errors
///
/// The first thing that goes wrong ends it.
pub fn fetch(mut session: impl Session, delete: Option<MessageNumber>) -> Result<(), Failure> {
    let messages = count(&mut session)?;
    session.command(&Command::Uidl, &mut |event| {
        if let Event::UniqueId {
            message,
            unique_id: Some(id),
            ..
        } = event
        {
            println!("uidl {message} {id}");
        }
    })?;
    for message in MessageNumber::up_to(messages) {
        subject(&mut session, message)?;
    }
    for message in MessageNumber::up_to(messages) {
        read(&mut session, message)?;
    }
    if let Some(message) = delete {
        session.command(&Command::Dele(message), &mut |_| {})?;
        println!("dele {message}");
    }
    session.quit()?;
    println!("quit");
    Ok(())
}

/// STAT: how many mails there are.
fn count(session: &mut impl Session) -> Result<u32, Failure> {
    let mut count = 0;
    session.command(&Command::Stat, &mut |event| {
        if let Event::Stat {
            messages, octets, ..
        } = event
        {
            count = *messages;
            println!("stat {messages} {}", octets.unwrap_or(0));
        }
    })?;
    Ok(count)
}

/// TOP with no line of the body: what a mail is about, without all of it.
fn subject(session: &mut impl Session, message: MessageNumber) -> Result<(), Failure> {
    let (mut lines, mut header) = (0, HeaderLines::new());
    session.command(&Command::Top { message, lines: 0 }, &mut |event| {
        if let Event::Body(octets) = event {
            header.feed(octets, |line| {
                lines += 1;
                show_subject("top", message, line);
            });
        }
    })?;
    println!("top {message} lines {lines}");
    Ok(())
}

/// RETR: a mail as a stream, of which nothing is kept but its digest.
fn read(session: &mut impl Session, message: MessageNumber) -> Result<(), Failure> {
    println!("retr {message}");
    let (mut length, mut digest) = (0, Sha256::new());
    let mut header = HeaderLines::new();
    session.command(&Command::Retr(message), &mut |event| {
        if let Event::Body(octets) = event {
            length += octets.len();
            digest.update(octets);
            header.feed(octets, |line| show_subject("mail", message, line));
        }
    })?;
    println!("mail {message} octets {length}");
    println!("mail {message} sha-256 {:x}", Hex(&digest.finalize()));
    Ok(())
}

/// If the line is the Subject, shows it. [`Text`] makes it safe to print.
fn show_subject(of: &str, message: MessageNumber, line: &[u8]) {
    const NAME: &[u8] = b"subject:";
    if let Some((name, value)) = line.split_at_checked(NAME.len())
        && name.eq_ignore_ascii_case(NAME)
    {
        println!(
            "{of} {message} subject {}",
            Text::new(value.trim_ascii_start())
        );
    }
}

/// Octets in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl core::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

//! A small POP3 server: all of RFC 1939 but APOP, for one maildrop in memory, a connection at a time.

use std::io::{self, BufRead as _, BufReader, Read, Write};

/// No command is longer (RFC 2449 section 4).
const LONGEST_COMMAND: u64 = 255;

/// A message in a maildrop.
#[derive(Clone, Debug)]
pub struct Mail {
    /// What UIDL says.
    pub unique_id: String,
    /// Its octets, with CRLF line ends, the last line's too.
    pub octets: Vec<u8>,
}

/// Somebody's mail.
#[derive(Clone, Debug)]
pub struct Maildrop {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What QUIT deletes from.
    pub mails: Vec<Mail>,
}

/// A session with one client.
#[derive(Debug)]
pub struct Conversation<'m> {
    maildrop: &'m mut Maildrop,
    user: Option<String>,
    is_logged_in: bool,
    is_over: bool,
    deleted: Vec<bool>,
}

impl<'m> Conversation<'m> {
    /// Begins with the greeting.
    pub fn new(maildrop: &'m mut Maildrop) -> Self {
        Self {
            user: None,
            is_logged_in: false,
            is_over: false,
            deleted: vec![false; maildrop.mails.len()],
            maildrop,
        }
    }

    /// What the server says first.
    pub fn greeting(&self) -> Vec<u8> {
        b"+OK a small POP3 server on this machine, with mail that was made up\r\n".to_vec()
    }

    /// After QUIT.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The whole answer to a command, given without its line end.
    pub fn answer(&mut self, command: &str) -> Vec<u8> {
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        let answer = match (name.to_ascii_uppercase().as_str(), self.is_logged_in) {
            ("CAPA", _) => Ok(list(
                "capabilities",
                ["USER", "TOP", "UIDL", "IMPLEMENTATION demo"].into_iter(),
            )),
            ("USER", false) => {
                self.user = Some(argument.to_owned());
                Ok(b"+OK now the password\r\n".to_vec())
            }
            ("PASS", false) => self.pass(argument),
            ("STAT" | "LIST" | "UIDL" | "RETR" | "TOP" | "DELE" | "NOOP" | "RSET", false) => {
                Err("log in first")
            }
            ("QUIT", _) => {
                self.is_over = true;
                let mut deleted = self.deleted.iter();
                self.maildrop
                    .mails
                    .retain(|_| deleted.next() != Some(&true));
                Ok(b"+OK\r\n".to_vec())
            }
            ("NOOP", true) => Ok(b"+OK\r\n".to_vec()),
            ("RSET", true) => {
                self.deleted.fill(false);
                Ok(b"+OK\r\n".to_vec())
            }
            ("STAT", true) => {
                let octets: usize = self.mails().map(|(_, mail)| mail.octets.len()).sum();
                Ok(format!("+OK {} {octets}\r\n", self.mails().count()).into_bytes())
            }
            ("LIST", true) => self.list_by(argument, |mail| mail.octets.len().to_string()),
            ("UIDL", true) => self.list_by(argument, |mail| mail.unique_id.clone()),
            ("RETR", true) => self.mail(argument).map(|(_, mail)| body(&mail.octets)),
            ("TOP", true) => self.top(argument),
            ("DELE", true) => self.mail(argument).map(|(number, _)| number).map(|number| {
                self.deleted[number - 1] = true;
                b"+OK\r\n".to_vec()
            }),
            _ => Err("no such command"),
        };
        answer.unwrap_or_else(|text| format!("-ERR {text}\r\n").into_bytes())
    }

    fn pass(&mut self, password: &str) -> Result<Vec<u8>, &'static str> {
        let is_right = self.user.take().as_deref() == Some(&self.maildrop.user)
            && password == self.maildrop.password;
        self.is_logged_in = is_right;
        if is_right {
            Ok(b"+OK welcome\r\n".to_vec())
        } else {
            Err("wrong user name or password")
        }
    }

    /// The messages that are not deleted, with their numbers.
    fn mails(&self) -> impl Iterator<Item = (usize, &Mail)> {
        let mails = (1..).zip(&self.maildrop.mails);
        mails
            .zip(&self.deleted)
            .filter(|(_, deleted)| !**deleted)
            .map(|(mail, _)| mail)
    }

    fn mail(&self, number: &str) -> Result<(usize, &Mail), &'static str> {
        let number = number.parse().unwrap_or(0);
        self.mails()
            .find(|mail| mail.0 == number)
            .ok_or("no such message")
    }

    fn list_by(
        &self,
        number: &str,
        what: impl Fn(&Mail) -> String,
    ) -> Result<Vec<u8>, &'static str> {
        let line = |(number, mail): (usize, &Mail)| format!("{number} {}", what(mail));
        if number.is_empty() {
            Ok(list("", self.mails().map(line)))
        } else {
            self.mail(number)
                .map(|mail| format!("+OK {}\r\n", line(mail)).into_bytes())
        }
    }

    fn top(&self, argument: &str) -> Result<Vec<u8>, &'static str> {
        let (number, lines) = argument.split_once(' ').ok_or("TOP wants two numbers")?;
        let lines: usize = lines.parse().map_err(|_| "TOP wants two numbers")?;
        let octets = &self.mail(number)?.1.octets;
        let header = octets
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .map_or(octets.len(), |at| at + 4);
        let (header, rest) = octets.split_at(header);
        let end: usize = rest
            .split_inclusive(|&octet| octet == b'\n')
            .take(lines)
            .map(<[u8]>::len)
            .sum();
        Ok(body(&[header, &rest[..end]].concat()))
    }
}

fn list(text: &str, lines: impl Iterator<Item = impl AsRef<str>>) -> Vec<u8> {
    let mut answer = format!("+OK {text}\r\n");
    for line in lines {
        answer.push_str(line.as_ref());
        answer.push_str("\r\n");
    }
    answer.push_str(".\r\n");
    answer.into_bytes()
}

/// A multi-line answer, in which a line that begins with a dot gets one more (RFC 1939 section 3).
fn body(octets: &[u8]) -> Vec<u8> {
    let mut answer = format!("+OK {} octets\r\n", octets.len()).into_bytes();
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            answer.push(b'.');
        }
        answer.extend_from_slice(line);
    }
    answer.extend_from_slice(b".\r\n");
    answer
}

/// Serves one client until it quits or goes away.
pub fn serve(stream: impl Read + Write, maildrop: &mut Maildrop) -> io::Result<()> {
    let mut conversation = Conversation::new(maildrop);
    let mut stream = BufReader::new(stream);
    let mut reply = conversation.greeting();
    loop {
        stream.get_mut().write_all(&reply)?;
        stream.get_mut().flush()?;
        if conversation.is_over() {
            return Ok(());
        }
        let mut line = Vec::new();
        (&mut stream)
            .take(LONGEST_COMMAND)
            .read_until(b'\n', &mut line)?;
        let Some(command) = line.strip_suffix(b"\r\n") else {
            return Ok(());
        };
        reply = conversation.answer(&String::from_utf8_lossy(command));
    }
}

//! A toy server: it answers each line by a function, and can end the connection, or fall silent, at any octet.

use smoltcp::socket::tcp;

/// What a server says.
pub(crate) type Answer = Box<dyn FnMut(&str) -> String>;

/// How a server stops, once it has sent so many octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It closes the connection.
    Fin,
    /// It resets it, after the client has acknowledged all that was sent.
    Reset,
    /// It says nothing more, and keeps the connection.
    Silent,
    /// It goes on, an octet every so many milliseconds.
    Drip(i64),
}

pub(crate) struct Server {
    answer: Answer,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    sent: usize,
    greeted: bool,
    stop: Option<(usize, Stop)>,
    next_drip: i64,
    /// It speaks in cipher: how many octets it has read and written so.
    cipher: Option<[usize; 2]>,
    /// It reads nothing, so that its window closes.
    pub(crate) deaf: bool,
    /// All that it was told.
    pub(crate) heard: String,
}

impl Server {
    /// The answer to no line at all is the greeting. After the answer to QUIT the server closes the connection.
    pub(crate) fn new(answer: impl FnMut(&str) -> String + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            unread: Vec::new(),
            unsent: Vec::new(),
            sent: 0,
            greeted: false,
            stop: None,
            next_drip: 0,
            cipher: None,
            deaf: false,
            heard: String::new(),
        }
    }

    /// Answers these lines with these texts, in this order, whatever the client says; the first is the greeting.
    pub(crate) fn script(replies: &[&str]) -> Self {
        let mut replies: Vec<String> = replies.iter().rev().map(ToString::to_string).collect();
        Self::new(move |_| replies.pop().unwrap_or_default())
    }

    pub(crate) fn stop(mut self, at: usize, how: Stop) -> Self {
        self.stop = Some((at, how));
        self
    }

    /// It speaks in cipher, from the first octet.
    pub(crate) fn in_cipher(mut self) -> Self {
        self.cipher = Some([0, 0]);
        self
    }

    pub(crate) fn turn(&mut self, socket: &mut tcp::Socket<'_>, now: i64) {
        if !matches!(
            socket.state(),
            tcp::State::Established | tcp::State::CloseWait
        ) {
            return;
        }
        if !self.greeted {
            self.greeted = true;
            let greeting = (self.answer)("");
            self.say(&greeting);
        }
        while socket.can_recv() && !self.deaf {
            let (unread, cipher) = (&mut self.unread, &mut self.cipher);
            let received = socket.recv(|ring| {
                if let Some([read, _]) = cipher {
                    toy_cipher(ring, read);
                }
                unread.extend_from_slice(ring);
                (ring.len(), ())
            });
            received.unwrap();
        }
        while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8(self.unread.drain(..end + 2).collect()).unwrap();
            self.heard.push_str(&line);
            let reply = (self.answer)(line.trim_end());
            self.say(&reply);
            if line == "STLS\r\n" {
                self.cipher = Some([0, 0]);
            }
        }
        let mut most = self.unsent.len();
        match self.stop {
            Some((at, Stop::Drip(every))) if self.sent >= at => {
                most = most.min(usize::from(now >= self.next_drip));
                if most > 0 {
                    self.next_drip = now + every;
                }
            }
            Some((at, _)) => most = most.min(at - self.sent),
            None => {}
        }
        if socket.can_send() {
            let sent = socket.send_slice(&self.unsent[..most]).unwrap();
            self.unsent.drain(..sent);
            self.sent += sent;
        }
        match self.stop {
            Some((at, Stop::Fin)) if self.sent == at => socket.close(),
            Some((at, Stop::Reset)) if self.sent == at && socket.send_queue() == 0 => {
                socket.abort();
            }
            Some(_) => {}
            None => {
                let quit = self.heard.ends_with("QUIT\r\n") && self.unsent.is_empty();
                if quit || socket.state() == tcp::State::CloseWait {
                    socket.close();
                }
            }
        }
    }

    fn say(&mut self, text: &str) {
        let mut octets = text.as_bytes().to_vec();
        if let Some([_, written]) = &mut self.cipher {
            toy_cipher(&mut octets, written);
        }
        self.unsent.append(&mut octets);
    }

    /// When it has something to say without being asked, in milliseconds.
    pub(crate) fn due(&self) -> Option<i64> {
        match self.stop {
            Some((at, Stop::Drip(_))) if self.sent >= at && !self.unsent.is_empty() => {
                Some(self.next_drip)
            }
            _ => None,
        }
    }
}

/// Nothing that keeps a secret: each octet is changed by where it stands in the stream.
pub(crate) fn toy_cipher(octets: &mut [u8], position: &mut usize) {
    for octet in octets {
        *octet ^= (*position * 73 + 41) as u8;
        *position += 1;
    }
}

/// A mail with everything in it that framing could stumble over.
pub(crate) fn mail(lines: usize) -> String {
    let mut mail = "Subject: dots\r\n\r\n".to_owned();
    for line in 0..lines {
        let text = match line % 7 {
            0 => ".".to_owned(),
            1 => "..".to_owned(),
            2 => String::new(),
            3 => ".\r".to_owned(),
            4 => format!(".{}", "x".repeat(line % 991)),
            5 => "\u{e4}\n.\n\r.".to_owned(),
            _ => format!("{line:0>80}"),
        };
        mail.push_str(&text);
        mail.push_str("\r\n");
    }
    mail
}

/// As it is sent: RFC 1939 section 3.
pub(crate) fn stuffed(mail: &str) -> String {
    let mut stuffed = String::with_capacity(mail.len());
    for line in mail.split_inclusive("\r\n") {
        if line.starts_with('.') {
            stuffed.push('.');
        }
        stuffed.push_str(line);
    }
    stuffed
}

/// A whole maildrop with one mail, for whoever comes as mrose with this password.
pub(crate) fn maildrop(mail: &str, password: &'static str) -> impl FnMut(&str) -> String + use<> {
    let octets = mail.len();
    let stuffed = stuffed(mail);
    move |line| {
        let reply = match line {
            "" => "+OK ready <1896.697170952@dbc.mtview.ca.us>",
            "CAPA" => "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nSASL PLAIN SCRAM-SHA-256\r\n.",
            "USER mrose" | "NOOP" | "DELE 1" => "+OK",
            "STAT" => return format!("+OK 1 {octets}\r\n"),
            "LIST" => return format!("+OK\r\n1 {octets}\r\n.\r\n"),
            "UIDL" => "+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n.",
            "RETR 1" => return format!("+OK {octets} octets\r\n{stuffed}.\r\n"),
            "TOP 1 0" => "+OK\r\nSubject: dots\r\n\r\n.",
            "QUIT" => "+OK bye",
            _ if line.strip_prefix("PASS ") == Some(password) => "+OK 1 message",
            _ => "-ERR no",
        };
        format!("{reply}\r\n")
    }
}

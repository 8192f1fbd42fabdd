//! The mailbox over a stream in memory, with a server at its other end that does as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;

use embedded_io_async::{ErrorType, Read, Write};
use pollster::block_on;
use pop3_embassy::{Failure, Mailbox};
use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, LoginFailure, LoginPolicy, Security,
};
use pop3_smoltcp::pop3_proto::{Command, CommandKind, Event, MessageNumber, ReceiveError};
use pop3_smoltcp::{Error, Phase, Timeouts, WayIn};

const GREETING: &str = "+OK ready\r\n";

/// A mail with dots at the beginnings of lines, as it is sent.
const MAIL: &str = "+OK\r\nSubject: dots\r\n\r\n..\r\n...x\r\n+OK\r\n.\r\n";

/// What a command is answered with.
type Answers = fn(&str) -> &'static str;

fn answer(line: &str) -> &'static str {
    match line {
        "CAPA" => "-ERR what?\r\n",
        "PASS tanstaaf" => "+OK mrose has 1 message\r\n",
        "STAT" => "+OK 1 120\r\n",
        "DELE 7" => "-ERR no such message\r\n",
        "RETR 1" => MAIL,
        line if line.starts_with("PASS ") => "-ERR wrong\r\n",
        _ => "+OK\r\n",
    }
}

/// What comes when all has been said.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Nothing more.
    Silence,
    /// The end of the connection.
    End,
    /// One line without an end.
    Noise,
}

/// The client's end of the stream.
struct Stream {
    answers: Answers,
    /// How many octets are read at once.
    piece: usize,
    says: VecDeque<u8>,
    line: Vec<u8>,
    heard: Vec<String>,
    then: Then,
}

impl Stream {
    fn new(answers: Answers, piece: usize, then: Then) -> Self {
        Self {
            answers,
            piece,
            says: GREETING.bytes().collect(),
            line: Vec::new(),
            heard: Vec::new(),
            then,
        }
    }
}

impl ErrorType for Stream {
    type Error = Infallible;
}

impl Read for Stream {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        if self.says.is_empty() {
            match self.then {
                Then::Silence => pending::<()>().await,
                Then::End => {}
                Then::Noise => self.says.push_back(b'x'),
            }
        }
        let octets = self.piece.min(into.len()).min(self.says.len());
        for (slot, octet) in into.iter_mut().zip(self.says.drain(..octets)) {
            *slot = octet;
        }
        Ok(octets)
    }
}

impl Write for Stream {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        // Not all at once.
        let octets = &octets[..octets.len().min(3)];
        for &octet in octets {
            self.line.push(octet);
            if self.line.ends_with(b"\r\n") {
                let line = String::from_utf8(self.line.drain(..).collect()).expect("text");
                self.says.extend((self.answers)(line.trim_end()).bytes());
                self.heard.push(line);
            }
        }
        Ok(octets.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn way_in(secret: &str) -> WayIn<'_> {
    let policy = LoginPolicy::new(Authentication::UserPass);
    WayIn::new(
        Security::ClearText,
        policy,
        Credentials::new(b"mrose", secret.into()),
    )
}

async fn mailbox(stream: &mut Stream) -> Result<Mailbox<&mut Stream>, Failure> {
    let soon = Timeouts::new().greeting(50).reply(50).silence(50);
    Mailbox::log_in(stream, way_in("tanstaaf"), soon).await
}

/// The mail, as far as it comes.
async fn retr(mailbox: &mut Mailbox<&mut Stream>) -> (Vec<u8>, Result<(), Failure>) {
    let mut mail = Vec::new();
    let mut see = |event: &Event<'_>| {
        if let Event::Body(octets) = event {
            mail.extend_from_slice(octets);
        }
    };
    let retr = Command::Retr(MessageNumber::FIRST);
    let result = mailbox.command(&retr, &mut see).await;
    (mail, result)
}

#[test]
fn a_mail_comes_as_it_is_however_it_is_cut() {
    for piece in [1, 2, 3, 7, 64, 1000] {
        let mut stream = Stream::new(answer, piece, Then::Silence);
        block_on(async {
            let mut mailbox = mailbox(&mut stream).await.expect("somebody is logged in");
            let (mail, result) = retr(&mut mailbox).await;
            assert_eq!(result, Ok(()));
            assert_eq!(mail, b"Subject: dots\r\n\r\n.\r\n..x\r\n+OK\r\n");
            let number = MessageNumber::new(7).expect("a number");
            let refused = mailbox.command(&Command::Dele(number), &mut |_| ()).await;
            assert_eq!(refused, Err(Failure::Rejected(CommandKind::Dele)));
            let mut messages = 0;
            let mut see = |event: &Event<'_>| {
                if let Event::Stat {
                    messages: count, ..
                } = event
                {
                    messages = *count;
                }
            };
            let stat = mailbox.command(&Command::Stat, &mut see).await;
            assert_eq!(stat, Ok(()));
            assert_eq!(messages, 1);
            assert_eq!(mailbox.quit().await, Ok(()));
        });
        let heard: Vec<&str> = stream.heard.iter().map(|line| line.trim_end()).collect();
        let commands = ["RETR 1", "DELE 7", "STAT", "QUIT"];
        assert!(heard.ends_with(&commands), "{heard:?}");
    }
}

#[test]
fn a_wrong_password_is_said_to_be_wrong() {
    let mut stream = Stream::new(answer, 64, Then::Silence);
    let log_in = Mailbox::log_in(&mut stream, way_in("wrong"), Timeouts::new());
    let failure = block_on(log_in).err();
    let refused = matches!(
        failure,
        Some(Failure::Session(Error::LogIn(LoginFailure::Refused(
            CommandKind::Pass
        ))))
    );
    assert!(refused, "{failure:?}");
}

#[test]
fn a_line_without_an_end_is_not_read_for_ever() {
    let mut stream = Stream::new(answer, 1, Then::Noise);
    stream.says.truncate(4);
    let noise = block_on(mailbox(&mut stream)).err();
    let expected = Failure::Session(Error::TimedOut(Phase::Greeting));
    assert_eq!(noise, Some(expected));
}

fn half_a_mail(line: &str) -> &'static str {
    match line {
        "RETR 1" => MAIL.strip_suffix(".\r\n").expect("its end"),
        line => answer(line),
    }
}

#[test]
fn a_connection_that_ends_within_a_mail_is_no_end_of_the_mail() {
    let mut stream = Stream::new(half_a_mail, 7, Then::End);
    block_on(async {
        let mut mailbox = mailbox(&mut stream).await.expect("somebody is logged in");
        let (_, result) = retr(&mut mailbox).await;
        let cut = matches!(
            result,
            Err(Failure::Session(Error::Receive(ReceiveError::Eof { .. })))
        );
        assert!(cut, "{result:?}");
    });
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let mut stream = Stream::new(half_a_mail, 7, Then::Silence);
    block_on(async {
        let mut mailbox = mailbox(&mut stream).await.expect("somebody is logged in");
        let (_, result) = retr(&mut mailbox).await;
        let silent = matches!(
            result,
            Err(Failure::Session(Error::TimedOut(Phase::Rest(_))))
        );
        assert!(silent, "{result:?}");
    });

    let mut stream = Stream::new(answer, 7, Then::Silence);
    stream.says.truncate(4);
    let silent = block_on(mailbox(&mut stream)).err();
    let expected = Failure::Session(Error::TimedOut(Phase::Greeting));
    assert_eq!(silent, Some(expected));
}

#[test]
fn what_came_before_a_command_is_no_answer_to_it() {
    let twice: Answers = |line| match line {
        "STAT" => "+OK 1 120\r\n+OK 2 240\r\n",
        line => answer(line),
    };
    let mut stream = Stream::new(twice, 1000, Then::Silence);
    block_on(async {
        let mut mailbox = mailbox(&mut stream).await.expect("somebody is logged in");
        let stat = mailbox.command(&Command::Stat, &mut |_| ()).await;
        assert_eq!(stat, Ok(()));
        let (_, result) = retr(&mut mailbox).await;
        let unasked = matches!(result, Err(Failure::Session(Error::Receive(_))));
        assert!(unasked, "{result:?}");
    });
    assert!(!stream.heard.iter().any(|line| line.starts_with("RETR")));
}

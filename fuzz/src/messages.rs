//! A client that is sent a message.

use crate::oracle::dialogue::pieces;
use crate::oracle::model::LineEnd;
use pop3_proto::{Client, Command, Config, Event, LineEnds, MessageNumber};

/// A way of reading a message.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// What ended the status line.
    pub status_ends: LineEnd,
    /// [`LineEnds::Lenient`].
    pub lenient: bool,
    /// [`Config::keep_single_dots`].
    pub keep_single_dots: bool,
}

impl Mode {
    /// As RFC 1939 says.
    pub const STRICT: Self = Self {
        status_ends: LineEnd::CrLf,
        lenient: false,
        keep_single_dots: false,
    };

    /// What ends a line of the message.
    pub fn ends(self) -> LineEnd {
        match self.lenient {
            true => LineEnd::Lf,
            false => self.status_ends,
        }
    }

    /// What a client makes of a message that is sent in pieces of these sizes: its octets, and how many octets of the
    /// stream there are up to its end, if that came.
    ///
    /// # Panics
    ///
    /// Something else comes of it.
    pub fn received(self, stream: &[u8], sizes: &[usize]) -> (Vec<u8>, Option<usize>) {
        let mut config = Config::new().keep_single_dots(self.keep_single_dots);
        if self.lenient {
            config = config.line_ends(LineEnds::Lenient);
        }
        let mut client: Client<1, 16> = Client::with_config(config);
        let begin: &[u8] = match self.status_ends {
            LineEnd::CrLf => b"+OK\r\n",
            LineEnd::Lf => b"+OK\n",
        };
        for (command, reply) in [
            (None, &b"+OK\r\n"[..]),
            (Some(Command::User(b"a")), b"+OK\r\n"),
            (Some(Command::Pass("b".into())), b"+OK\r\n"),
            (Some(Command::Retr(MessageNumber::FIRST)), begin),
        ] {
            if let Some(command) = command {
                let sent = client.send(&command, &mut [0; 20]);
                assert!(sent.is_ok(), "the state allows it");
            }
            let event = client.receive(&mut &reply[..]);
            assert!(matches!(event, Ok(Some(_))), "{event:?}");
        }
        let mut message = Vec::new();
        let mut taken = 0;
        for chunk in pieces(stream, sizes) {
            let mut input = chunk;
            while let Some(event) = client
                .receive(&mut input)
                .expect("a message breaks nothing")
            {
                match event {
                    Event::Body(octets) => message.extend_from_slice(octets),
                    Event::End { .. } => return (message, Some(taken + chunk.len() - input.len())),
                    other => panic!("{other:?} within a message"),
                }
            }
            taken += chunk.len();
        }
        client.receive_eof().expect_err("no QUIT was answered");
        (message, None)
    }
}

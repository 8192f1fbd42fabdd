//! A stand-in for the core, with the calls that `core_alone.rs` makes: it takes what it is given, and answers what nobody can
//! foresee. The application that goes with it, and what it needs of smoltcp, are what is subtracted.

use core::hint::black_box;
use core::marker::PhantomData;

use pop3_proto::{MessageNumber, Secret};

#[derive(Clone, Copy)]
pub(crate) enum Command<'a> {
    User(&'a [u8]),
    Pass(Secret<'a>),
    Apop {
        user: &'a [u8],
        secret: Secret<'a>,
    },
    Stat,
    ListOne(MessageNumber),
    Retr(MessageNumber),
    Dele(MessageNumber),
    Quit,
    List,
    Uidl,
    Top {
        message: MessageNumber,
        lines: u32,
    },
    Capa,
    Stls,
    Auth {
        mechanism: &'a Plain<'a>,
        initial_response: bool,
    },
    Response(&'a Plain<'a>),
    Languages,
}

pub(crate) struct Plain<'a> {
    user: &'a [u8],
    secret: Secret<'a>,
}

impl<'a> Plain<'a> {
    pub(crate) fn new(user: &'a [u8], secret: Secret<'a>) -> Self {
        Self { user, secret }
    }
}

pub(crate) struct Client<const DEPTH: usize, const LINE: usize>;

pub(crate) struct Sent {
    pub(crate) octets: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct Event<'s>(PhantomData<&'s [u8]>);

pub(crate) struct Refused;

impl<const DEPTH: usize, const LINE: usize> Client<DEPTH, LINE> {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn send(&mut self, command: &Command<'_>, out: &mut [u8]) -> Result<Sent, Refused> {
        black_box((command, out));
        black_box(Ok(Sent { octets: 0 }))
    }

    pub(crate) fn tls_established(&mut self) -> Result<(), Refused> {
        black_box(Ok(()))
    }

    pub(crate) fn receive<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'s>>, Refused> {
        black_box(input);
        black_box(Ok(None))
    }
}

impl Event<'_> {
    pub(crate) fn completes(self) -> Option<()> {
        black_box(None)
    }

    pub(crate) fn request(self) -> Option<()> {
        black_box(None)
    }
}

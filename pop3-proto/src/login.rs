//! From the first octet to the transaction state: which command comes next, and what must never happen on the way.
//!
//! Two small machines, driven alike: do what [`Opening::next_step`] or [`Login::next_step`] says; when a command was sent,
//! say so with `sent`; and show each event that the client lends to `observe`. Neither does any I/O, and neither keeps a
//! secret. Asking for the next step changes nothing, so a driver that cannot send now asks again later.
//!
//! ```
//! use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security};
//! use pop3_proto::{Client, MAX_COMMAND};
//!
//! # fn write(octets: &[u8]) {}
//! # let mut replies: std::collections::VecDeque<u8> =
//! #     b"+OK ready\r\n-ERR no CAPA\r\n+OK\r\n+OK welcome\r\n-ERR\r\n".iter().copied().collect();
//! # let mut read = || [replies.pop_front().expect("the server says more")];
//! let mut client: Client = Client::new();
//! let mut out = [0; MAX_COMMAND];
//!
//! let mut opening = Opening::new(Security::ClearText);
//! loop {
//!     match opening.next_step() {
//!         Next::Receive => {
//!             let octets = read();
//!             if let Some(event) = client.receive(&mut &octets[..])? {
//!                 opening.observe(&event);
//!             }
//!         }
//!         Next::Finished(opened) => break opened?,
//!         other => unreachable!("{other:?} is for STLS and TLS"),
//!     }
//! }
//!
//! let credentials = Credentials::new(b"mrose", "mvan99".into());
//! let policy = LoginPolicy::new(Authentication::UserPass).apop_offered(opening.offers_apop());
//! let mut login = Login::new(policy, credentials);
//! let report = loop {
//!     match login.next_step() {
//!         Next::Send(command) => {
//!             let sent = client.send(&command, &mut out)?;
//!             write(&out[..sent.octets]);
//!             login.sent();
//!         }
//!         Next::Receive => {
//!             let octets = read();
//!             if let Some(event) = client.receive(&mut &octets[..])? {
//!                 login.observe(&event);
//!             }
//!         }
//!         Next::Finished(result) => break result?,
//!         other => unreachable!("{other:?} is no part of a log-in"),
//!     }
//! };
//! assert_eq!(report.to_string(), "USER/PASS");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authentication;
mod choice;
mod credentials;
mod opening;
mod policy;
mod report;
mod speaker;
mod step;

pub use authentication::Login;
pub use credentials::Credentials;
pub use opening::{Opening, OpeningFailure, Security};
pub use policy::{Authentication, InitialResponse, LoginPolicy};
pub use report::{ApopOutcome, LoginFailure, LoginMethod, LoginReport, Offer};

use crate::command::Command;

/// What the driver does next. There is no step that a driver can leave out, so the list is complete.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the machine waits for it"]
pub enum Next<'c, T> {
    /// Send this command, and then call `sent`.
    Send(Command<'c>),
    /// Receive an event, and show it to `observe`.
    Receive,
    /// Do the TLS handshake, call [`Client::tls_established`](crate::Client::tls_established), then
    /// [`Opening::tls_established`].
    StartTls,
    /// It is over, and this came of it.
    Finished(T),
}

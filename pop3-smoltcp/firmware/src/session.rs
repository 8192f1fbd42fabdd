//! What the application needs of a session, whatever the octets go over.

use pop3_smoltcp::pop3_proto::{Command, Event};
use semihosting::println;

use crate::Failure;

/// A session in which somebody is logged in. It waits for the server, and lets the network run meanwhile.
pub trait Session {
    /// Sends a command and shows the events of its reply, to the last.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`], or why there is no session any more.
    fn command(
        &mut self,
        command: &Command<'_>,
        see: &mut dyn FnMut(&Event<'_>),
    ) -> Result<(), Failure>;

    /// Says goodbye, and returns when the connection is closed. Only then is deleted what was to be deleted.
    ///
    /// # Errors
    ///
    /// The same.
    fn quit(self) -> Result<(), Failure>;
}

/// If a command was refused, says so on the console. So does it if the server says goodbye, which is no refusal of a command.
pub(crate) fn show_refusal(event: &Event<'_>) -> bool {
    match event {
        Event::Rejected { request, text } => {
            println!("refused {request}: {text}");
            true
        }
        Event::Farewell { text } => {
            println!("goodbye {text}");
            false
        }
        _ => false,
    }
}

//! The main job: fetch what is new, store it, and if it is asked for, delete it on the server.
//!
//! The order makes it survive a crash: a message is stored and synced, then its unique-id recorded and synced, and when all is
//! done come DELE and QUIT. Killed at any point, at worst a message is fetched again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use pop3_std::{
    CapabilityKind, Deletions, ErrorKind, Fetched, Marked, MessageNumber, QuitError, Session,
    Support, Transport,
};

use crate::copy::{CopyError, copy};
use crate::failure::{Failure, words};
use crate::plan::{self, Item, Plan};
use crate::progress::Progress;
use crate::state::State;
use crate::store::{Delivery, Store};

/// Where messages go, and what is known of earlier ones.
pub struct Collector {
    /// Where they go.
    pub store: Store,
    /// What has been fetched already.
    pub state: Option<State>,
    /// Delete what is stored.
    pub delete: bool,
    /// Show a bar if there is a terminal.
    pub progress: bool,
}

/// What came of it. It prints as a few words for the end.
#[derive(Debug, Default)]
pub struct Summary {
    fetched: u64,
    octets: u64,
    /// Fetched by earlier runs.
    stored_before: u64,
    /// Messages that the server refused to send or to delete.
    refused: u64,
    /// Lines of the lists that could not be read.
    unreadable: u64,
    deleted: Option<u64>,
}

/// A message that is there, but not yet in its place.
///
/// A server that does not stuff dots ends a message early, and what is left of it then looks like replies. So a message counts
/// as whole when the next command has been answered as a command should be.
struct Pending<'p> {
    number: MessageNumber,
    item: &'p Item,
    delivery: Delivery,
    octets: u64,
}

impl Collector {
    /// Does it all, up to QUIT. The summary is right also when it fails.
    pub fn run<S: Transport>(
        &mut self,
        mut session: Session<S>,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        let plan = plan::make(&mut session, self.state.as_ref())?;
        summary.unreadable = plan.unreadable;
        let mut stored = self.fetch(&mut session, &plan, summary)?;
        self.store.sync()?;
        let deleted = if self.delete {
            stored.extend(
                plan.items
                    .iter()
                    .filter(|(_, item)| item.is_stored)
                    .map(|(number, _)| *number),
            );
            stored.sort_unstable();
            let deleted = mark_deleted(&mut session, &stored, summary)?;
            quit(session, deleted.len(), summary)?;
            deleted
        } else {
            // All is stored and nothing was to be deleted: how the server says goodbye makes no difference.
            let _ = session.quit();
            BTreeSet::new()
        };
        self.forget(&plan, &deleted)?;
        match summary.refused + summary.unreadable {
            0 => Ok(()),
            _ => Err(Failure::Reported),
        }
    }

    /// Fetches what is new, and says what of it is stored.
    fn fetch<S: Transport>(
        &mut self,
        session: &mut Session<S>,
        plan: &Plan,
        summary: &mut Summary,
    ) -> Result<Vec<MessageNumber>, Failure> {
        let new = || plan.items.iter().filter(|(_, item)| !item.is_stored);
        let total = new().fold(0_u64, |sum, (_, item)| sum.saturating_add(item.octets));
        let count = new().count();
        summary.stored_before = (plan.items.len() - count) as u64;
        let mut progress = Progress::new(total, self.progress && count > 0);
        let mut stored = Vec::new();
        let mut pending: Option<Pending<'_>> = None;
        let mut items = new().enumerate();
        let mut batch = session.retr_many(new().map(|(&number, _)| number));
        loop {
            let answer = match batch.next() {
                Ok(answer) => answer,
                Err(error) => {
                    drop(batch);
                    self.doubt(session, &plan.items, &stored, &error)?;
                    return Err(not_confirmed(pending.as_ref(), &error));
                }
            };
            let (Some(Fetched { message, .. }), Some((index, (&number, item)))) =
                (answer, items.next())
            else {
                break;
            };
            stored.extend(self.keep(pending.take(), summary)?);
            progress.begin(format!("{}/{count}", index + 1), item.octets);
            match message {
                Ok(mut message) => {
                    let mut delivery = self.store.begin()?;
                    let octets = copy(&mut message, &mut delivery, |octets| progress.add(octets))
                        .map_err(|error| match error {
                        CopyError::Read(error) => pop3_std::Error::from(error).into(),
                        CopyError::Write(error) => self.store.failure(&error),
                    })?;
                    pending = Some(Pending {
                        number,
                        item,
                        delivery,
                        octets,
                    });
                }
                Err(error) => {
                    progress.say(format_args!("message {number} is left out: {error}"));
                    summary.refused += 1;
                }
            }
            progress.end();
        }
        // Where replies are shifted, the first answer is a message's, and the second is what is in that message.
        let answers = match (&pending, is_pipelined(session)) {
            (None, _) => 0,
            (Some(_), false) => 1,
            (Some(_), true) => 2,
        };
        for _ in 0..answers {
            let answer = session.noop();
            if let Some(error) = broken(&answer) {
                self.doubt(session, &plan.items, &stored, error)?;
                return Err(not_confirmed(pending.as_ref(), error));
            }
        }
        stored.extend(self.keep(pending, summary)?);
        Ok(stored)
    }

    /// The server broke the protocol. If commands were in flight meanwhile, nobody knows which message the replies were about
    /// since when: what this run has recorded is fetched once more, rather than never.
    fn doubt<S: Transport>(
        &mut self,
        session: &Session<S>,
        items: &BTreeMap<MessageNumber, Item>,
        stored: &[MessageNumber],
        error: &pop3_std::Error,
    ) -> Result<(), Failure> {
        let (Some(state), ErrorKind::Protocol, true) =
            (&mut self.state, error.kind(), is_pipelined(session))
        else {
            return Ok(());
        };
        let doubtful: HashSet<&[u8]> = (stored.iter())
            .filter_map(|number| items.get(number)?.unique_id.as_deref())
            .collect();
        state
            .retain(|unique_id| !doubtful.contains(unique_id))
            .map_err(|error| state.failure(&error))
    }

    /// Puts a whole message in its place and records it.
    fn keep(
        &mut self,
        pending: Option<Pending<'_>>,
        summary: &mut Summary,
    ) -> Result<Option<MessageNumber>, Failure> {
        let Some(pending) = pending else {
            return Ok(None);
        };
        pending
            .delivery
            .commit()
            .map_err(|error| self.store.failure(&error))?;
        if let (Some(state), Some(unique_id)) = (&mut self.state, &pending.item.unique_id) {
            state
                .record(unique_id)
                .map_err(|error| state.failure(&error))?;
        }
        summary.fetched += 1;
        summary.octets += pending.octets;
        Ok(Some(pending.number))
    }

    /// Forgets the unique-ids that the server no longer has: another message may get them.
    fn forget(&mut self, plan: &Plan, deleted: &BTreeSet<MessageNumber>) -> Result<(), Failure> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let is_left: HashMap<&[u8], bool> = plan
            .items
            .iter()
            .filter_map(|(number, item)| {
                Some((item.unique_id.as_deref()?, !deleted.contains(number)))
            })
            .collect();
        let keep = |unique_id: &[u8]| match is_left.get(unique_id) {
            Some(is_left) => *is_left,
            None => !plan.is_complete && !plan.ambiguous.contains(unique_id),
        };
        state.retain(keep).map_err(|error| state.failure(&error))
    }
}

/// Whether commands may have been in flight together.
fn is_pipelined<S>(session: &Session<S>) -> bool {
    session.support(CapabilityKind::Pipelining) == Support::Announced
}

/// What broke the session, if it is broken: `-ERR` is an answer like any other.
fn broken<T>(answer: &Result<T, pop3_std::Error>) -> Option<&pop3_std::Error> {
    let error = answer.as_ref().err();
    error.filter(|error| error.kind() != ErrorKind::Rejected)
}

/// The session broke. If a message was waiting to be confirmed, it is not stored.
fn not_confirmed(pending: Option<&Pending<'_>>, error: &pop3_std::Error) -> Failure {
    let error = words(error);
    Failure::Failed(match pending {
        Some(Pending { number, .. }) => format!(
            "{error} (message {number}, which came before it, is not stored: it may not have been whole)"
        ),
        None => error,
    })
}

/// Marks messages as deleted, and says which ones the server agreed to.
fn mark_deleted<S: Transport>(
    session: &mut Session<S>,
    stored: &[MessageNumber],
    summary: &mut Summary,
) -> Result<BTreeSet<MessageNumber>, Failure> {
    let mut deleted = BTreeSet::new();
    let mut batch = session.dele_many(stored.iter().copied());
    loop {
        let marked = batch.next().map_err(|error| {
            Failure::Failed(format!(
                "{} (nothing was deleted on the server)",
                words(&error)
            ))
        })?;
        let Some(Marked { number, result, .. }) = marked else {
            break;
        };
        match result {
            Ok(()) => {
                deleted.insert(number);
            }
            Err(error) => {
                crate::failure::say(format_args!(
                    "message {number} stays on the server: {error}"
                ));
                summary.refused += 1;
            }
        }
    }
    Ok(deleted)
}

/// Ends the session, which is what deletes.
fn quit<S: Transport>(
    session: Session<S>,
    marked: usize,
    summary: &mut Summary,
) -> Result<(), Failure> {
    match session.quit() {
        Ok(()) => {
            summary.deleted = Some(marked as u64);
            Ok(())
        }
        Err(_) if marked == 0 => {
            summary.deleted = Some(0);
            Ok(())
        }
        Err(QuitError {
            deletions, error, ..
        }) => Err(Failure::Failed(format!(
            "{error}: {}",
            match deletions {
                Deletions::Refused =>
                    format!("of {marked} messages, not all were deleted on the server"),
                Deletions::Discarded => "nothing was deleted on the server".to_owned(),
                _ => format!("nobody knows whether {marked} messages were deleted on the server"),
            }
        ))),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fetched,
            octets,
            stored_before,
            refused,
            unreadable,
            deleted,
        } = self;
        write!(f, "{fetched} messages fetched ({octets} octets)")?;
        if *stored_before > 0 {
            write!(f, ", {stored_before} fetched earlier")?;
        }
        if *refused > 0 {
            write!(f, ", {refused} refused by the server")?;
        }
        if *unreadable > 0 {
            write!(f, ", {unreadable} unreadable in the server's lists")?;
        }
        if let Some(deleted) = deleted {
            write!(f, ", {deleted} deleted on the server")?;
        }
        Ok(())
    }
}

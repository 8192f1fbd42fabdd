//! What there is on the server, and what of it is new.

use std::collections::{BTreeMap, HashSet};

use pop3_std::{Error, ErrorKind, MessageNumber, Session, Transport};

use crate::failure::{Failure, say};
use crate::state::State;

/// A list may be this long. It keeps a server that never ends one from filling the memory.
pub const MOST: usize = 1_000_000;

/// So many unreadable lines of a list are shown.
const SHOWN: u64 = 10;

/// A message on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// As announced: a hint.
    pub octets: u64,
    /// If the server gave it one, and to no other message.
    pub unique_id: Option<Vec<u8>>,
    /// It was fetched by an earlier run.
    pub is_stored: bool,
}

/// What the lists say. It is made before the first DELE and holds until the end: there are servers that count anew once
/// something is deleted.
#[derive(Debug, Default)]
pub struct Plan {
    /// All messages of the session, by their numbers.
    pub items: BTreeMap<MessageNumber, Item>,
    /// How many lines of the lists could not be read.
    pub unreadable: u64,
    /// Unique-ids of more than one message.
    pub ambiguous: HashSet<Vec<u8>>,
    /// There is mail, and the server gave all of it unique-ids. Otherwise a unique-id that is missing may be there the
    /// next time.
    pub is_complete: bool,
}

/// Asks the server what there is, and the state what of it is new.
pub fn make<S: Transport>(
    session: &mut Session<S>,
    state: Option<&State>,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    plan.unreadable = each_line(session.list()?, |listing| {
        plan.items.entry(listing.message).or_default().octets = listing.octets;
        Ok(())
    })?;
    let Some(state) = state else {
        return Ok(plan);
    };
    match session.uidl() {
        Ok(unique_ids) => {
            plan.unreadable += each_line(unique_ids, |listing| {
                plan.items.entry(listing.message).or_default().unique_id = listing
                    .unique_id
                    .map(|unique_id| unique_id.as_bytes().to_vec());
                Ok(())
            })?;
        }
        Err(error) if error.kind() == ErrorKind::Rejected => say(format_args!(
            "{error}: without unique-ids nobody knows which messages are new, so all are fetched each time"
        )),
        Err(error) => return Err(error.into()),
    }
    plan.compare(state);
    if !plan.ambiguous.is_empty() {
        say(format_args!(
            "{} unique-ids stand for more than one message each: these messages are fetched each time",
            plan.ambiguous.len()
        ));
    }
    Ok(plan)
}

impl Plan {
    /// Finds what was fetched by earlier runs.
    fn compare(&mut self, state: &State) {
        let mut seen = HashSet::new();
        for unique_id in self.items.values().flat_map(|item| &item.unique_id) {
            if !seen.insert(unique_id) {
                self.ambiguous.insert(unique_id.clone());
            }
        }
        self.is_complete = self.unreadable == 0
            && !self.items.is_empty()
            && self.items.values().all(|item| item.unique_id.is_some());
        for item in self.items.values_mut() {
            // If one of the messages is stored, nobody knows which.
            item.unique_id
                .take_if(|unique_id| self.ambiguous.contains(unique_id));
            item.is_stored = item
                .unique_id
                .as_deref()
                .is_some_and(|unique_id| state.contains(unique_id));
        }
    }
}

/// Does something with each line of a list. One that cannot be read is reported and costs that line, not the session; says
/// how many these were.
pub fn each_line<T>(
    lines: impl Iterator<Item = Result<T, Error>>,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let mut unreadable = 0;
    for (index, line) in lines.enumerate() {
        if index == MOST {
            return Err(Failure::Failed(format!(
                "the server lists more than {MOST} messages, and fetch handles no more than that"
            )));
        }
        match line {
            Ok(line) => take(line)?,
            Err(error) if error.kind() == ErrorKind::Unreadable => {
                unreadable += 1;
                if unreadable <= SHOWN {
                    say(error);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    if unreadable > SHOWN {
        say(format_args!(
            "{} more lines of the list could not be read",
            unreadable - SHOWN
        ));
    }
    Ok(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(unique_ids: &[Option<&str>], unreadable: u64) -> Plan {
        let root = tempfile::tempdir().unwrap();
        let mut state = State::open(&root.path().join("state"), b"u", "h", 1).unwrap();
        state.record(b"a").unwrap();
        state.record(b"b").unwrap();
        let item = |unique_id: &Option<&str>| Item {
            unique_id: unique_id.map(|unique_id| unique_id.as_bytes().to_vec()),
            ..Item::default()
        };
        let number = |index| MessageNumber::new(index).unwrap();
        let mut plan = Plan {
            items: (1..).map(number).zip(unique_ids.iter().map(item)).collect(),
            unreadable,
            ..Plan::default()
        };
        plan.compare(&state);
        plan
    }

    #[test]
    fn a_unique_id_of_several_messages_is_none() {
        let ids = [Some("a"), None, Some("b"), Some("a"), Some("c"), Some("a")];
        let plan = compared(&ids, 0);
        let items: Vec<_> = plan
            .items
            .values()
            .map(|item| (item.unique_id.as_deref(), item.is_stored))
            .collect();
        let none = (None, false);
        let (b, c) = ((Some(&b"b"[..]), true), (Some(&b"c"[..]), false));
        assert_eq!(items, [none, none, b, none, c, none]);
        assert_eq!(plan.ambiguous, HashSet::from([b"a".to_vec()]));
    }

    #[test]
    fn complete_is_what_nothing_is_missing_from() {
        assert!(compared(&[Some("a"), Some("a"), Some("c")], 0).is_complete);
        assert!(!compared(&[Some("a"), None], 0).is_complete);
        assert!(!compared(&[Some("a")], 1).is_complete);
        assert!(!compared(&[], 0).is_complete);
    }

    #[test]
    fn a_list_without_an_end_is_given_up() {
        let most = || std::iter::repeat_n((), MOST).map(Ok);
        let mut taken = 0;
        let mut take = |()| {
            taken += 1;
            Ok(())
        };
        assert_eq!(each_line(most(), &mut take).ok(), Some(0));
        let failure = each_line(most().chain([Ok(()), Ok(())]), &mut take).unwrap_err();
        assert!(failure.message().unwrap().contains("1000000"));
        assert_eq!(taken, 2 * MOST);
    }
}

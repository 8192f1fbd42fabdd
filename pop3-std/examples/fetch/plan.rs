//! What there is on the server, and what of it is new.

use std::collections::BTreeMap;

use pop3_std::{Error, ErrorKind, MessageNumber, Session, Transport};

use crate::failure::{Failure, say};
use crate::state::{Counts, State};

/// A message on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// As announced: a hint.
    pub octets: u64,
    /// If the server gave it one.
    pub unique_id: Option<Vec<u8>>,
    /// It was fetched by an earlier run.
    pub is_stored: bool,
}

/// All messages of the session, by their numbers. It is made before the first DELE and holds until the end: there are servers
/// that count anew once something is deleted.
pub type Plan = BTreeMap<MessageNumber, Item>;

/// Asks the server what there is, and the state what of it is new.
pub fn make<S: Transport>(
    session: &mut Session<S>,
    state: Option<&State>,
) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    for listing in session.list()? {
        if let Some(listing) = readable(listing)? {
            plan.entry(listing.message).or_default().octets = listing.octets;
        }
    }
    let Some(state) = state else {
        return Ok(plan);
    };
    match session.uidl() {
        Ok(unique_ids) => {
            for listing in unique_ids {
                if let Some(listing) = readable(listing)? {
                    plan.entry(listing.message).or_default().unique_id = listing
                        .unique_id
                        .map(|unique_id| unique_id.as_bytes().to_vec());
                }
            }
            mark_stored(&mut plan, state);
        }
        Err(error) if error.kind() == ErrorKind::Rejected => say(format_args!(
            "{error}: without unique-ids nobody knows which messages are new, so all are fetched each time"
        )),
        Err(error) => return Err(error.into()),
    }
    Ok(plan)
}

/// A line of a list that cannot be read costs that line, not the session.
fn readable<T>(line: Result<T, Error>) -> Result<Option<T>, Failure> {
    match line {
        Ok(line) => Ok(Some(line)),
        Err(error) if error.kind() == ErrorKind::Unreadable => {
            say(&error);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Of several messages with one unique-id, as many are old as were recorded.
fn mark_stored(plan: &mut Plan, state: &State) {
    let mut seen = Counts::new();
    for item in plan.values_mut() {
        if let Some(unique_id) = &item.unique_id {
            let count = seen.entry(unique_id.clone()).or_default();
            *count += 1;
            item.is_stored = *count <= state.fetched(unique_id);
        }
    }
}

/// How often each unique-id occurs in these.
pub fn count<'i>(items: impl Iterator<Item = &'i Item>) -> Counts {
    let mut counts = Counts::new();
    for unique_id in items.filter_map(|item| item.unique_id.clone()) {
        *counts.entry(unique_id).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(unique_ids: &[Option<&str>]) -> Plan {
        let item = |unique_id: &Option<&str>| Item {
            unique_id: unique_id.map(|unique_id| unique_id.as_bytes().to_vec()),
            ..Item::default()
        };
        let number = |index| MessageNumber::new(index).unwrap();
        (1..).map(number).zip(unique_ids.iter().map(item)).collect()
    }

    #[test]
    fn of_duplicates_as_many_are_old_as_were_recorded() {
        let root = tempfile::tempdir().unwrap();
        let mut state = State::open(&root.path().join("state"), b"u", "h", 1).unwrap();
        state.record(b"a").unwrap();
        state.record(b"b").unwrap();
        let mut plan = plan(&[
            Some("a"),
            None,
            Some("b"),
            Some("a"),
            Some("c"),
            None,
            Some("a"),
        ]);
        mark_stored(&mut plan, &state);
        let stored: Vec<bool> = plan.values().map(|item| item.is_stored).collect();
        assert_eq!(stored, [true, false, true, false, false, false, false]);
        let counts = count(plan.values());
        assert_eq!(
            (counts[&b"a"[..]], counts[&b"b"[..]], counts.len()),
            (3, 1, 3)
        );
    }
}

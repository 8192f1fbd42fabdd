//! The commands in flight, oldest first: replies come in the order in which commands were sent (RFC 2449 section 6.6).

use arrayvec::ArrayVec;

use crate::command::Request;

/// A queue of at most `DEPTH` requests.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline<const DEPTH: usize>(ArrayVec<Request, DEPTH>);

impl<const DEPTH: usize> Pipeline<DEPTH> {
    pub(crate) const fn new() -> Self {
        Self(ArrayVec::new_const())
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// The request that the next reply answers.
    pub(crate) fn oldest(&self) -> Option<Request> {
        self.0.first().copied()
    }

    /// The request sent last.
    pub(crate) fn newest(&self) -> Option<Request> {
        self.0.last().copied()
    }

    /// Adds a request; the caller has asked [`Pipeline::is_full`].
    pub(crate) fn push(&mut self, request: Request) {
        let _ = self.0.try_push(request);
    }

    /// Nothing will be answered any more.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The oldest request has been answered.
    pub(crate) fn pop(&mut self) {
        // `ArrayVec::remove` is large. With a depth of one there is nothing to move up.
        if DEPTH > 1 && !self.0.is_empty() {
            self.0.copy_within(1.., 0);
        }
        self.0.pop();
    }
}

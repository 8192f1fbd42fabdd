//! What a session's octets go through: smoltcp's socket, or nothing at all.

/// Two rings. Each call is given a part of one, and says how many octets it has taken, or put there.
pub(crate) trait Transport {
    /// `None`: there is no connection any more.
    fn send<R>(&mut self, write: impl FnOnce(&mut [u8]) -> (usize, R)) -> Option<R>;

    /// `None`: there is no connection any more.
    fn receive<R>(&mut self, read: impl FnOnce(&[u8]) -> (usize, R)) -> Option<R>;

    /// Lets octets come and go.
    fn turn(&mut self);
}

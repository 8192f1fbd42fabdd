//! HMAC (RFC 2104). It is written out here so that the key, which may be a password, is nowhere copied in clear, and what was
//! made from it is wiped.

use digest::common::BlockSizeUser;
use digest::{Digest, Output};
use zeroize::Zeroize as _;

/// A hash, or what is made of one, that wipes itself. Made of zeros, and then filled where it is: moved, it would leave a copy.
pub(super) struct Wiped<D: Digest>(pub(super) Output<D>);

impl<D: Digest> Wiped<D> {
    pub(super) fn new() -> Self {
        Self(Output::<D>::default())
    }
}

impl<D: Digest> Drop for Wiped<D> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

/// What takes a message in pieces.
pub(super) type Put<'p> = dyn FnMut(&[u8]) + 'p;

/// HMAC with one key. The states of the hashes wipe themselves (their feature `zeroize`).
pub(super) struct Hmac<D> {
    inner: D,
    outer: D,
}

impl<D: Digest + BlockSizeUser + Clone> Hmac<D> {
    pub(super) fn new(key: &[u8]) -> Self {
        if key.len() > D::block_size() {
            let mut short = Wiped::<D>::new();
            D::new_with_prefix(key).finalize_into(&mut short.0);
            Self::of_short(&short.0)
        } else {
            Self::of_short(key)
        }
    }

    /// HMAC of one message.
    #[inline(never)]
    pub(super) fn of(key: &[u8], message: &[u8], mac: &mut Wiped<D>) {
        Self::new(key).sign(&|_, put| put(message), mac);
    }

    /// Hashing leaves blocks of its keys and outputs on the stack. This goes the same way with a long key of zeros, and so leaves that
    /// in their places.
    #[inline(always)]
    pub(super) fn cover_traces() {
        Self::of(&[0; 129], b"", &mut Wiped::new());
    }

    /// HMAC of what `say` says, in pieces, knowing what was in `mac` before. The key is there for another.
    #[inline(never)]
    pub(super) fn sign(&self, say: &dyn Fn(&[u8], &mut Put<'_>), mac: &mut Wiped<D>) {
        let mut message = self.inner.clone();
        say(&mac.0, &mut |piece| message.update(piece));
        message.finalize_into(&mut mac.0);
        let mut outer = self.outer.clone();
        outer.update(&mac.0);
        outer.finalize_into(&mut mac.0);
    }

    /// From a key of up to a block of the hash.
    fn of_short(key: &[u8]) -> Self {
        Self {
            inner: keyed(key, 0x36),
            outer: keyed(key, 0x5c),
        }
    }
}

/// A hash that has absorbed a block: the key, filled up with zeros, each octet XORed with the pad.
fn keyed<D: Digest + BlockSizeUser>(key: &[u8], pad: u8) -> D {
    let mut block = digest::common::Block::<D>::default();
    block.fill(pad);
    for (octet, key) in block.iter_mut().zip(key) {
        *octet ^= key;
    }
    let keyed = D::new_with_prefix(&block);
    block.as_mut_slice().zeroize();
    keyed
}

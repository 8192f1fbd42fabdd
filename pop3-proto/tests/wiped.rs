//! After a log-in, neither the secret nor a key that is made from it is on the stack below the call that computed with it.
//!
//! Run as a firmware is built, for size: then a hash keeps a copy of its block there, and little is written over it afterwards.
//! The stack is read through the file that the system has for a process's own memory, so that the test needs no unsafe code.
#![cfg(all(target_os = "linux", feature = "apop"))]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;

use pop3_proto::{Client, Command, Secret};

/// How much of the stack below the caller is searched, in octets.
const DEPTH: usize = 32 * 1024;

/// So many octets of a secret in a row are enough to be found.
const BLOCK: usize = 8;

/// What is done to the stack.
#[inline(never)]
fn below<T>(act: impl FnOnce() -> T) -> T {
    act()
}

/// Which of these secrets, none of which is on the stack itself, is there after this was done. What it gives back is kept until then.
fn found_after<T>(
    secrets: Vec<Vec<u8>>,
    act: impl FnOnce() -> T + Send + 'static,
) -> Option<(usize, Vec<u8>)> {
    let search = move || {
        let memory = File::open("/proc/self/mem").expect("Linux has it");
        let mut stack = vec![0; DEPTH];
        let here = 0_u8;
        let top = black_box(&raw const here).addr();
        // The system gives the stack of one thread to the next.
        below(|| {
            let zeros = black_box([0_u8; DEPTH]);
            black_box(&zeros);
        });
        let kept = below(act);
        let read = memory.read_at(&mut stack, (top - DEPTH) as u64);
        assert_eq!(read.expect("the stack can be read"), DEPTH);
        drop(kept);
        let is_there = |block: &[u8]| stack.windows(BLOCK).any(|octets| octets == block);
        let mut secrets = secrets.into_iter().enumerate();
        // A block of a hash may begin anywhere in it.
        secrets.find(|(_, secret)| secret.windows(BLOCK).any(is_there))
    };
    let thread = std::thread::Builder::new().stack_size(16 * DEPTH);
    let search = thread.spawn(search).expect("a thread");
    search.join().expect("the stack is searched")
}

/// What the secrets are the beginning of.
static TEXT: [u8; 300] = {
    let mut text = [0; 300];
    let mut nth = 0;
    while nth < text.len() {
        text[nth] = b'!' + (nth * 37 % 90) as u8;
        nth += 1;
    }
    text
};

/// One that fills a block of the hash, one that lies across several, and one that ends where the padding begins.
fn secrets() -> impl Iterator<Item = &'static [u8]> {
    static SECRET: [u8; 300] = TEXT;
    [10, 19, 26, 56, 64, 100, 300]
        .into_iter()
        .map(|length| &SECRET[..length])
}

#[test]
fn the_search_finds_what_is_there() {
    for secret in secrets() {
        let copied = move || {
            let mut copy = [0; 512];
            copy[..secret.len()].copy_from_slice(secret);
            black_box(&copy);
        };
        assert!(found_after(vec![secret.to_vec()], copied).is_some());
        assert!(found_after(vec![secret.to_vec()], || {}).is_none());
    }
}

#[test]
fn apop_leaves_nothing_of_the_secret() {
    for secret in secrets() {
        let mut client = Box::new(Client::<1, 128>::new());
        let mut greeting: &[u8] = b"+OK <1896.697170952@dbc.mtview.ca.us>\r\n";
        assert!(client.receive(&mut greeting).unwrap().is_some());
        let mut out = vec![0; 64];
        let found = found_after(vec![secret.to_vec()], move || {
            let apop = Command::Apop {
                user: b"mrose",
                secret: Secret::new(secret),
            };
            let _ = client.send(&apop, &mut out).expect("APOP is offered");
            assert!(out.starts_with(b"APOP mrose "));
        });
        assert_eq!(found, None, "{} octets", secret.len());
    }
}

#[cfg(all(feature = "cram-md5", feature = "scram-sha-256"))]
mod hmac {
    use digest::common::BlockSizeUser;
    use digest::{Digest, Output};
    use pop3_proto::Secret;
    use pop3_proto::sasl::{Challenge, Mechanism, ResponseWriter};

    use super::{found_after, secrets};

    /// The key, filled up with zeros, XORed with this.
    fn padded<D: Digest + BlockSizeUser>(key: &[u8], pad: u8) -> Vec<u8> {
        let key = match key {
            long if long.len() > D::block_size() => D::digest(long).to_vec(),
            short => short.to_vec(),
        };
        key.iter().map(|octet| octet ^ pad).collect()
    }

    /// HMAC as RFC 2104 has it.
    fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Output<D> {
        let block = |pad| {
            let mut block = padded::<D>(key, pad);
            block.resize(D::block_size(), pad);
            block
        };
        let inner = D::new()
            .chain_update(block(0x36))
            .chain_update(message)
            .finalize();
        D::new()
            .chain_update(block(0x5c))
            .chain_update(inner)
            .finalize()
    }

    /// As what a key can be found: as it is, XORed with each pad, and in words of the other order.
    fn forms<D: Digest + BlockSizeUser>(key: &[u8]) -> Vec<Vec<u8>> {
        let mut forms = vec![key.to_vec()];
        forms.extend([0x36, 0x5c].map(|pad| padded::<D>(key, pad)));
        let turned = |form: &Vec<u8>| {
            let words = form.chunks(4).map(|word| word.iter().rev());
            words.flatten().copied().collect::<Vec<u8>>()
        };
        let turned = forms.iter().map(turned).collect::<Vec<_>>();
        [forms, turned].concat()
    }

    /// Has the mechanism answer the challenge.
    fn answer(mechanism: &mut dyn Mechanism, challenge: &[u8]) {
        mechanism
            .take_challenge(Challenge::new(challenge))
            .expect("a fine challenge");
        let mut out = vec![0; 500];
        assert!(ResponseWriter::encode(mechanism, &mut out).unwrap() > 0);
    }

    #[test]
    fn cram_md5_leaves_nothing_of_the_secret() {
        for secret in secrets() {
            let mut cram = Box::new(pop3_proto::sasl::CramMd5::new(b"tim", Secret::new(secret)));
            let found = found_after(forms::<md5::Md5>(secret), move || {
                answer(&mut *cram, b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+");
                cram
            });
            assert_eq!(found, None, "{} octets", secret.len());
        }
    }

    #[test]
    fn scram_leaves_nothing_of_the_secret_and_of_the_keys() {
        use pop3_proto::sasl::{Nonce, ScramSha256};
        use sha2::Sha256;

        for secret in secrets() {
            let mut salted = hmac::<Sha256>(secret, b"0123456789abcdef\0\0\0\x01");
            let mut last = salted;
            last = hmac::<Sha256>(secret, &last);
            for (octet, other) in salted.iter_mut().zip(last) {
                *octet ^= other;
            }
            let client = hmac::<Sha256>(&salted, b"Client Key");
            let server = hmac::<Sha256>(&salted, b"Server Key");
            let stored = Sha256::digest(client);
            let keys = [secret, &salted, &client, &server, &stored];
            let found = found_after(keys.map(forms::<Sha256>).concat(), move || {
                let nonce = Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap();
                let scram = ScramSha256::new(b"user", Secret::new(secret), nonce);
                let mut scram = Box::new(scram.min_iterations(1));
                // r=rOprNGfwEbeRWgbNEkqOx,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=2
                answer(
                    &mut *scram,
                    b"cj1yT3ByTkdmd0ViZVJXZ2JORWtxT3gscz1NREV5TXpRMU5qYzRPV0ZpWTJSbFpnPT0saT0y",
                );
                scram
            });
            assert_eq!(found, None, "{} octets", secret.len());
        }
    }
}

//! Secrets that are veiled, and the search for them in the memory of this process.

use std::fs::{self, File};
use std::hint::{black_box, spin_loop};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use zeroize::Zeroize;

/// One test at a time: what another is just sending would be found in its buffers, or in the page that it searches.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn veil(octet: u8) -> u8 {
    // Or the compiler would do in advance what is not to be in the program.
    octet ^ black_box(0xa5)
}

pub(crate) fn veiled(text: &str) -> Vec<u8> {
    text.bytes().map(veil).collect()
}

/// 32 letters that are nowhere else, veiled. None is a capital letter, so that copies in lower case are found as well.
#[derive(Clone)]
pub(crate) struct Marker(pub(crate) [u8; 32]);

impl Marker {
    pub(crate) fn new(number: u64) -> Self {
        let mut state = black_box(number);
        Self(std::array::from_fn(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            veil(b'a' + ((state >> 33) % 26) as u8)
        }))
    }

    /// So many of them in a row, in clear.
    pub(crate) fn secret(&self, times: usize) -> Vec<u8> {
        let mut secret = Vec::with_capacity(self.0.len() * times);
        for _ in 0..times {
            secret.extend(self.0.iter().map(|octet| veil(*octet)));
        }
        secret
    }
}

const PAGE: usize = 4096;
/// A secret is searched for in blocks of so many octets, since a part of one is a find too.
pub(crate) const BLOCK: usize = 8;

/// Where a block of a secret is in clear, and the mapping of the memory there.
#[derive(Debug)]
#[expect(dead_code, reason = "the mapping is for people to read")]
pub(crate) struct Hit(u64, String);

/// Searches the writable memory of this process for these veiled octets.
pub(crate) fn search(veiled: &[u8]) -> Vec<Hit> {
    // By their first octets.
    let mut blocks: Vec<Vec<&[u8]>> = vec![Vec::new(); 256];
    for block in veiled.chunks_exact(BLOCK) {
        blocks[usize::from(veil(block[0]))].push(block);
    }
    let memory = File::open("/proc/self/mem").unwrap();
    // With the beginning of the next page, for what lies across.
    let mut page = [0; PAGE + BLOCK - 1];
    let mut hits = Vec::new();
    for mapping in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut fields = mapping.split(' ');
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |digits| u64::from_str_radix(digits, 16).unwrap();
        for at in (address(start)..address(end)).step_by(PAGE) {
            let count = memory.read_at(&mut page, at).unwrap_or(0);
            // Most of it has never been used.
            if page == [0; PAGE + BLOCK - 1] {
                continue;
            }
            for (offset, window) in page[..count].windows(BLOCK).enumerate() {
                let is_block =
                    |block: &&[u8]| window.iter().copied().map(veil).eq(block.iter().copied());
                if blocks[usize::from(window[0])].iter().any(is_block) {
                    hits.push(Hit(at + offset as u64, mapping.to_owned()));
                }
            }
            // Or it would be found again here.
            page.as_mut_slice().zeroize();
        }
    }
    hits
}

/// Runs it on a thread whose stack is left as it is, and keeps what it gives, until the memory has been searched.
pub(crate) fn searched_after<T, R>(
    run: impl FnOnce() -> T + Send,
    search: impl FnOnce() -> R,
) -> R {
    /// Also when the search panics, or the thread would never end.
    struct Tells<'a>(&'a AtomicBool);
    impl Drop for Tells<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (ready, searched) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let kept = run();
            ready.store(true, Ordering::SeqCst);
            // Whatever blocks would use more of the stack, where something may be left.
            while !searched.load(Ordering::SeqCst) {
                spin_loop();
            }
            drop(kept);
        });
        while !ready.load(Ordering::SeqCst) && !thread.is_finished() {
            thread::yield_now();
        }
        if !ready.load(Ordering::SeqCst) {
            // It has panicked.
            thread.join().unwrap();
            unreachable!("it has ended without a word");
        }
        let tells = Tells(&searched);
        let result = search();
        drop(tells);
        thread.join().unwrap();
        result
    })
}

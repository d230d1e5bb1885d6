//! Stillness: nothing that is not drawn from the seed may vary.
//!
//! Hash maps of the standard library, of `ahash` and the jitter of kube's watches draw from the system. The
//! order in which kube polls its passes follows from the first; so these three are made constant. Every
//! run has a thread of its own, since the standard library counts its maps by thread.

use ahash::random_state::{RandomSource, set_random_source};

/// What `ahash` draws: always the same.
struct Constant;

impl RandomSource for Constant {
    fn gen_hasher_seed(&self) -> usize {
        0x5eed
    }
}

/// Makes this process still. Once, before anything else.
pub fn process() {
    // Refused only where it was done before.
    let _ = set_random_source(Constant);
}

/// Makes this thread still, for a run of this seed.
pub fn thread(seed: u64) {
    fastrand::seed(seed);
}

/// The system's source of chance, which the standard library lets a program replace: constant bytes.
///
/// # Safety
/// `buffer` is valid for writes of `length` bytes, as the system's own function demands.
#[unsafe(no_mangle)]
#[expect(
    unsafe_code,
    reason = "the only way to still the standard library's hash maps"
)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller vouches for the buffer.
    unsafe { std::ptr::write_bytes(buffer, 0x5e, length) };
    isize::try_from(length).unwrap_or(isize::MAX)
}

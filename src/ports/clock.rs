//! Time and chance, passed in.

use jiff::Timestamp;

/// The only source of time and randomness.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// 80 random bits for one intent.
    fn entropy(&self) -> [u8; 10];
    /// A number in `0.0..1.0` for jitter.
    fn jitter(&self) -> f64;
}

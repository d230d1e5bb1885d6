//! Shares of all plans, so that several machines, or several days, do them all.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// One of several shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which one, from 1.
    index: u64,
    /// Of how many.
    of: u64,
}

impl Share {
    /// Whether a plan is in this share: its id alone decides, so that plans that come or go move no other.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        let digest = Sha256::digest(id.as_bytes());
        let number = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        number % self.of == self.index - 1
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if index >= 1 && index <= of => Ok(Self { index, of }),
            Some(_) | None => Err(format!(
                "{text:?} is no share: the first of ten is 1/10, the last 10/10"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_is_in_exactly_one_share() {
        let shares: Vec<Share> = (1..=7).map(|n| format!("{n}/7").parse().unwrap()).collect();
        for number in 0..500 {
            let id = format!("M1/scenario/label#{number}/before");
            assert_eq!(shares.iter().filter(|share| share.has(&id)).count(), 1);
        }
        assert!(
            shares
                .iter()
                .all(|share| (0..500).any(|n| share.has(&format!("{n}"))))
        );
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}

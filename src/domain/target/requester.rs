//! Who asked for an object's spec, as far as that can be believed.

use kube::ResourceExt;

use crate::api::{self, REQUESTER_LENGTH};
use crate::domain::identity::digest;
use crate::domain::settings::Stamp;

/// How much of a name's digest tells it from others.
const DIGEST_LENGTH: usize = 16;

/// The stamp of admission where that is enforced; else the last field manager, marked as what it is:
/// everybody gives theirs as they like.
pub(super) fn of<K: ResourceExt>(object: &K, stamp: Stamp) -> String {
    let stamped = match stamp {
        Stamp::Enforced => object.annotations().get(api::REQUESTED_BY_ANNOTATION),
        Stamp::Unenforced => None,
    };
    match stamped.filter(|name| !name.is_empty()) {
        Some(name) => one_line(name),
        None => one_line(&format!("unverified:{}", last_manager(object))),
    }
}

fn last_manager<K: ResourceExt>(object: &K) -> String {
    object
        .managed_fields()
        .iter()
        .filter(|entry| entry.manager.as_deref() != Some(api::FIELD_MANAGER))
        .max_by_key(|entry| entry.time.clone().map(|time| time.0))
        .and_then(|entry| entry.manager.clone())
        .unwrap_or_else(|| "unknown".into())
}

/// A name as records, statuses and an index of DynamoDB can hold it: one line, of limited length. What
/// is not the whole name has a part of its digest, so that two people never become one.
fn one_line(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control()).collect();
    if plain == name && name.chars().count() <= REQUESTER_LENGTH {
        return plain;
    }
    let mark: String = digest([name.as_bytes()])
        .chars()
        .take(DIGEST_LENGTH)
        .collect();
    let kept = REQUESTER_LENGTH - DIGEST_LENGTH - 1;
    let start: String = plain.chars().take(kept).collect();
    format!("{start}…{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is_where_it_fits() {
        let longest = "𝕏".repeat(REQUESTER_LENGTH);
        for name in [
            "ada",
            "system:serviceaccount:flux:apply",
            "x \"y\"",
            &longest,
        ] {
            assert_eq!(one_line(name), name);
        }
    }

    #[test]
    fn names_that_do_not_fit_stay_different_and_bounded() {
        let long = "a".repeat(5000);
        let names = [
            long.clone() + "b",
            long + "c",
            "a\nb".into(),
            "a\rb".into(),
            "ab".into(),
        ];
        let lines = names.map(|name| one_line(&name));
        assert_eq!(lines[0].chars().count(), REQUESTER_LENGTH);
        for (index, line) in lines.iter().enumerate() {
            assert!(line.chars().count() <= REQUESTER_LENGTH, "{line}");
            assert!(!line.contains(char::is_control), "{line}");
            assert!(!lines[..index].contains(line), "{line}");
        }
    }
}

//! Sets of files: one digest over what is owned.

use harmonix::domain::file::{File, FileSet};

fn set(owned: &[(&str, &str)]) -> FileSet {
    FileSet {
        owned: owned
            .iter()
            .map(|(path, content)| File::new(*path, *content))
            .collect(),
        ..FileSet::default()
    }
}

#[test]
fn a_digest_is_equal_exactly_when_every_owned_file_is() {
    let digest = set(&[("a", "b")]).digest();
    assert_eq!(digest, set(&[("a", "b")]).digest());
    for other in [
        &[][..],
        &[("a", "c")],
        &[("b", "b")],
        &[("a", "b"), ("c", "")],
    ] {
        assert_ne!(digest, set(other).digest(), "{other:?}");
    }
    let mut seeded = set(&[("a", "b")]);
    seeded.seeded.push(File::new("c", "d"));
    assert_eq!(digest, seeded.digest());
}

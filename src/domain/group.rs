//! Groups of GitLab, by their full paths. GitLab tells no capitals from small letters in them.

/// Whether `group` is `outer`, or lies inside it.
pub fn lies_in(group: &str, outer: &str) -> bool {
    let (group, outer) = (group.to_lowercase(), outer.to_lowercase());
    match group.strip_prefix(&outer) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

/// Whether two groups are one, or one of them lies inside the other.
pub fn overlap(one: &str, other: &str) -> bool {
    lies_in(one, other) || lies_in(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_overlap_where_one_is_around_the_other() {
        for (one, other, wanted) in [
            ("apps", "apps", true),
            ("apps", "Apps/Shop", true),
            ("apps/shop/cart", "APPS", true),
            ("apps", "apps-2", false),
            ("apps/shop", "apps/shopping", false),
            ("apps/shop", "apps/cart", false),
        ] {
            assert_eq!(overlap(one, other), wanted, "{one} {other}");
            assert_eq!(overlap(other, one), wanted, "{other} {one}");
        }
        assert!(lies_in("apps/shop", "apps") && !lies_in("apps", "apps/shop"));
    }
}

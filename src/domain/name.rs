//! Names in AWS: one function makes every one, readable and injective.

use std::fmt;

use super::identity::digest;

/// The set of AWS regions that share ARNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// Commercial regions.
    Aws,
    /// China.
    China,
    /// US government.
    Government,
}

impl Partition {
    /// The partition of a region.
    pub fn of(region: &str) -> Self {
        if region.starts_with("cn-") {
            Self::China
        } else if region.starts_with("us-gov-") {
            Self::Government
        } else {
            Self::Aws
        }
    }

    /// The spelling in an ARN.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::Government => "aws-us-gov",
        }
    }
}

/// The ARN of an IAM role, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn(String);

impl RoleArn {
    /// A role by partition, account and name.
    pub fn of(partition: Partition, account: &str, name: &str) -> Self {
        Self(format!(
            "arn:{}:iam::{account}:role/{name}",
            partition.as_str()
        ))
    }

    /// Reads an ARN whose pattern was checked by validation.
    pub fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "iam", "", account, resource]
                if account.len() == 12 && resource.starts_with("role/") =>
            {
                Some(Self(arn.to_owned()))
            }
            _ => None,
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account in it.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The role's name, without its path.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The role's path as IAM writes it: `/`, or `/teams/shop/`.
    pub fn path(&self) -> &str {
        let path = self.0.trim_end_matches(|letter| letter != '/');
        path.find('/')
            .and_then(|first| path.get(first..))
            .unwrap_or("/")
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name of at most `limit` characters out of `[a-z0-9-]`: a readable part, then 8 digits of a hash
/// over all `parts`, so that `a-b` with `c` and `a` with `b-c` never meet. `limit` is at least 10.
pub fn aws_name(parts: &[&str], limit: usize) -> String {
    let hash: String = digest(parts.iter().map(|part| part.as_bytes()))
        .chars()
        .take(8)
        .collect();
    let mut readable = String::new();
    // AWS refuses load balancers whose names begin with "internal-".
    let parts: Vec<&str> = if parts
        .first()
        .is_some_and(|part| part.starts_with("internal"))
    {
        std::iter::once("hx").chain(parts.iter().copied()).collect()
    } else {
        parts.to_vec()
    };
    for c in parts.join("-").to_lowercase().chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        if !(c == '-' && readable.ends_with('-')) && readable.len() + 9 < limit {
            readable.push(c);
        }
    }
    format!("{}-{hash}", readable.trim_matches('-'))
}

/// The ECR repository of an application: `<prefix>/<namespace>/<application>`, each part as ECR
/// takes it. A part that ECR would refuse gets a hash instead of its odd characters.
pub fn ecr_repository(prefix: &str, namespace: &str, application: &str) -> String {
    let part = |text: &str| {
        if text.contains("--") {
            aws_name(&[text], 63)
        } else {
            text.to_owned()
        }
    };
    format!("{}/{}/{}", part(prefix), part(namespace), part(application))
}

/// What `sts:RoleSessionName` and `sts:SourceIdentity` take: `[\w+=,.@-]{2,64}`.
pub fn session_name(parts: &[&str]) -> String {
    let plain = parts.join("@");
    let fits = plain.len() <= 64
        && plain.len() >= 2
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c));
    if fits { plain } else { aws_name(parts, 64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_join_to_the_same_text_stay_apart() {
        assert_ne!(aws_name(&["a-b", "c"], 32), aws_name(&["a", "b-c"], 32));
    }

    #[test]
    fn a_name_keeps_within_its_limit_and_its_characters() {
        for limit in [32, 64] {
            let name = aws_name(
                &[
                    "a-very-long-namespace",
                    "an--even.LONGER_application",
                    "production",
                ],
                limit,
            );
            assert!(name.len() <= limit, "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
            assert!(!name.starts_with('-') && !name.contains("--"), "{name}");
        }
    }

    #[test]
    fn a_role_is_taken_apart() {
        let role = RoleArn::parse("arn:aws:iam::222222222222:role/path/acme-dev-role").unwrap();
        assert_eq!(
            (role.account(), role.path(), role.name()),
            ("222222222222", "/path/", "acme-dev-role")
        );
        let deep = RoleArn::parse("arn:aws:iam::222222222222:role/a/b/c/r").unwrap();
        assert_eq!((deep.path(), deep.name()), ("/a/b/c/", "r"));
        let plain = RoleArn::parse("arn:aws:iam::222222222222:role/r").unwrap();
        assert_eq!((plain.path(), plain.name()), ("/", "r"));
        assert!(RoleArn::parse("arn:aws:iam::222222222222:user/x").is_none());
        assert_eq!(
            RoleArn::of(Partition::of("cn-north-1"), "222222222222", "r").as_str(),
            "arn:aws-cn:iam::222222222222:role/r"
        );
    }

    #[test]
    fn a_session_name_is_readable_where_it_fits() {
        assert_eq!(session_name(&["shop", "cart"]), "shop@cart");
        assert_eq!(session_name(&["n".repeat(63).as_str(), "cart"]).len(), 64);
        let (longest, shortest) = ("n".repeat(64), "ab");
        assert_eq!(session_name(&[&longest]), longest);
        assert_eq!(session_name(&[shortest]), shortest);
    }

    #[test]
    fn a_session_name_that_sts_would_refuse_gets_a_hash() {
        for part in ["a", "käse", "a b", "a:b"] {
            let name = session_name(&[part]);
            assert!(name.len() >= 2, "{name}");
            let taken = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(name.chars().all(taken), "{name}");
        }
    }

    #[test]
    fn a_name_is_as_readable_as_its_limit_allows() {
        let name = aws_name(&[&"n".repeat(40)], 32);
        assert_eq!(name.len(), 32);
        assert!(name.starts_with(&"n".repeat(23)), "{name}");
        let name = aws_name(&["a.-.b"], 32);
        assert!(name.starts_with("a-b-"), "{name}");
    }

    #[test]
    fn a_role_reads_as_its_arn() {
        let arn = "arn:aws:iam::222222222222:role/r";
        assert_eq!(RoleArn::parse(arn).unwrap().to_string(), arn);
    }
}

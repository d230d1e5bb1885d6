//! The patterns of the schema. The controller's own validation compiles the very same strings.

/// A Kubernetes-style label: lower case, at most 63.
pub const LABEL: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
/// A short label in front of every AWS name of a provider.
pub const PREFIX: &str = "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$";
/// An AWS account.
pub const ACCOUNT: &str = "^[0-9]{12}$";
/// An AWS region of the partitions whose ARNs are known: `aws`, `aws-cn` and `aws-us-gov`.
pub const REGION: &str = "^[a-z]{2}(-gov)?-[a-z]{2,16}-[0-9]{1,2}$";
/// An IAM role.
pub const ROLE_ARN: &str =
    r"^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$";
/// What `sts:ExternalId` takes.
pub const EXTERNAL_ID: &str = r"^[A-Za-z0-9+=,.@:/_-]{2,256}$";
/// A VPC.
pub const VPC: &str = "^vpc-([0-9a-f]{8}|[0-9a-f]{17})$";
/// A subnet.
pub const SUBNET: &str = "^subnet-([0-9a-f]{8}|[0-9a-f]{17})$";
/// An IPv4 network.
pub const CIDR: &str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$";
/// The full path of a GitLab group.
pub const GROUP: &str = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,19}$";
/// The path of a GitLab project inside its group.
pub const PROJECT: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
/// The name of an environment variable.
pub const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// A secret of Secrets Manager, or a parameter of Systems Manager.
pub const SECRET_ARN: &str = r"^arn:aws(-us-gov|-cn)?:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)[A-Za-z0-9/_+=.@:-]+$";
/// A commit.
pub const COMMIT: &str = "^[0-9a-f]{40}$";
/// A version of a template.
pub const TEMPLATE_VERSION: &str = r"^[0-9]+\.[0-9]+\.[0-9]+$";
/// Any text that an environment variable can hold.
pub const NO_NUL: &str = r"^[^\x00]*$";
/// A person, team or system: something printable on one line.
pub const ONE_LINE: &str = r"^[^\x00-\x1f\x7f]*$";

variable "identities" {
  description = "How the controller's pods prove who they are: \"pod-identity\" (EKS Pod Identity), \"irsa\" (IAM roles for service accounts), or both."
  type        = set(string)
  default     = ["pod-identity"]

  validation {
    condition     = length(var.identities) > 0 && length(setsubtract(var.identities, ["pod-identity", "irsa"])) == 0
    error_message = "Identities are \"pod-identity\", \"irsa\" or both."
  }
}

variable "cluster_arn" {
  description = "The EKS cluster, for EKS Pod Identity: no other cluster gets the role's credentials."
  type        = string
  default     = null

  validation {
    condition     = var.cluster_arn != null || !contains(var.identities, "pod-identity")
    error_message = "EKS Pod Identity needs the cluster's ARN: aws eks describe-cluster --name NAME --query cluster.arn."
  }

  # A wildcard would let every cluster in.
  validation {
    condition     = var.cluster_arn == null || can(regex("^arn:aws[a-z-]*:eks:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9][A-Za-z0-9_-]*$", var.cluster_arn))
    error_message = "A cluster's ARN looks like \"arn:aws:eks:eu-west-1:111111111111:cluster/platform\"."
  }
}

variable "oidc_issuer" {
  description = "Issuer of the EKS cluster's service account tokens, for IRSA."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_issuer != null || !contains(var.identities, "irsa")
    error_message = "IRSA needs the cluster's issuer: aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer."
  }

  validation {
    condition     = var.oidc_issuer == null || can(regex("^https://[^/ ]+[^ ]*[^/ ]$", var.oidc_issuer))
    error_message = "The issuer must be an https address without a trailing slash, such as \"https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE\"."
  }
}

variable "create_oidc_provider" {
  description = "Whether to make the cluster's issuer known to IAM, for IRSA; false where the account knows it already."
  type        = bool
  default     = true
}

variable "namespace" {
  description = "The namespace that the chart is installed in."
  type        = string
  default     = "harmonix-system"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "The namespace must be the name of one, such as \"harmonix-system\"."
  }
}

variable "service_account" {
  description = "The service account that the controller's pods run as."
  type        = string
  default     = "harmonix"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.service_account))
    error_message = "The service account must be the name of one, such as \"harmonix\"."
  }
}

variable "name" {
  description = "Name of the controller's role."
  type        = string
  default     = "harmonix-controller"
}

variable "path" {
  description = "Path of the controller's role."
  type        = string
  default     = "/"
}

variable "accounts" {
  description = "Accounts of the EnvironmentProviders (spec.account), where the controller may assume operations roles; [\"*\"] for every account that trusts it."
  type        = set(string)

  validation {
    condition     = length(var.accounts) > 0 && alltrue([for account in var.accounts : can(regex("^([0-9]{12}|[*])$", account))])
    error_message = "Accounts have 12 digits; \"*\" stands for every account."
  }
}

variable "prefixes" {
  description = "Prefixes of the EnvironmentProviders (spec.prefix): the controller may assume the roles <prefix>-<name>-operations-role."
  type        = set(string)
  default     = ["harmonix"]

  validation {
    condition     = alltrue([for prefix in var.prefixes : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", prefix))])
    error_message = "A prefix must be a lower-case label, such as \"harmonix\"."
  }
}

variable "roles" {
  description = "ARNs of operations roles that providers name themselves in spec.roles.operations."
  type        = set(string)
  default     = []

  # A wildcard would reach roles that are none of ours.
  validation {
    condition     = alltrue([for role in var.roles : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", role))])
    error_message = "A role is its whole ARN, path included, such as \"arn:aws:iam::222222222222:role/teams/acme/operations\"."
  }
}

variable "tags" {
  description = "Tags of the role and of the OIDC provider."
  type        = map(string)
  default     = {}
}

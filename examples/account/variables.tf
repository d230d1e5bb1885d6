variable "gitlab_issuer" {
  description = "Issuer of GitLab's id tokens: the address of GitLab, as its own configuration has it, without a trailing slash."
  type        = string

  validation {
    condition     = can(regex("^https://[^/ ]+[^ ]*[^/ ]$", var.gitlab_issuer))
    error_message = "The issuer must be an https address without a trailing slash, such as \"https://gitlab.example.com\"."
  }
}

variable "gitlab_audience" {
  description = "Audience (aud) of the id tokens; the controller's setting must be the same. By default the issuer."
  type        = string
  default     = null
}

variable "gitlab_thumbprints" {
  description = "SHA-1 fingerprints of the authority behind GitLab's certificate; AWS needs them only where it does not know that authority."
  type        = list(string)
  default     = []
}

variable "create_oidc_provider" {
  description = "Whether to make GitLab known to IAM; false where the account knows it already."
  type        = bool
  default     = true
}

variable "providers_group" {
  description = "GitLab group that holds the repositories of EnvironmentProviders. Only the controller should be able to push there."
  type        = string
  default     = "aws-environment-providers"

  # A wildcard in a group would reach into groups that nobody trusted.
  validation {
    condition     = can(regex("^[A-Za-z0-9_.][A-Za-z0-9_./-]*[A-Za-z0-9_]$", var.providers_group))
    error_message = "The providers' group is the full path of a GitLab group, such as \"aws-environment-providers\"."
  }
}

variable "default_branch" {
  description = "The only branch whose pipelines may assume the bootstrap role."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9_./-]+$", var.default_branch))
    error_message = "The default branch must be a plain branch name, such as \"main\"."
  }
}

variable "prefix" {
  description = "The prefix of the EnvironmentProviders in this account (spec.prefix); the bootstrap role reaches no other names."
  type        = string
  default     = "harmonix"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.prefix))
    error_message = "The prefix must be a lower-case label, such as \"harmonix\"."
  }
}

variable "roles" {
  description = "Roles that a provider names in spec.roles.provisioning or spec.roles.operations, where they are not called as by default: path and name, as in the ARN after \"role/\"."
  type        = list(string)
  default     = []

  # A wildcard would reach roles that are none of ours.
  validation {
    condition     = alltrue([for role in var.roles : can(regex("^([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", role))])
    error_message = "A role is its path and its name, such as \"teams/acme/provisioning\"."
  }
}

variable "tags" {
  description = "Tags of the OIDC provider and of the bootstrap role."
  type        = map(string)
  default     = {}
}

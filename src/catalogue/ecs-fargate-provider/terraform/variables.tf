variable "name" {
  description = "Name of the EnvironmentProvider."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.name))
    error_message = "The provider's name must be a lower-case label, such as \"development\"."
  }
}

variable "prefix" {
  description = "Prefix of every name in the account; with the name it identifies the provider."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.prefix))
    error_message = "The prefix must be a lower-case label, such as \"harmonix\"."
  }
}

variable "account" {
  description = "The AWS account the provider lives in; credentials for any other account are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account has twelve digits."
  }
}

variable "region" {
  description = "The AWS region the provider lives in."
  type        = string
}

variable "tags" {
  description = "Tags that every resource carries, beside the provider's own."
  type        = map(string)
  default     = {}
}

variable "network" {
  description = "Either a network to create, or an existing one to use."
  type = object({
    create = optional(object({
      cidr = string
    }))
    existing = optional(object({
      vpc_id             = string
      public_subnet_ids  = list(string)
      private_subnet_ids = list(string)
    }))
  })

  validation {
    condition     = (var.network.create == null) != (var.network.existing == null)
    error_message = "A network is either created or existing: set exactly one of the two."
  }

  validation {
    condition = var.network.create == null ? true : (
      can(cidrnetmask(var.network.create.cidr)) &&
      tonumber(try(split("/", var.network.create.cidr)[1], "0")) >= 16 &&
      tonumber(try(split("/", var.network.create.cidr)[1], "0")) <= 24
    )
    error_message = "The network to create needs an IPv4 range between /16 and /24, such as \"10.20.0.0/16\"."
  }

  validation {
    condition = var.network.existing == null ? true : (
      length(var.network.existing.public_subnet_ids) >= 2 &&
      length(var.network.existing.private_subnet_ids) >= 2
    )
    error_message = "An existing network needs at least two public and two private subnets, in two zones."
  }
}

variable "provisioning_role_name" {
  description = "Name of the role that pipelines of applications assume."
  type        = string
}

variable "provisioning_role_path" {
  description = "Path of that role in IAM."
  type        = string
  default     = "/"

  # Below it are the roles of applications, which the provisioning role makes, changes and deletes.
  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.provisioning_role_path)) && !startswith(var.provisioning_role_path, "/harmonix/")
    error_message = "The role's path must begin and end with a slash and must not begin with /harmonix/, where roles of applications are: correct spec.roles.provisioning."
  }
}

variable "operations_role_name" {
  description = "Name of the role that the controller assumes."
  type        = string
}

variable "operations_role_path" {
  description = "Path of that role in IAM."
  type        = string
  default     = "/"

  # Below it are the roles of applications, which the provisioning role makes, changes and deletes.
  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.operations_role_path)) && !startswith(var.operations_role_path, "/harmonix/")
    error_message = "The role's path must begin and end with a slash and must not begin with /harmonix/, where roles of applications are: correct spec.roles.operations."
  }
}

variable "oidc_issuer" {
  description = "Issuer of GitLab's id tokens, as registered in IAM."
  type        = string

  validation {
    condition     = can(regex("^https://[^/ ]+[^ ]*[^/ ]$", var.oidc_issuer))
    error_message = "The issuer must be an https address without a trailing slash."
  }
}

variable "oidc_audience" {
  description = "Audience (aud) that an id token must carry."
  type        = string
}

variable "trusted_groups" {
  description = "GitLab groups whose projects, subgroups included, may assume the provisioning role."
  type        = list(string)

  # A wildcard in a group would reach into groups that nobody trusted.
  validation {
    condition     = alltrue([for group in var.trusted_groups : can(regex("^[A-Za-z0-9_.][A-Za-z0-9_./-]*[A-Za-z0-9_]$", group))])
    error_message = "A trusted group is the full path of a GitLab group, such as \"aws-apps\" or \"company/aws-apps\"."
  }
}

variable "provider_project" {
  description = "Full path of this provider's own GitLab project, which verifies that the provisioning role can be assumed."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.][A-Za-z0-9_./-]*[A-Za-z0-9_]$", var.provider_project))
    error_message = "The provider's project is the full path of a GitLab project."
  }
}

variable "default_branch" {
  description = "The only branch whose pipelines may assume the provisioning role."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9_./-]+$", var.default_branch))
    error_message = "The default branch must be a plain branch name, such as \"main\"."
  }
}

variable "controller_principal" {
  description = "ARN of the role that the controller runs with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$", var.controller_principal))
    error_message = "The controller's principal must be the ARN of one IAM role or user."
  }
}

variable "external_id" {
  description = "External id that the controller must name when it assumes the operations role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 2 && length(var.external_id) <= 1224
    error_message = "The external id must have 2 to 1224 characters that STS accepts."
  }
}

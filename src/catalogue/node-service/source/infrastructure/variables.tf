# What the deployment says: where, and what.

variable "name" {
  description = "Name of everything this application has here; at most 32 characters, as load balancers want."
  type        = string
}

variable "region" {
  description = "The provider's region."
  type        = string
}

variable "provider_prefix" {
  description = "Prefix of the provider."
  type        = string
}

variable "provider_name" {
  description = "Name of the provider."
  type        = string
}

variable "repository" {
  description = "Name of the ECR repository that holds the image."
  type        = string
}

variable "image" {
  description = "The image to run, by digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "An image is deployed by its digest, as in \"registry/repository@sha256:...\"."
  }
}

variable "release" {
  description = "The commit that is deployed."
  type        = string
}

variable "configuration" {
  description = "Digest of the environment's parameter file."
  type        = string
}

# What the environment's parameter file says.

variable "namespace" {
  description = "Kubernetes namespace of the Application."
  type        = string
}

variable "application" {
  description = "Name of the Application."
  type        = string
}

variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "replicas" {
  description = "How many tasks run."
  type        = number
}

variable "variables" {
  description = "Environment variables."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables whose values are read from Secrets Manager or SSM: name to ARN."
  type        = map(string)
  default     = {}
}

variable "cpu" {
  description = "CPU units of a task."
  type        = number
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
}

variable "port" {
  description = "Port the application listens on."
  type        = number
}

variable "health_path" {
  description = "Path that answers 200 while the application is healthy."
  type        = string
}

variable "exposure" {
  description = "public or internal."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate for HTTPS; without one the application is served over HTTP."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

terraform {
  required_version = ">= 1.6.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The state lives in this project's GitLab; the address comes from TF_HTTP_* variables.
  backend "http" {}
}

# Credentials come from the job's OIDC token, through the environment only. The tags are what the provisioning role
# recognises as its own: without them it may make nothing.
provider "aws" {
  region = var.region

  default_tags {
    tags = {
      "harmonix:application" = "${var.namespace}/${var.application}"
      "harmonix:environment" = var.environment
      "harmonix:prefix"      = var.provider_prefix
      "harmonix:provider"    = var.provider_name
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

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

# Credentials come from the job's OIDC token, through the environment only.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]

  default_tags {
    tags = local.tags
  }
}

data "aws_partition" "current" {}

locals {
  # Every name of this provider starts with this.
  id = "${var.prefix}-${var.name}"

  partition = data.aws_partition.current.partition

  tags = merge(var.tags, {
    "harmonix:prefix"   = var.prefix
    "harmonix:provider" = var.name
  })
}

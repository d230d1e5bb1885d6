# The role of the pipelines: it builds and deploys applications of the trusted groups, and never touches the audit table.

locals {
  # IAM names an OIDC provider, and the claims of its tokens, by the issuer without its scheme.
  oidc_provider = trimprefix(var.oidc_issuer, "https://")

  trusted_subjects = concat(
    [for group in var.trusted_groups : "project_path:${group}/*:ref_type:branch:ref:${var.default_branch}"],
    ["project_path:${var.provider_project}:ref_type:branch:ref:${var.default_branch}"],
  )
}

data "aws_iam_policy_document" "provisioning_trust" {
  statement {
    sid     = "DefaultBranchOfTrustedProjects"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["arn:${local.partition}:iam::${var.account}:oidc-provider/${local.oidc_provider}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.oidc_provider}:aud"
      values   = [var.oidc_audience]
    }

    condition {
      test     = "StringLike"
      variable = "${local.oidc_provider}:sub"
      values   = local.trusted_subjects
    }
  }
}

resource "aws_iam_role" "provisioning" {
  name               = var.provisioning_role_name
  path               = var.provisioning_role_path
  description        = "Pipelines build and deploy applications at Harmonix provider ${local.id}."
  assume_role_policy = data.aws_iam_policy_document.provisioning_trust.json
}

# One policy a noun, so that each is short enough to be read.
resource "aws_iam_role_policy" "provisioning" {
  for_each = {
    images   = data.aws_iam_policy_document.provisioning_images.json
    inputs   = data.aws_iam_policy_document.provisioning_inputs.json
    network  = data.aws_iam_policy_document.provisioning_network.json
    roles    = data.aws_iam_policy_document.provisioning_roles.json
    services = data.aws_iam_policy_document.provisioning_services.json
  }

  name   = each.key
  role   = aws_iam_role.provisioning.id
  policy = each.value
}

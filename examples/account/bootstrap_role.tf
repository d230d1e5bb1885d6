# The role with which a provider's own pipeline builds the provider.

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "DefaultBranchOfProviders"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.oidc_provider}:aud"
      values   = [local.audience]
    }

    condition {
      test     = "StringLike"
      variable = "${local.oidc_provider}:sub"
      values   = ["project_path:${var.providers_group}/*:ref_type:branch:ref:${var.default_branch}"]
    }
  }
}

resource "aws_iam_role" "bootstrap" {
  name               = "${var.prefix}-bootstrap-role"
  description        = "Pipelines of Harmonix providers with the prefix ${var.prefix} build their provider."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags

  # IAM takes a trust policy only once it knows the provider that the policy names.
  depends_on = [aws_iam_openid_connect_provider.gitlab]
}

# One policy a noun, so that each is short enough to be read.
resource "aws_iam_role_policy" "bootstrap" {
  for_each = {
    network  = data.aws_iam_policy_document.network.json
    roles    = data.aws_iam_policy_document.roles.json
    services = data.aws_iam_policy_document.services.json
  }

  name   = each.key
  role   = aws_iam_role.bootstrap.id
  policy = each.value
}

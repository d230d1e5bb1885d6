# What the bootstrap role may do in IAM: a provider's two roles and its boundary, by their names.

locals {
  # The names that a provider gives its roles unless it says otherwise, and those that it may say.
  role_names = concat(["${var.prefix}-*-operations-role", "${var.prefix}-*-provisioning-role"], var.roles)
}

data "aws_iam_policy_document" "roles" {
  statement {
    sid = "KeepTheTwoRoles"
    actions = [
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = [for name in local.role_names : "arn:${local.partition}:iam::${local.account}:role/${name}"]
  }

  statement {
    sid = "KeepTheBoundary"
    actions = [
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:ListPolicyTags",
      "iam:ListPolicyVersions",
      "iam:TagPolicy",
      "iam:UntagPolicy",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:policy/${var.prefix}-*-application-boundary"]
  }

  # The first cluster of an account makes this role.
  statement {
    sid       = "LetEcsMakeItsRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/ecs.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ecs.amazonaws.com"]
    }
  }
}

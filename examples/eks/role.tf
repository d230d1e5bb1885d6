# The role that the controller runs as. It may do nothing but assume the operations roles of providers.

locals {
  irsa         = contains(var.identities, "irsa")
  pod_identity = contains(var.identities, "pod-identity")

  by_name = [
    for pair in setproduct(var.accounts, var.prefixes) :
    "arn:${local.partition}:iam::${pair[0]}:role/${pair[1]}-*-operations-role"
  ]
}

data "aws_iam_policy_document" "trust" {
  dynamic "statement" {
    for_each = local.irsa ? [local.oidc_provider] : []

    content {
      sid     = "ServiceAccountOfTheCluster"
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = [local.oidc_provider_arn]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value}:aud"
        values   = ["sts.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value}:sub"
        values   = ["system:serviceaccount:${var.namespace}:${var.service_account}"]
      }
    }
  }

  # Which service account it is says the association, which only who may pass this role can make.
  dynamic "statement" {
    for_each = local.pod_identity ? [var.cluster_arn] : []

    content {
      sid     = "PodIdentityOfTheCluster"
      actions = ["sts:AssumeRole", "sts:TagSession"]

      principals {
        type        = "Service"
        identifiers = ["pods.eks.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [split(":", statement.value)[4]]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

# Both sides have to allow all three where a provider is in another account: this policy, and the trust policy of its
# operations role.
data "aws_iam_policy_document" "rights" {
  statement {
    sid       = "AssumeOperationsRoles"
    actions   = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    resources = sort(concat(local.by_name, tolist(var.roles)))
  }
}

resource "aws_iam_role" "controller" {
  name               = var.name
  path               = var.path
  description        = "The Harmonix controller assumes the operations roles of its providers."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags

  # IAM takes a trust policy only once it knows the provider that the policy names.
  depends_on = [aws_iam_openid_connect_provider.cluster]
}

resource "aws_iam_role_policy" "controller" {
  name   = "assume-operations-roles"
  role   = aws_iam_role.controller.id
  policy = data.aws_iam_policy_document.rights.json
}

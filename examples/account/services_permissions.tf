# What the bootstrap role may do with clusters, keys, audit tables and the outputs of providers.

data "aws_iam_policy_document" "services" {
  # A new cluster and a new key have no ARN to narrow by, so their tags have to name the prefix.
  statement {
    sid       = "Make"
    actions   = ["ecs:CreateCluster", "kms:CreateKey"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/harmonix:prefix"
      values   = [var.prefix]
    }
  }

  # These have no resource to be narrowed to.
  statement {
    sid       = "Look"
    actions   = ["kms:ListAliases", "ssm:DescribeParameters"]
    resources = ["*"]
  }

  statement {
    sid = "KeepClusters"
    actions = [
      "ecs:DeleteCluster",
      "ecs:DescribeClusters",
      "ecs:ListTagsForResource",
      "ecs:PutClusterCapacityProviders",
      "ecs:TagResource",
      "ecs:UntagResource",
      "ecs:UpdateCluster",
      "ecs:UpdateClusterSettings",
    ]
    resources = ["arn:${local.partition}:ecs:*:${local.account}:cluster/${var.prefix}-*-cluster"]
  }

  statement {
    sid       = "TagKeysOnCreation"
    actions   = ["kms:TagResource"]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/harmonix:prefix"
      values   = [var.prefix]
    }
  }

  # The last ones are what DynamoDB asks of whoever makes a table with a key of theirs.
  statement {
    sid = "KeepKeys"
    actions = [
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/harmonix:prefix"
      values   = [var.prefix]
    }
  }

  statement {
    sid       = "KeepAliases"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = ["arn:${local.partition}:kms:*:${local.account}:alias/${var.prefix}-*-key"]
  }

  # Neither their items nor their deletion: a ledger is given up by a person, not by a pipeline.
  statement {
    sid = "KeepAuditTables"
    actions = [
      "dynamodb:CreateTable",
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
      "dynamodb:TagResource",
      "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ]
    resources = ["arn:${local.partition}:dynamodb:*:${local.account}:table/${var.prefix}-*-audit"]
  }

  statement {
    sid = "KeepOutputs"
    actions = [
      "ssm:AddTagsToResource",
      "ssm:DeleteParameter",
      "ssm:GetParameter",
      "ssm:GetParameters",
      "ssm:ListTagsForResource",
      "ssm:PutParameter",
      "ssm:RemoveTagsFromResource",
    ]
    resources = ["arn:${local.partition}:ssm:*:${local.account}:parameter/${var.prefix}/*"]
  }
}

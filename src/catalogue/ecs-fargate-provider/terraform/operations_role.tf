# The role of the controller: it looks, and writes audit records. It changes nothing that runs.

data "aws_iam_policy_document" "operations_trust" {
  statement {
    sid     = "ControllerAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.controller_principal]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }

  # A session says for which object it acts, and in nothing but our own tags.
  statement {
    sid     = "ControllerTags"
    actions = ["sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = [var.controller_principal]
    }

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["harmonix:*"]
    }
  }

  statement {
    sid     = "ControllerNamesItsSource"
    actions = ["sts:SetSourceIdentity"]

    principals {
      type        = "AWS"
      identifiers = [var.controller_principal]
    }
  }
}

data "aws_iam_policy_document" "operations" {
  statement {
    sid       = "ReadOutputs"
    actions   = ["ssm:GetParameter", "ssm:GetParameters"]
    resources = ["arn:${local.partition}:ssm:${var.region}:${var.account}:parameter/${var.prefix}/${var.name}/*"]
  }

  statement {
    sid     = "ObserveCluster"
    actions = ["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:DescribeTasks"]
    resources = [
      aws_ecs_cluster.this.arn,
      "arn:${local.partition}:ecs:${var.region}:${var.account}:service/${aws_ecs_cluster.this.name}/*",
      "arn:${local.partition}:ecs:${var.region}:${var.account}:task/${aws_ecs_cluster.this.name}/*",
    ]
  }

  # Listing is narrowed by the cluster, since tasks of Fargate belong to no container instance.
  statement {
    sid       = "ListTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  # ECS cannot narrow this to a task definition.
  statement {
    sid       = "ReadTaskDefinitions"
    actions   = ["ecs:DescribeTaskDefinition"]
    resources = ["*"]
  }

  # No update and no deletion: a record that is written stays.
  statement {
    sid     = "WriteAuditRecords"
    actions = ["dynamodb:DescribeTable", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [
      aws_dynamodb_table.audit.arn,
      "${aws_dynamodb_table.audit.arn}/index/*",
    ]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}

resource "aws_iam_role" "operations" {
  name               = var.operations_role_name
  path               = var.operations_role_path
  description        = "The Harmonix controller observes provider ${local.id} and writes its audit records."
  assume_role_policy = data.aws_iam_policy_document.operations_trust.json
}

resource "aws_iam_role_policy" "operations" {
  name   = "operations"
  role   = aws_iam_role.operations.id
  policy = data.aws_iam_policy_document.operations.json
}

# What a role of an application can do at most, whatever policy a developer gives it. It leaves out IAM, role
# chaining, the audit table and everything of other providers.

data "aws_iam_policy_document" "application_boundary" {
  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${var.region}:${var.account}:log-group:/harmonix/${local.id}/*"]
  }

  # A token for the registry cannot be narrowed to a repository.
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:${var.region}:${var.account}:repository/${var.prefix}/*"]
  }

  statement {
    sid     = "ReadSecrets"
    actions = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
    resources = [
      "arn:${local.partition}:secretsmanager:${var.region}:${var.account}:secret:*",
      "arn:${local.partition}:ssm:${var.region}:${var.account}:parameter/*",
    ]
  }

  # Secrets may be encrypted with any key whose own policy lets the application in, yet only through their service.
  statement {
    sid       = "DecryptSecrets"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:${var.region}:${var.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        "secretsmanager.${var.region}.${data.aws_partition.current.dns_suffix}",
        "ssm.${var.region}.${data.aws_partition.current.dns_suffix}",
      ]
    }
  }
}

resource "aws_iam_policy" "application_boundary" {
  name        = "${local.id}-application-boundary"
  description = "The most that a role of an application of Harmonix provider ${local.id} can do."
  policy      = data.aws_iam_policy_document.application_boundary.json
}

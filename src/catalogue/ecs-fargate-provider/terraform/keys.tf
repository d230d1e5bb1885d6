# One key for what this provider stores: the audit table and the applications' logs.

data "aws_iam_policy_document" "key" {
  # Without this no policy of the account could speak about the key, not even to delete it.
  # In a key's policy the resource "*" is the key itself.
  statement {
    sid       = "AccountAdministers"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${var.account}:root"]
    }
  }

  statement {
    sid = "LogsOfApplications"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${var.region}:${var.account}:log-group:/harmonix/${local.id}/*"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Harmonix provider ${local.id}: audit records and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.id}-key"
  target_key_id = aws_kms_key.this.key_id
}

# The ledger: every effect on this provider, and on applications at home here, is one item.
resource "aws_dynamodb_table" "audit" {
  name                        = "${local.id}-audit"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  range_key                   = "createdAt"
  deletion_protection_enabled = true

  dynamic "attribute" {
    for_each = ["id", "createdAt", "objectRef", "day", "initiatedBy"]

    content {
      name = attribute.value
      type = "S"
    }
  }

  # What happened to one object, and where its chain of records ends.
  global_secondary_index {
    name            = "byObject"
    hash_key        = "objectRef"
    range_key       = "createdAt"
    projection_type = "ALL"
  }

  # What happened on one day.
  global_secondary_index {
    name            = "byDay"
    hash_key        = "day"
    range_key       = "createdAt"
    projection_type = "ALL"
  }

  # What one person asked for.
  global_secondary_index {
    name            = "byActor"
    hash_key        = "initiatedBy"
    range_key       = "createdAt"
    projection_type = "ALL"
  }

  # Only items that carry the attribute ever expire.
  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

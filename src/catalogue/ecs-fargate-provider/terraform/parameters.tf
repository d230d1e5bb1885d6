# What the controller and the pipelines need to know of this provider, under names that stay.

locals {
  parameters = {
    "vpc"                   = local.vpc_id
    "ecs-cluster"           = aws_ecs_cluster.this.arn
    "${var.name}-audit"     = aws_dynamodb_table.audit.name
    "provisioning-role"     = aws_iam_role.provisioning.name
    "provisioning-role-arn" = aws_iam_role.provisioning.arn
    "operations-role"       = aws_iam_role.operations.name
    "operations-role-arn"   = aws_iam_role.operations.arn
    "kms-key"               = aws_kms_key.this.arn
  }

  list_parameters = {
    "vpc/public-subnets"  = local.public_subnet_ids
    "vpc/private-subnets" = local.private_subnet_ids
  }
}

resource "aws_ssm_parameter" "value" {
  for_each = local.parameters
  name     = "/${var.prefix}/${var.name}/${each.key}"
  type     = "String"
  value    = each.value
}

resource "aws_ssm_parameter" "list" {
  for_each = local.list_parameters
  name     = "/${var.prefix}/${var.name}/${each.key}"
  type     = "StringList"
  value    = join(",", each.value)
}

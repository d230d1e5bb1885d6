# What the provider offers, as its own infrastructure wrote it down.

locals {
  provider_id = "${var.provider_prefix}-${var.provider_name}"

  vpc_id             = nonsensitive(data.aws_ssm_parameter.provider["vpc"].value)
  public_subnet_ids  = split(",", nonsensitive(data.aws_ssm_parameter.provider["vpc/public-subnets"].value))
  private_subnet_ids = split(",", nonsensitive(data.aws_ssm_parameter.provider["vpc/private-subnets"].value))
  cluster_arn        = nonsensitive(data.aws_ssm_parameter.provider["ecs-cluster"].value)
  key_arn            = nonsensitive(data.aws_ssm_parameter.provider["kms-key"].value)
}

data "aws_ssm_parameter" "provider" {
  for_each = toset(["ecs-cluster", "kms-key", "vpc", "vpc/private-subnets", "vpc/public-subnets"])
  name     = "/${var.provider_prefix}/${var.provider_name}/${each.key}"
}

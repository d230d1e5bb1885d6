resource "aws_ecs_cluster" "this" {
  name = "${local.id}-cluster"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  # Here and not at a variable, which may look at another one only from Terraform 1.9 on.
  lifecycle {
    precondition {
      condition     = length(local.id) <= 45
      error_message = "Prefix and name with the hyphen between them must have at most 45 characters: role names allow 64."
    }
  }
}

# Spot capacity is offered in the commercial partition only.
resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = local.partition == "aws" ? ["FARGATE", "FARGATE_SPOT"] : ["FARGATE"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

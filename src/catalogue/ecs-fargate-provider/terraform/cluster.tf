resource "aws_ecs_cluster" "this" {
  name = "${local.id}-cluster"

  setting {
    name  = "containerInsights"
    value = "enabled"
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

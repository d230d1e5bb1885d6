locals {
  endpoint = "${var.certificate_arn == null ? "http" : "https"}://${aws_lb.this.dns_name}"

  # What the platform says comes last: an environment cannot claim to be another.
  environment = merge(var.variables, {
    HARMONIX_APPLICATION = "${var.namespace}/${var.application}"
    HARMONIX_ENVIRONMENT = var.environment
    HARMONIX_RELEASE     = var.release
    HARMONIX_HEALTH_PATH = var.health_path
    PORT                 = tostring(var.port)
  })
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  # Former revisions stay: the circuit breaker goes back to them.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([{
    name                   = "application"
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = true
    portMappings           = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    environment            = [for name, value in local.environment : { name = name, value = value }]
    secrets                = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
    stopTimeout            = 30

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "application"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = local.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.replicas
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 30
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  # The deployment's script waits for the service: it sees at once what failed, and knows a rollback from a success.
  wait_for_steady_state = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = local.private_subnet_ids
    security_groups  = [aws_security_group.service.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "application"
    container_port   = var.port
  }

  tags = {
    "harmonix:configuration" = var.configuration
    "harmonix:endpoint"      = local.endpoint
    "harmonix:release"       = var.release
  }

  # A service's target group needs a listener; a task needs its rights and its way in before it starts.
  depends_on = [
    aws_iam_role_policy.execution,
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_vpc_security_group_egress_rule.outside,
    aws_vpc_security_group_egress_rule.tasks,
    aws_vpc_security_group_ingress_rule.load_balancer,
  ]
}

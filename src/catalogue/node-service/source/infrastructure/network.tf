# Who may talk to whom: clients to the load balancer, the load balancer to the tasks, the tasks to the outside.

locals {
  public = var.exposure == "public"

  # Where clients come from. An internal load balancer is reached from the provider's network alone.
  client_ranges = local.public ? ["0.0.0.0/0"] : [for range in data.aws_vpc.this[0].cidr_block_associations : range.cidr_block]

  # Plain HTTP stays open beside HTTPS: it redirects.
  client_ports = var.certificate_arn == null ? [80] : [80, 443]

  client_rules = {
    for rule in setproduct(local.client_ranges, local.client_ports) : "${rule[0]}:${rule[1]}" => { range = rule[0], port = rule[1] }
  }
}

data "aws_vpc" "this" {
  count = local.public ? 0 : 1
  id    = local.vpc_id
}

resource "aws_security_group" "load_balancer" {
  name        = "${var.name}-load-balancer"
  description = "Clients reach the load balancer"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-load-balancer" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = local.client_rules
  security_group_id = aws_security_group.load_balancer.id
  description       = "Clients"
  cidr_ipv4         = each.value.range
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Tasks"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_security_group" "service" {
  name        = "${var.name}-service"
  description = "The load balancer reaches the tasks"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-service" }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  security_group_id            = aws_security_group.service.id
  description                  = "Load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

# Tasks pull their image, write logs and call what the application calls.
resource "aws_vpc_security_group_egress_rule" "outside" {
  security_group_id = aws_security_group.service.id
  description       = "Outside"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# The network: one of our own over two zones, or one that exists already.

locals {
  created = var.network.create != null
  cidr    = local.created ? var.network.create.cidr : ""

  # Two zones, keyed by position so that a subnet keeps its address when the account sees zones in another order.
  zones = local.created ? {
    for index, zone in slice(data.aws_availability_zones.available[0].names, 0, 2) : tostring(index) => zone
  } : {}

  vpc_id = local.created ? aws_vpc.this[0].id : var.network.existing.vpc_id
  public_subnet_ids = local.created ? (
    [for index in ["0", "1"] : aws_subnet.public[index].id]
  ) : var.network.existing.public_subnet_ids
  private_subnet_ids = local.created ? (
    [for index in ["0", "1"] : aws_subnet.private[index].id]
  ) : var.network.existing.private_subnet_ids
}

data "aws_availability_zones" "available" {
  count = local.created ? 1 : 0
  state = "available"

  # Local and wavelength zones have to be opted in to and lack NAT gateways.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  count                = local.created ? 1 : 0
  cidr_block           = local.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = local.id }
}

resource "aws_internet_gateway" "this" {
  count  = local.created ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = { Name = local.id }
}

# Public subnets hold load balancers and the NAT gateway: an eighth of the range each.
resource "aws_subnet" "public" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.value
  cidr_block        = cidrsubnet(local.cidr, 3, tonumber(each.key))
  tags              = { Name = "${local.id}-public-${each.key}" }
}

# Private subnets hold the tasks: a quarter of the range each; the last quarter stays free.
resource "aws_subnet" "private" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.value
  cidr_block        = cidrsubnet(local.cidr, 2, tonumber(each.key) + 1)
  tags              = { Name = "${local.id}-private-${each.key}" }
}

resource "aws_eip" "nat" {
  count  = local.created ? 1 : 0
  domain = "vpc"
  tags   = { Name = "${local.id}-nat" }
}

# One gateway for both zones: a zone's failure may cost the other its way out, a second gateway costs every month.
resource "aws_nat_gateway" "this" {
  count         = local.created ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public["0"].id
  tags          = { Name = local.id }
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  count  = local.created ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "${local.id}-public" }
}

resource "aws_route_table" "private" {
  count  = local.created ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "${local.id}-private" }
}

resource "aws_route" "public" {
  count                  = local.created ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route" "private" {
  count                  = local.created ? 1 : 0
  route_table_id         = aws_route_table.private[0].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each       = local.zones
  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table_association" "private" {
  for_each       = local.zones
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[0].id
}

# Gateway endpoints cost nothing and keep image layers and table traffic off the NAT gateway.
resource "aws_vpc_endpoint" "gateway" {
  for_each          = local.created ? toset(["dynamodb", "s3"]) : toset([])
  vpc_id            = aws_vpc.this[0].id
  service_name      = "${data.aws_partition.current.reverse_dns_prefix}.${var.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
  tags              = { Name = "${local.id}-${each.key}" }
}

# An existing network is only looked at, so that a subnet of another network is refused here and not by the first application.
data "aws_subnet" "existing" {
  for_each = local.created ? toset([]) : toset(concat(var.network.existing.public_subnet_ids, var.network.existing.private_subnet_ids))
  id       = each.value

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.network.existing.vpc_id
      error_message = "Subnet ${self.id} belongs to ${self.vpc_id}, not to ${var.network.existing.vpc_id}: correct the provider's spec.network.existing."
    }
  }
}

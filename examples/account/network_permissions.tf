# What the bootstrap role may do with networks: make new ones with the prefix's tag, and keep those that carry it.

locals {
  ec2 = "arn:${local.partition}:ec2:*:${local.account}"

  # What each call makes; the things a call is given beside are checked by their own tag.
  made_by = {
    AllocateAddress       = "elastic-ip"
    CreateInternetGateway = "internet-gateway"
    CreateNatGateway      = "natgateway"
    CreateRouteTable      = "route-table"
    CreateSubnet          = "subnet"
    CreateVpc             = "vpc"
    CreateVpcEndpoint     = "vpc-endpoint"
  }
}

data "aws_iam_policy_document" "network" {
  # Describing has no resource to be narrowed to.
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAddresses",
      "ec2:DescribeAddressesAttribute",
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeInternetGateways",
      "ec2:DescribeNatGateways",
      "ec2:DescribeNetworkAcls",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribePrefixLists",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpoints",
      "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = local.made_by

    content {
      sid       = statement.key
      actions   = ["ec2:${statement.key}"]
      resources = ["${local.ec2}:${statement.value}/*"]

      condition {
        test     = "StringEquals"
        variable = "aws:RequestTag/harmonix:prefix"
        values   = [var.prefix]
      }
    }
  }

  statement {
    sid       = "TagOnCreation"
    actions   = ["ec2:CreateTags"]
    resources = [for type in values(local.made_by) : "${local.ec2}:${type}/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = keys(local.made_by)
    }
  }

  statement {
    sid = "KeepOwn"
    actions = [
      "ec2:AssociateRouteTable",
      "ec2:AttachInternetGateway",
      "ec2:CreateNatGateway",
      "ec2:CreateRoute",
      "ec2:CreateRouteTable",
      "ec2:CreateSubnet",
      "ec2:CreateTags",
      "ec2:CreateVpcEndpoint",
      "ec2:DeleteInternetGateway",
      "ec2:DeleteNatGateway",
      "ec2:DeleteRoute",
      "ec2:DeleteRouteTable",
      "ec2:DeleteSubnet",
      "ec2:DeleteTags",
      "ec2:DeleteVpc",
      "ec2:DeleteVpcEndpoints",
      "ec2:DetachInternetGateway",
      "ec2:DisassociateAddress",
      "ec2:DisassociateRouteTable",
      "ec2:ModifySubnetAttribute",
      "ec2:ModifyVpcAttribute",
      "ec2:ModifyVpcEndpoint",
      "ec2:ReleaseAddress",
      "ec2:ReplaceRoute",
    ]
    resources = [for type in values(local.made_by) : "${local.ec2}:${type}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/harmonix:prefix"
      values   = [var.prefix]
    }
  }
}

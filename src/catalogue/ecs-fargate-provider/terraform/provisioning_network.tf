# What pipelines may do with load balancers and security groups: only with those that carry this provider's tags.

locals {
  # The same two facts, asked of a request that makes something and of something that exists.
  own_request_tags  = { "aws:RequestTag/harmonix:prefix" = var.prefix, "aws:RequestTag/harmonix:provider" = var.name }
  own_resource_tags = { "aws:ResourceTag/harmonix:prefix" = var.prefix, "aws:ResourceTag/harmonix:provider" = var.name }

  elb = "arn:${local.partition}:elasticloadbalancing:${var.region}:${var.account}"
  ec2 = "arn:${local.partition}:ec2:${var.region}:${var.account}"
}

data "aws_iam_policy_document" "provisioning_network" {
  # Describing has no resource to be narrowed to.
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAccountAttributes",
      "ec2:DescribeInternetGateways",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcs",
      "ec2:GetSecurityGroupsForVpc",
      "elasticloadbalancing:Describe*",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "MakeLoadBalancers"
    actions = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    resources = [
      "${local.elb}:loadbalancer/app/*",
      "${local.elb}:targetgroup/*",
    ]

    dynamic "condition" {
      for_each = local.own_request_tags

      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }

  statement {
    sid     = "TagLoadBalancersOnCreation"
    actions = ["elasticloadbalancing:AddTags"]
    resources = [
      "${local.elb}:listener-rule/app/*",
      "${local.elb}:listener/app/*",
      "${local.elb}:loadbalancer/app/*",
      "${local.elb}:targetgroup/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "elasticloadbalancing:CreateAction"
      values   = ["CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup"]
    }
  }

  statement {
    sid = "KeepOwnLoadBalancers"
    actions = [
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:CreateRule",
      "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:SetSecurityGroups",
      "elasticloadbalancing:SetSubnets",
    ]
    resources = [
      "${local.elb}:listener-rule/app/*",
      "${local.elb}:listener/app/*",
      "${local.elb}:loadbalancer/app/*",
      "${local.elb}:targetgroup/*",
    ]

    dynamic "condition" {
      for_each = local.own_resource_tags

      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "MakeSecurityGroupsHere"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.ec2}:vpc/${local.vpc_id}"]
  }

  statement {
    sid       = "MakeSecurityGroups"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.ec2}:security-group/*"]

    dynamic "condition" {
      for_each = local.own_request_tags

      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "TagSecurityGroupsOnCreation"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.ec2}:security-group-rule/*", "${local.ec2}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup"]
    }
  }

  statement {
    sid = "KeepOwnSecurityGroups"
    actions = [
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CreateTags",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteTags",
      "ec2:ModifySecurityGroupRules",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
    ]
    resources = ["${local.ec2}:security-group/*"]

    dynamic "condition" {
      for_each = local.own_resource_tags

      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }

  # A rule is reached through its group, which the statement before has checked.
  statement {
    sid = "KeepRulesOfOwnSecurityGroups"
    actions = [
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:ModifySecurityGroupRules",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
    ]
    resources = ["${local.ec2}:security-group-rule/*"]
  }
}

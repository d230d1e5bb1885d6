# The cluster as someone whose service account tokens this account believes: IRSA only.

locals {
  # IAM names an OIDC provider, and the claims of its tokens, by the issuer without its scheme.
  oidc_provider     = local.irsa ? trimprefix(var.oidc_issuer, "https://") : null
  oidc_provider_arn = local.irsa ? "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.oidc_provider}" : null
}

resource "aws_iam_openid_connect_provider" "cluster" {
  count          = local.irsa && var.create_oidc_provider ? 1 : 0
  url            = var.oidc_issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

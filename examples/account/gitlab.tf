# GitLab as someone whose tokens this account believes, for the audience of Harmonix alone.

locals {
  audience = coalesce(var.gitlab_audience, var.gitlab_issuer)

  # IAM names an OIDC provider, and the claims of its tokens, by the issuer without its scheme.
  oidc_provider     = trimprefix(var.gitlab_issuer, "https://")
  oidc_provider_arn = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.oidc_provider}"
}

resource "aws_iam_openid_connect_provider" "gitlab" {
  count           = var.create_oidc_provider ? 1 : 0
  url             = var.gitlab_issuer
  client_id_list  = [local.audience]
  thumbprint_list = length(var.gitlab_thumbprints) > 0 ? var.gitlab_thumbprints : null
  tags            = var.tags
}

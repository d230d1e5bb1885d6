output "role_arn" {
  description = "The controller's role: --controller-principal, and with IRSA the annotation of its service account."
  value       = aws_iam_role.controller.arn
}

output "oidc_provider_arn" {
  description = "The cluster's issuer, as this account knows it; null without IRSA."
  value       = local.oidc_provider_arn
}

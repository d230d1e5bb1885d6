output "bootstrap_role_arn" {
  description = "Goes into spec.roles.bootstrap of the EnvironmentProviders in this account."
  value       = aws_iam_role.bootstrap.arn
}

output "oidc_provider_arn" {
  description = "GitLab, as this account knows it."
  value       = local.oidc_provider_arn
}

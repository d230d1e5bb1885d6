output "vpc_id" {
  description = "The network that applications run in."
  value       = local.vpc_id
}

output "public_subnet_ids" {
  description = "Subnets of public load balancers."
  value       = local.public_subnet_ids
}

output "private_subnet_ids" {
  description = "Subnets of tasks and internal load balancers."
  value       = local.private_subnet_ids
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the ECS cluster."
  value       = aws_ecs_cluster.this.arn
}

output "audit_table" {
  description = "Name of the audit table."
  value       = aws_dynamodb_table.audit.name
}

output "kms_key_arn" {
  description = "ARN of the key of this provider."
  value       = aws_kms_key.this.arn
}

output "provisioning_role_arn" {
  description = "ARN of the role that pipelines of applications assume."
  value       = aws_iam_role.provisioning.arn
}

output "operations_role_arn" {
  description = "ARN of the role that the controller assumes."
  value       = aws_iam_role.operations.arn
}

output "application_boundary_arn" {
  description = "ARN of the permissions boundary that every role of an application carries."
  value       = aws_iam_policy.application_boundary.arn
}

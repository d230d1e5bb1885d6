output "endpoint" {
  description = "Where the application is reached."
  value       = local.endpoint
}

output "log_group" {
  description = "Where its logs are."
  value       = aws_cloudwatch_log_group.this.name
}

output "service_arn" {
  description = "ARN of the ECS service."
  value       = aws_ecs_service.this.id
}

# The deployment compares this with what the service runs.
output "task_definition_arn" {
  description = "ARN of the deployed task definition."
  value       = aws_ecs_task_definition.this.arn
}

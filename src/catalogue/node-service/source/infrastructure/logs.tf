resource "aws_cloudwatch_log_group" "this" {
  name              = "/harmonix/${local.provider_id}/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
}

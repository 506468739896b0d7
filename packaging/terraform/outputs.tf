output "queue_url" {
  description = "For --queue-url."
  value       = aws_sqs_queue.canary.url
}

output "deliver" {
  description = "For --deliver."
  value       = "s3://${aws_s3_bucket.evidence.id}/${var.prefix}"
}

output "role_arn" {
  description = "The role, for ECS tasks and EC2 instances."
  value       = aws_iam_role.vpcheck.arn
}

output "instance_profile" {
  description = "The role's profile, for EC2 instances."
  value       = aws_iam_instance_profile.vpcheck.name
}

output "log_group" {
  description = "Where the reports of the schedule are; null without one."
  value       = one(aws_cloudwatch_log_group.vpcheck[*].name)
}

variable "name" {
  description = "What the resources are called."
  type        = string
  default     = "vpcheck"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,23}$", var.name))
    error_message = "Up to 24 lower-case letters, digits and hyphens."
  }
}

variable "sqs_endpoint_id" {
  description = "The VPC's interface endpoint for Amazon SQS; the queue takes messages through no other."
  type        = string

  validation {
    condition     = can(regex("^vpce-[0-9a-f]{8,17}$", var.sqs_endpoint_id))
    error_message = "An endpoint's id such as vpce-0123456789abcdef0."
  }
}

variable "canary" {
  description = "What the canary does: send, or round-trip, which also receives and deletes its own message."
  type        = string
  default     = "send"

  validation {
    condition     = contains(["send", "round-trip"], var.canary)
    error_message = "send or round-trip."
  }
}

variable "retention_seconds" {
  description = "How long the queue keeps a message that nobody receives."
  type        = number
  default     = 60

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 300
    error_message = "60 to 300."
  }
}

variable "prefix" {
  description = "What the keys of the evidence begin with."
  type        = string
  default     = "vpcheck"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", var.prefix))
    error_message = "Up to 64 letters, digits, dots, underscores and hyphens."
  }
}

variable "keep_days" {
  description = "After how many days evidence expires."
  type        = number
  default     = 400
}

variable "lock_days" {
  description = "For how many days nobody may delete evidence (Object Lock, compliance mode); 0 for no lock."
  type        = number
  default     = 0
}

variable "kms_key_arn" {
  description = "The KMS key that encrypts the evidence; null for S3's own keys. Its key policy has to admit the role."
  type        = string
  default     = null
}

variable "inventory_object" {
  description = "BUCKET/KEY, where vpcheck inventory -o s3://BUCKET/KEY wrote; null for each to ask the EC2 API."
  type        = string
  default     = null
}

variable "schedule" {
  description = "Runs vpcheck on AWS Fargate; null where something else does, such as packaging/cloudformation/ssm.yaml."
  type = object({
    expression         = optional(string, "rate(1 hour)")
    image              = string
    cluster_arn        = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
    workload           = optional(string, "ecs-fargate")
    cpu_architecture   = optional(string, "X86_64")
    log_days           = optional(number, 30)
  })
  default = null
}

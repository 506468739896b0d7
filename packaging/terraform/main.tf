# What vpcheck uses in an account: a role with what `vpcheck iam-policy` asks for, the queue of its canary, which takes
# messages through your SQS endpoint alone, and a bucket that keeps its evidence. schedule.tf runs it on AWS Fargate.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  canary_actions = {
    send = [
      "sqs:GetQueueAttributes",
      "sqs:SendMessage",
    ]
    round-trip = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
  }
}

# --- The role -------------------------------------------------------------------------------------------------------

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.${data.aws_partition.current.dns_suffix}", "ecs-tasks.amazonaws.com"]
    }
  }
}

# vpcheck iam-policy --queue-url … --canary … --deliver s3://BUCKET/PREFIX
data "aws_iam_policy_document" "vpcheck" {
  statement {
    sid = "ReadVpcConfiguration"
    actions = [
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeManagedPrefixLists",
      "ec2:DescribeNetworkAcls",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribePrefixLists",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpointServices",
      "ec2:DescribeVpcEndpoints",
      "ec2:DescribeVpcs",
      "ec2:GetManagedPrefixListEntries",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SendCanary"
    actions   = local.canary_actions[var.canary]
    resources = [aws_sqs_queue.canary.arn]
  }

  statement {
    sid       = "DeliverToS3"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.evidence.arn}/${var.prefix}/*"]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "EncryptInS3"
      actions   = ["kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.inventory_object[*]

    content {
      sid       = "FetchInventory"
      actions   = ["s3:GetObject"]
      resources = ["arn:${data.aws_partition.current.partition}:s3:::${statement.value}"]
    }
  }
}

resource "aws_iam_role" "vpcheck" {
  name_prefix        = "${var.name}-"
  description        = "What vpcheck reads, sends and delivers; for EC2 instances and ECS tasks."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "vpcheck" {
  name   = "vpcheck"
  role   = aws_iam_role.vpcheck.id
  policy = data.aws_iam_policy_document.vpcheck.json
}

resource "aws_iam_instance_profile" "vpcheck" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.vpcheck.name
}

# --- The canary's queue ---------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "canary" {
  name_prefix               = "${var.name}-canary-"
  message_retention_seconds = var.retention_seconds
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "AdmitRole"
    actions   = local.canary_actions[var.canary]
    resources = [aws_sqs_queue.canary.arn]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.vpcheck.arn]
    }
  }

  # Messages only: who manages the queue comes from elsewhere, and vpcheck reads this policy after a denial, whichever way
  # its request took.
  statement {
    sid    = "DenyAroundEndpoint"
    effect = "Deny"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:PurgeQueue",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = [aws_sqs_queue.canary.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpce"
      values   = [var.sqs_endpoint_id]
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.canary.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "canary" {
  queue_url = aws_sqs_queue.canary.url
  policy    = data.aws_iam_policy_document.queue.json
}

# --- The evidence's bucket ------------------------------------------------------------------------------------------

resource "aws_s3_bucket" "evidence" {
  bucket_prefix       = "${var.name}-evidence-"
  object_lock_enabled = var.lock_days > 0

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "evidence" {
  bucket                  = aws_s3_bucket.evidence.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  count  = var.lock_days > 0 ? 1 : 0
  bucket = aws_s3_bucket.evidence.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.evidence]
}

resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.keep_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.evidence]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.evidence.arn, "${aws_s3_bucket.evidence.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # vpcheck writes on condition that the object does not exist; nobody else gets to overwrite one either.
  statement {
    sid       = "DenyOverwriting"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.evidence.arn}/${var.prefix}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }

    condition {
      test     = "Bool"
      variable = "s3:ObjectCreationOperation"
      values   = ["true"]
    }
  }
}

resource "aws_s3_bucket_policy" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  policy = data.aws_iam_policy_document.bucket.json

  depends_on = [aws_s3_bucket_public_access_block.evidence]
}

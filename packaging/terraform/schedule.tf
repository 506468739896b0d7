# A task on AWS Fargate that Amazon EventBridge Scheduler runs, where var.schedule says so.

locals {
  scheduled = var.schedule == null ? 0 : 1
}

resource "aws_cloudwatch_log_group" "vpcheck" {
  count             = local.scheduled
  name_prefix       = "/${var.name}/"
  retention_in_days = var.schedule.log_days
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "execution" {
  count              = local.scheduled
  name_prefix        = "${var.name}-execution-"
  description        = "What Amazon ECS needs to start vpcheck."
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  count      = local.scheduled
  role       = aws_iam_role.execution[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_ecs_task_definition" "vpcheck" {
  count                    = local.scheduled
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = "512"
  execution_role_arn       = aws_iam_role.execution[0].arn
  task_role_arn            = aws_iam_role.vpcheck.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.schedule.cpu_architecture
  }

  # Settings travel in variables.
  container_definitions = jsonencode([
    {
      name      = "vpcheck"
      image     = var.schedule.image
      essential = true
      command   = ["check"]
      environment = concat([
        { name = "VPCHECK_WORKLOAD", value = var.schedule.workload },
        { name = "VPCHECK_COLOR", value = "never" },
        { name = "VPCHECK_QUEUE_URL", value = aws_sqs_queue.canary.url },
        { name = "VPCHECK_CANARY", value = var.canary },
        { name = "VPCHECK_DELIVER", value = "s3://${aws_s3_bucket.evidence.id}/${var.prefix}" },
        { name = "VPCHECK_SPOOL", value = "/tmp/spool" },
        # A task keeps nothing for the next.
        { name = "VPCHECK_INVENTORY_CACHE", value = "off" },
      ], [for object in var.inventory_object[*] : { name = "VPCHECK_INVENTORY", value = "s3://${object}" }])
      readonlyRootFilesystem = true
      user                   = "65534:65534"
      linuxParameters        = { capabilities = { drop = ["ALL"] } }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.vpcheck[0].name
          "awslogs-region"        = data.aws_region.current.id
          "awslogs-stream-prefix" = "vpcheck"
        }
      }
    },
  ])
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  count              = local.scheduled
  name_prefix        = "${var.name}-scheduler-"
  description        = "Runs the task of vpcheck, and no other."
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
}

data "aws_iam_policy_document" "scheduler" {
  count = local.scheduled

  statement {
    sid       = "RunTask"
    actions   = ["ecs:RunTask"]
    resources = [aws_ecs_task_definition.vpcheck[0].arn]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.schedule.cluster_arn]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution[0].arn, aws_iam_role.vpcheck.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  count  = local.scheduled
  name   = "run"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler[0].json
}

resource "aws_scheduler_schedule" "vpcheck" {
  count               = local.scheduled
  name_prefix         = "${var.name}-"
  schedule_expression = var.schedule.expression

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = var.schedule.cluster_arn
    role_arn = aws_iam_role.scheduler[0].arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.vpcheck[0].arn
      launch_type         = "FARGATE"

      network_configuration {
        assign_public_ip = false
        subnets          = var.schedule.subnet_ids
        security_groups  = var.schedule.security_group_ids
      }
    }

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 900
    }
  }
}

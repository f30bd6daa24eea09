"""The names that every component's tests use."""

from definitions.names import Names

NAMES = Names(project="fargate-batch", stack="dev", region="ap-northeast-1", account="123456789012")
KEY_ARN = "arn:aws:kms:ap-northeast-1:123456789012:key/0123"
LOG_DESTINATION = "arn:aws:logs:ap-northeast-1:123456789012:log-group:executions:*"

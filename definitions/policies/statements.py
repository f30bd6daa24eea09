"""What the documents are written with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Statement = dict[str, Any]

# Where AWS takes no resource (Service Authorization Reference): log deliveries, X-Ray, the ECR
# token and CloudWatch's reads exist once an account; the answer to a task names its token; tasks
# are listed by container instances, of which Fargate has none; a key's policy can only mean its
# own key; machines, schedules and Slack's channels are listed, and task definitions looked at, all
# or none.
EVERYTHING = "*"


def document(*statements: Statement) -> str:
    """Wrap statements in a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """Allow actions on resources, under a condition if there is one; ``sid`` says the need."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources if isinstance(resources, str) else list(resources),
    }
    return statement | ({"Condition": dict(condition)} if condition else {})


def acting_for(account: str, *source_arns: str) -> dict[str, Any]:
    """Condition against the confused deputy: the service acts for this account's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": source_arns[0] if len(source_arns) == 1 else source_arns},
    }


def only_tls(resources: Sequence[str], action: str) -> Statement:
    """Refuse whoever comes without TLS."""
    return {
        "Sid": "RefusePlainText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

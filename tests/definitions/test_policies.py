"""Every document, read as AWS reads it."""

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from definitions import grants
from definitions.names import Names
from definitions.notices import Channels
from definitions.policies import programs, resources, roles, trust

with warnings.catch_warnings():  # it leaves a file open and uses pkg_resources
    warnings.simplefilter("ignore")
    import parliament

NAMES = Names(project="fargate-batch", stack="prod", region="eu-west-1", account="123456789012")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0123"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/fargate-batch-prod/app"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fargate-batch-prod--sample-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/batch/token"


def task_policy(written: Mapping[str, Any], *, debug: bool = False, progress: bool = False) -> str:
    """What a program may do that was granted this in a stack file."""
    return programs.task_policy(
        NAMES,
        [grant for key, value in written.items() for grant in grants.parse(key, value)],
        secret_arns={"sample": SECRET},
        key_arn=KEY,
        debug=debug,
        progress=progress,
    )


CHANNELS = Channels(topics=("data-team",), webhooks={"pager": "pagerduty"})

IDENTITY = {
    "runner": roles.runner_policy(NAMES, tracing=True, distributed=False, progress=False),
    "runner of elements": roles.runner_policy(NAMES, tracing=True, distributed=True, progress=True),
    "progress": task_policy({}, progress=True),
    "flows": roles.flows_policy(NAMES, tracing=True),
    "worker": programs.worker_policy(NAMES, "sum-files"),
    "dispatcher": roles.dispatcher_policy(NAMES, tracing=True, rules=True, pipes=True),
    "skipped": roles.skipped_policy(tracing=True),
    "notifier": roles.notifier_policy(NAMES, key_arn=KEY, tracing=True),
    "notifier of channels": roles.notifier_policy(
        NAMES, key_arn=KEY, tracing=True, channels=CHANNELS, recovery=True
    ),
    "webhooks": roles.webhooks_policy(NAMES),
    "scheduler": roles.scheduler_policy(NAMES, watched=True),
    "watcher": roles.watcher_policy(NAMES, missing=True, tracing=True),
    "rule": roles.rule_policy(NAMES, "fargate-batch-prod-notifier"),
    "flow logs": roles.flow_logs_policy(NAMES, "/fargate-batch/prod/flow-logs"),
    "chatbot": roles.chatbot_policy(NAMES),
    "execution": programs.execution_policy(
        NAMES,
        log_group="/fargate-batch/prod/default",
        repository_arn=REPOSITORY,
        secret_arns=[SECRET],
        parameter_arns=[PARAMETER],
        key_arn=KEY,
    ),
    "pipes": roles.pipes_policy(NAMES),
    "task": task_policy(
        {
            "files": {"read": "in/", "write": ["out/", "tmp/"]},
            "archive": ["read", "write"],
            "queue:orders": ["send", "consume"],
            "topic:alerts": "publish",
            "table:state": ["read", "write"],
            "secret:sample": "read",
            "job:report": "start",
        }
    ),
    "debug": task_policy({}, debug=True),
}
TRUST = {
    "tasks": trust.tasks_trust(NAMES),
    "machine": trust.machine_trust(NAMES, "fargate-batch-prod--*"),
    "scheduler": trust.scheduler_trust(NAMES),
    "rule": trust.rule_trust(NAMES, "fargate-batch-prod-ended"),
    "pipes": trust.pipes_trust(NAMES),
    "flow logs": trust.flow_logs_trust(NAMES),
    "chatbot": trust.chatbot_trust(NAMES),
}
RESOURCE = {
    "key": resources.key_policy(NAMES),
    "chosen topic": resources.chosen_topic_policy(NAMES, "alerts"),
    "topic": resources.topic_policy(NAMES, NAMES.topic_arn("failure")),
    "dead letters": resources.dead_letter_queue_policy(NAMES, ["fargate-batch-prod-ended"]),
    "queue": resources.queue_policy(NAMES.queue_arn("orders")),
    "bucket": resources.bucket_policy("arn:aws:s3:::b"),
    "interface endpoint": resources.endpoint_policy(NAMES),
    "s3 endpoint": resources.s3_endpoint_policy(NAMES, programs=True),
}


def statements(document: str) -> Iterator[dict[str, Any]]:
    yield from json.loads(document)["Statement"]


def allowed(document: str, action: str) -> list[dict[str, Any]]:
    return [s for s in statements(document) if action in s["Action"]]


def ids(case: Any) -> str:
    return case if isinstance(case, str) and len(case) < 30 else ""


# parliament wants a policy to name every type of resource that an action can have; these machines
# have neither express executions nor distributed maps.
OTHER_TYPES = re.compile(r"arn:\*:states:\*:\*:(express|mapRun):")
# It names container instances, which Fargate has none of; the ECS guide's own example has a star
# and the cluster as condition ("Identity-based policy examples", list tasks).
OF_A_CLUSTER = ["ecs:ListTasks"]


@pytest.mark.parametrize(("who", "document"), IDENTITY.items(), ids=ids)
def test_parliament_finds_no_fault_in_what_roles_may_do(who: str, document: str) -> None:
    found = [
        (finding.issue, finding.detail)
        for finding in parliament.analyze_policy_string(document).findings
        if not (finding.issue == "RESOURCE_MISMATCH" and OTHER_TYPES.search(str(finding.detail)))
        and not (finding.issue == "RESOURCE_STAR" and finding.detail == OF_A_CLUSTER)
    ]
    assert found == [], who


# The Service Authorization Reference lists no resource type for these actions.
WITHOUT_RESOURCE = re.compile(
    r"logs:(\w*LogDeliver\w+|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)"
    r"|states:SendTask(Success|Failure|Heartbeat)|ecs:ListTasks"
    r"|xray:\w+|ssmmessages:\w+Channel|ecr:GetAuthorizationToken|cloudwatch:(GetMetricData|ListMetrics)"
)


@pytest.mark.parametrize(("who", "document"), IDENTITY.items(), ids=ids)
def test_a_star_stands_only_where_aws_takes_no_resource(who: str, document: str) -> None:
    for statement in statements(document):
        if statement["Resource"] == "*":
            strange = [a for a in statement["Action"] if not WITHOUT_RESOURCE.fullmatch(a)]
            assert strange == [], who
        for action in statement["Action"]:
            assert not action.endswith(":*"), f"{who} may do everything with a service"


@pytest.mark.parametrize(("who", "document"), TRUST.items(), ids=ids)
def test_every_service_acts_only_for_this_accounts_own_resource(who: str, document: str) -> None:
    (statement,) = statements(document)
    assert set(statement["Principal"]) == {"Service"}, who
    # Chatbot's own are only looked at if it sends them: nobody knows whether it does.
    if_exists = "IfExists" if who == "chatbot" else ""
    condition = statement["Condition"]
    assert condition[f"StringEquals{if_exists}"] == {"aws:SourceAccount": "123456789012"}
    sources = condition[f"ArnLike{if_exists}"]["aws:SourceArn"]
    for source in [sources] if isinstance(sources, str) else sources:
        assert ":123456789012:" in source


@pytest.mark.parametrize(("what", "document"), {**IDENTITY, **RESOURCE}.items(), ids=ids)
def test_every_statement_says_its_need(what: str, document: str) -> None:
    sids = [statement["Sid"] for statement in statements(document)]
    assert len(set(sids)) == len(sids), what
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids), "IAM takes nothing else"


def test_no_document_grows_with_the_number_of_jobs() -> None:
    """The limit is 10,240 characters for all inline policies of a role.

    What a program may do grows with its container's own grants, and with nothing else.
    """
    fixed = {who: document for who, document in IDENTITY.items() if who != "task"}
    assert max(len(document) for document in fixed.values()) < 2_500


def test_machines_run_tasks_of_this_stack_in_its_cluster_only() -> None:
    (run,) = allowed(IDENTITY["runner"], "ecs:RunTask")
    assert run["Resource"].endswith(":task-definition/fargate-batch-prod--*:*")
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": NAMES.cluster_arn}}


def test_machines_hand_out_only_container_roles_and_only_to_tasks() -> None:
    (give,) = allowed(IDENTITY["runner"], "iam:PassRole")
    assert give["Resource"] == [
        "arn:aws:iam::123456789012:role/fargate-batch-prod--*-task",
        "arn:aws:iam::123456789012:role/fargate-batch-prod--*-execution",
    ]
    assert give["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_machines_start_executions_only_for_the_elements_of_a_distributed_map() -> None:
    assert allowed(IDENTITY["runner"], "states:StartExecution") == []
    (start,) = allowed(IDENTITY["runner of elements"], "states:StartExecution")
    (watch,) = allowed(IDENTITY["runner of elements"], "states:StopExecution")
    assert start["Resource"].endswith(":stateMachine:fargate-batch-prod--*")
    assert watch["Resource"].endswith(":execution:fargate-batch-prod--*:*")


def test_tags_are_put_on_tasks_only_while_they_are_started() -> None:
    (tag,) = allowed(IDENTITY["runner"], "ecs:TagResource")
    assert tag["Condition"] == {"StringEquals": {"ecs:CreateAction": "RunTask"}}


def test_the_dispatcher_starts_jobs_and_neither_itself_nor_the_notifier() -> None:
    start, record = allowed(IDENTITY["dispatcher"], "states:StartExecution")
    assert record["Resource"] == NAMES.machine_arn("fargate-batch-prod-skipped")
    prefix = start["Resource"].removesuffix("*")
    assert NAMES.machine_arn(NAMES.chosen("any-job")).startswith(prefix)
    assert not NAMES.machine_arn(NAMES.of("dispatcher")).startswith(prefix)
    assert not NAMES.machine_arn(NAMES.of("notifier")).startswith(prefix)


def test_schedules_start_the_dispatcher_and_nothing_else() -> None:
    (start,) = allowed(roles.scheduler_policy(NAMES, watched=False), "states:StartExecution")
    assert start["Resource"] == NAMES.machine_arn("fargate-batch-prod-dispatcher")


def test_pipes_take_messages_of_this_stacks_queues_and_start_the_dispatcher() -> None:
    (take,) = allowed(roles.pipes_policy(NAMES), "sqs:ReceiveMessage")
    assert take["Resource"] == NAMES.queue_arn("*")
    assert not NAMES.dead_letter_queue_arn.startswith(NAMES.queue_arn(""))
    (start,) = allowed(roles.pipes_policy(NAMES), "states:StartExecution")
    assert start["Resource"].endswith(":stateMachine:fargate-batch-prod-dispatcher")


def test_fargate_reads_the_containers_own_image_log_and_secrets() -> None:
    document = IDENTITY["execution"]
    assert [s["Resource"] for s in allowed(document, "ecr:BatchGetImage")] == [REPOSITORY]
    assert [s["Resource"] for s in allowed(document, "logs:PutLogEvents")] == [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/fargate-batch/prod/default:log-stream:*"
    ]
    assert [s["Resource"] for s in allowed(document, "secretsmanager:GetSecretValue")] == [[SECRET]]


def test_a_container_without_secrets_and_with_a_public_image_may_only_log() -> None:
    document = programs.execution_policy(
        NAMES, log_group="/g", repository_arn=None, secret_arns=[], parameter_arns=[], key_arn=KEY
    )
    assert [s["Sid"] for s in statements(document)] == ["WriteLogs"]


def test_fargate_reads_exactly_the_parameters_and_decrypts_them_through_systems_manager() -> None:
    (read,) = allowed(IDENTITY["execution"], "ssm:GetParameters")
    assert read["Resource"] == [PARAMETER]
    services = [
        statement["Condition"]["StringEquals"]["kms:ViaService"]
        for statement in allowed(IDENTITY["execution"], "kms:Decrypt")
    ]
    assert services == ["secretsmanager.eu-west-1.amazonaws.com", "ssm.eu-west-1.amazonaws.com"]


def test_each_verb_is_its_own_actions_on_its_own_things() -> None:
    granted = {
        action: statement["Resource"]
        for statement in statements(IDENTITY["task"])
        for action in statement["Action"]
        if not action.startswith(("kms:", "s3:"))
    }
    orders = ["arn:aws:sqs:eu-west-1:123456789012:fargate-batch-prod--orders"]
    state = ["arn:aws:dynamodb:eu-west-1:123456789012:table/fargate-batch-prod--state"]
    assert granted == {
        "sqs:SendMessage": orders,
        **dict.fromkeys(
            ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"), orders
        ),
        "sns:Publish": ["arn:aws:sns:eu-west-1:123456789012:fargate-batch-prod--alerts"],
        **{
            f"dynamodb:{action}": state
            for action in (
                *("GetItem", "BatchGetItem", "Query", "Scan"),
                *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
            )
        },
        "secretsmanager:GetSecretValue": [SECRET],
        "states:StartExecution": [NAMES.machine_arn("fargate-batch-prod--report")],
    }


def test_reading_a_bucket_is_not_writing_it() -> None:
    read = [a for s in statements(task_policy({"files": "read"})) for a in s["Action"]]
    assert read == ["s3:ListBucket", "s3:GetObject"]
    assert "s3:GetObject" not in task_policy({"files": "write"})
    listed = [a for s in statements(task_policy({"files": "list"})) for a in s["Action"]]
    assert listed == ["s3:ListBucket"]


def test_grants_name_the_bucket_that_is_made() -> None:
    assert {tuple(s["Resource"]) for s in statements(task_policy({"files": "read"}))} == {
        (f"arn:aws:s3:::{NAMES.bucket('files')}",),
        (f"arn:aws:s3:::{NAMES.bucket('files')}/*",),
    }


def test_a_prefix_bounds_what_is_read_what_is_written_and_what_is_listed() -> None:
    document, files = IDENTITY["task"], NAMES.bucket_arn("files")
    whole, bounded = allowed(document, "s3:ListBucket")
    assert whole["Resource"] == [NAMES.bucket_arn("archive")]
    assert "Condition" not in whole
    assert bounded["Resource"] == files
    assert bounded["Condition"] == {"StringLike": {"s3:prefix": ["in/*"]}}
    (read,) = allowed(document, "s3:GetObject")
    assert f"{files}/in/*" in read["Resource"]
    (write,) = allowed(document, "s3:PutObject")
    assert {f"{files}/out/*", f"{files}/tmp/*"} < set(write["Resource"])
    assert f"{files}/in/*" not in write["Resource"]


def test_the_stacks_key_serves_a_program_through_the_service_that_it_was_granted() -> None:
    by_service = {
        statement["Condition"]["StringEquals"]["kms:ViaService"]: statement["Action"]
        for statement in allowed(IDENTITY["task"], "kms:Decrypt")
    }
    assert by_service == {
        "sns.eu-west-1.amazonaws.com": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "secretsmanager.eu-west-1.amazonaws.com": ["kms:Decrypt"],
    }
    assert "kms:" not in task_policy({"files": "read", "table:state": "write"})


@pytest.mark.parametrize("what", ["topic", "chosen topic", "queue", "dead letters", "bucket"])
def test_nobody_speaks_to_it_without_tls(what: str) -> None:
    (deny,) = [s for s in statements(RESOURCE[what]) if s["Effect"] == "Deny"]
    assert deny["Principal"] == "*"
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("what", ["key", "topic", "dead letters"])
def test_services_are_admitted_for_this_stacks_resources_only(what: str) -> None:
    for statement in statements(RESOURCE[what]):
        if isinstance(statement["Principal"], dict) and "Service" in statement["Principal"]:
            assert "fargate-batch" in json.dumps(statement["Condition"]["ArnLike"])


def test_endpoints_admit_this_accounts_principals_only() -> None:
    (statement,) = statements(RESOURCE["interface endpoint"])
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}


def test_the_s3_endpoint_also_lets_image_layers_through() -> None:
    account, layers = statements(RESOURCE["s3 endpoint"])
    assert account["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    assert layers["Resource"] == "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
    assert layers["Action"] == "s3:GetObject"
    assert list(statements(resources.s3_endpoint_policy(NAMES, programs=False))) == [layers]

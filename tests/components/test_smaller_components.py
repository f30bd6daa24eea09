"""The components that are a handful of resources each."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pytest

from components.batch_cluster import BatchCluster, BatchClusterArgs
from components.event_roles import EventRoles, EventRolesArgs
from components.job_dispatcher import JobDispatcher, JobDispatcherArgs
from components.job_image import JobImage, JobImageArgs
from components.job_queue import JobQueue, JobQueueArgs
from components.job_secret import JobSecret, JobSecretArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.private_table import PrivateTable, PrivateTableArgs
from components.private_topic import PrivateTopic, PrivateTopicArgs
from components.stack_key import StackKey, StackKeyArgs
from definitions.build_context import context_tag
from tests.components.naming import KEY_ARN, LOG_DESTINATION, NAMES
from tests.deploying import ROOT, SECRET, Deployment, deploy


def cluster(**changed: Any) -> Deployment:
    given: dict[str, Any] = {
        "names": NAMES,
        "log_retention_days": 30,
        "key_arn": KEY_ARN,
        "container_insights": False,
        "tracing": False,
        "distributed": False,
        "progress": False,
        "spot": False,
    }
    return deploy(lambda: BatchCluster("batch", BatchClusterArgs(**(given | changed))))


def bucket(**changed: Any) -> Deployment:
    given: dict[str, Any] = {
        "names": NAMES,
        "bucket": "files",
        "versioned": True,
        "expire_after_days": 365,
    }
    return deploy(lambda: PrivateBucket("b", PrivateBucketArgs(**(given | changed))))


def test_container_insights_cost_extra_and_are_off_unless_asked_for() -> None:
    def setting(made: Deployment) -> Any:
        (only,) = made.one(aws.ecs.Cluster).inputs["settings"]
        return only

    assert setting(cluster()) == {"name": "containerInsights", "value": "disabled"}
    assert setting(cluster(container_insights=True))["value"] == "enabled"


def test_only_a_cluster_with_jobs_on_spot_prefers_it() -> None:
    assert not cluster().all(aws.ecs.ClusterCapacityProviders)
    capacity = cluster(spot=True).one(aws.ecs.ClusterCapacityProviders).inputs
    assert capacity["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity["defaultCapacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 1}
    ]


def test_executions_are_logged_to_a_vended_group() -> None:
    group = cluster().one(aws.cloudwatch.LogGroup).inputs
    assert group["name"] == "/aws/vendedlogs/states/fargate-batch-dev"
    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, KEY_ARN)


def test_machines_may_trace_start_elements_and_find_tasks_only_if_they_do() -> None:
    def policy(made: Deployment) -> str:
        return made.one(aws.iam.RolePolicy).inputs["policy"]

    assert "xray:" not in policy(cluster())
    assert "xray:" in policy(cluster(tracing=True))
    assert "StartElements" not in policy(cluster())
    assert "StartElements" in policy(cluster(distributed=True))
    assert "FindTasks" not in policy(cluster(distributed=True))
    assert "FindTasks" in policy(cluster(progress=True))


def test_a_bucket_is_closed_encrypted_and_over_tls_only() -> None:
    made = bucket()
    access = made.one(aws.s3.BucketPublicAccessBlock).inputs
    assert [access[key] for key in access if key != "bucket"] == [True] * 4
    ownership = made.one(aws.s3.BucketOwnershipControls).inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert made.all(aws.s3.BucketServerSideEncryptionConfiguration)
    assert "aws:SecureTransport" in made.one(aws.s3.BucketPolicy).inputs["policy"]


def test_files_and_their_versions_expire_and_broken_uploads_go() -> None:
    def rules(made: Deployment) -> dict[str, Any]:
        return {r["id"]: r for r in made.one(aws.s3.BucketLifecycleConfiguration).inputs["rules"]}

    made = rules(bucket())
    assert made["expire"]["expiration"] == {"days": 365}
    assert made["expire"]["noncurrentVersionExpiration"] == {"noncurrentDays": 365}
    assert made["abort-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert set(rules(bucket(expire_after_days=None))) == {"abort-uploads"}


def test_event_bridge_hears_of_a_bucket_only_if_somebody_listens() -> None:
    heard = bucket(tells_events=True).one(aws.s3.BucketNotification).inputs
    assert heard == {"bucket": "fargate-batch-dev--files-123456789012", "eventbridge": True}
    assert bucket().all(aws.s3.BucketNotification) == []


def test_a_queue_is_encrypted_over_tls_only_and_its_failures_are_dead_letters() -> None:
    args = JobQueueArgs(
        names=NAMES,
        queue="orders",
        visibility_timeout_seconds=60,
        retention_days=2,
        dead_letter_queue_arn="arn:dead",
    )
    made = deploy(lambda: JobQueue("queue", args))
    queue = made.one(aws.sqs.Queue).inputs
    assert queue["name"] == "fargate-batch-dev--orders"
    assert queue["sqsManagedSseEnabled"] is True
    assert (queue["visibilityTimeoutSeconds"], queue["messageRetentionSeconds"]) == (60, 172_800)
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": "arn:dead",
        "maxReceiveCount": 5,
    }
    (statement,) = json.loads(made.one(aws.sqs.QueuePolicy).inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Sid"]) == ("Deny", "RefusePlainText")


@pytest.mark.parametrize(
    ("rules", "pipes", "roles"),
    [
        (True, False, ["fargate-batch-dev-triggers"]),
        (False, True, ["fargate-batch-dev-pipes"]),
        (True, True, ["fargate-batch-dev-triggers", "fargate-batch-dev-pipes"]),
    ],
)
def test_events_have_the_roles_that_they_need(rules: bool, pipes: bool, roles: list[str]) -> None:
    args = EventRolesArgs(names=NAMES, rules=rules, pipes=pipes)
    made = deploy(lambda: EventRoles("events", args))
    assert [role.inputs["name"] for role in made.all(aws.iam.Role)] == roles


def test_the_dispatcher_reads_events_only_where_there_are_some() -> None:
    def begins(**given: Any) -> str:
        machine = dispatcher(**given).one(aws.sfn.StateMachine, "d-machine").inputs
        return json.loads(machine["definition"])["StartAt"]

    assert begins() == "Overlap?"
    assert begins(messages={}) == "Read event"


def test_versions_are_kept_if_asked() -> None:
    def status(made: Deployment) -> str:
        return made.one(aws.s3.BucketVersioning).inputs["versioningConfiguration"]["status"]

    assert (status(bucket()), status(bucket(versioned=False))) == ("Enabled", "Suspended")


def test_a_secret_never_stands_in_clear_in_the_state() -> None:
    made = deploy(
        lambda: JobSecret(
            "s",
            JobSecretArgs(
                names=NAMES,
                secret="sample",
                values={"B": "two", "A": pulumi.Output.from_input("one")},
                key_arn=KEY_ARN,
            ),
        )
    )
    version = made.one(aws.secretsmanager.SecretVersion)
    assert json.loads(version.inputs["secretString"]) == {"A": "one", "B": "two"}
    assert SECRET in version.request.object["secretString"], "it must travel as a secret"
    secret = made.one(aws.secretsmanager.Secret).inputs
    assert (secret["name"], secret["kmsKeyId"]) == ("fargate-batch-dev--sample", KEY_ARN)


def test_the_key_turns_and_has_a_name() -> None:
    made = deploy(lambda: StackKey("k", StackKeyArgs(names=NAMES)))
    assert made.one(aws.kms.Key).inputs["enableKeyRotation"] is True
    assert made.one(aws.kms.Alias).inputs["name"] == "alias/fargate-batch-dev"


def image(platform: str = "linux/arm64") -> Deployment:
    args = JobImageArgs(
        repository="fargate-batch-dev/app", build="app", platform=platform, key_arn=KEY_ARN
    )
    return deploy(lambda: JobImage("i", args))


def test_a_repository_never_changes_an_image_and_looks_into_each() -> None:
    repository = image().one(aws.ecr.Repository).inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY_ARN}]


def test_an_image_is_tagged_by_its_content_because_tags_are_immutable() -> None:
    tag = image().one(awsx.ecr.Image).inputs["imageTag"]
    assert tag == context_tag(Path(ROOT / "app"), platform="linux/arm64")
    assert tag != image("linux/amd64").one(awsx.ecr.Image).inputs["imageTag"]


def test_the_last_image_outlives_the_deploy_that_replaces_it() -> None:
    assert image().one(awsx.ecr.Image).request.retainOnDelete is True


def test_a_directory_without_dockerfile_is_refused_before_anything_is_registered() -> None:
    with pytest.raises(ValueError, match="build: tests has no Dockerfile"):
        JobImageArgs(repository="r", build="tests", platform="linux/arm64", key_arn=KEY_ARN)


def dispatcher(**changed: Any) -> Deployment:
    return deploy(
        lambda: JobDispatcher(
            "d",
            JobDispatcherArgs(
                names=NAMES,
                task_definition_arns={"default": "arn:task-definition:7"},
                execution_log_destination=LOG_DESTINATION,
                alarm_topic_arn="arn:failure",
                tracing=True,
                **changed,
            ),
        )
    )


def test_the_dispatcher_knows_each_containers_revision() -> None:
    machines = {m.name: m.inputs for m in dispatcher().all(aws.sfn.StateMachine)}
    assert machines["d-skipped"]["name"] == "fargate-batch-dev-skipped"
    machine = machines["d-machine"]
    assert machine["name"] == "fargate-batch-dev-dispatcher"
    start = json.loads(machine["definition"])["States"]["Start"]["Arguments"]
    assert "arn:task-definition:7" in start["Input"]


def test_triggers_that_come_to_nothing_call_somebody() -> None:
    alarms = {a.name: a.inputs for a in dispatcher().all(aws.cloudwatch.MetricAlarm)}
    assert [
        query.get("metric", {}).get("metricName") for query in alarms["d-failed"]["metricQueries"]
    ] == [
        None,
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    ]
    assert alarms["d-lost"]["metricName"] == "InvocationsFailedToBeSentToDeadLetterCount"
    assert alarms["d-dropped"]["metricName"] == "InvocationDroppedCount"
    assert alarms["d-dropped"]["dimensions"] == {"ScheduleGroup": "fargate-batch-dev"}
    assert all(alarm["alarmActions"] == ["arn:failure"] for alarm in alarms.values())


def table(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "names": NAMES,
        "table": "state",
        "partition_key": "customer",
        "sort_key": "day",
        "expire_attribute": "expiresAt",
    }
    made = deploy(lambda: PrivateTable("t", PrivateTableArgs(**(given | changed))))
    return made.one(aws.dynamodb.Table).inputs


def test_a_table_has_the_keys_that_were_asked_for_and_a_way_back() -> None:
    made = table()
    assert (made["name"], made["billingMode"]) == ("fargate-batch-dev--state", "PAY_PER_REQUEST")
    assert (made["hashKey"], made["rangeKey"]) == ("customer", "day")
    assert made["attributes"] == [
        {"name": "customer", "type": "S"},
        {"name": "day", "type": "S"},
    ]
    assert made["ttl"] == {"attributeName": "expiresAt", "enabled": True}
    assert made["pointInTimeRecovery"] == {"enabled": True}


def test_a_table_may_do_with_one_key_and_keep_what_is_in_it() -> None:
    made = table(sort_key=None, expire_attribute=None)
    assert not {"rangeKey", "ttl"} & set(made)
    assert made["attributes"] == [{"name": "customer", "type": "S"}]


def test_a_topic_is_encrypted_by_the_stacks_key_and_hears_nobody_in_plain_text() -> None:
    args = PrivateTopicArgs(names=NAMES, topic="alerts", key_arn=KEY_ARN)
    made = deploy(lambda: PrivateTopic("t", args))
    topic = made.one(aws.sns.Topic).inputs
    assert (topic["name"], topic["kmsMasterKeyId"]) == ("fargate-batch-dev--alerts", KEY_ARN)
    policy = made.one(aws.sns.TopicPolicy).inputs
    (deny,) = json.loads(policy["policy"])["Statement"]
    assert deny["Effect"] == "Deny"
    assert deny["Resource"] == [NAMES.chosen_topic_arn("alerts")]

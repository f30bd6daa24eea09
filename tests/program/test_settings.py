import json
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pulumi.runtime.config import CONFIG, set_all_config
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from definitions import names
from definitions.grants import Grant
from definitions.timetable import Planned, Timetable
from stacks import mistakes
from stacks import settings as package
from stacks.program import load_settings
from stacks.reading import SettingsError
from stacks.settings import SECTIONS, Settings
from stacks.settings.containers import ContainerSettings
from stacks.settings.grants import Reference
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import timetable_of
from stacks.settings.storage import (
    BucketReference,
    ParameterReference,
    SecretReference,
    SecretSettings,
)
from tests.program.reading import read_settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PUBLIC = {"mode": "public"}
EXISTING = {
    "mode": "existing",
    "subnetIds": ["subnet-01234567"],
    "securityGroupIds": ["sg-01234567"],
}
COMMAND = {"command": ["python", "-m", "list_files"]}
DAILY = {"schedule": "cron(0 3 * * ? *)"}
ECR = "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/batch:1.4.2"
SECRET_ARN = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:db-AbCdEf"
MASKED = "hunter2"
KEYS = ", ".join(sorted(to_camel(section) for section in SECTIONS))


def granting(grants: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"containers": {"default": {"build": "app", "grants": grants}}, **sections}


def with_environment(value: Any) -> dict[str, Any]:
    return {"containers": {"default": {"build": "app", "environment": {"A": value}}}}


def with_secret(source: str) -> dict[str, Any]:
    return {"containers": {"default": {"build": "app", "secrets": {"A": source}}}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program's directory with the sample's build directory, and one without a Dockerfile."""
    root = tmp_path_factory.mktemp("program")
    (root / "app").mkdir()
    (root / "app" / "Dockerfile").touch()
    (root / "empty").mkdir()
    return root


def read(
    directory: Path,
    sections: Mapping[str, object],
    *,
    project: str = "fargate-batch",
    stack: str = "dev",
    other: Mapping[str, str] | None = None,
) -> Settings:
    """Read a stack file: a scalar reaches the program as text, the rest as JSON text."""
    config = {"aws:region": "ap-northeast-1"} if other is None else dict(other)
    for key, value in {"network": PUBLIC, **sections}.items():
        config[f"{project}:{key}"] = value if isinstance(value, str) else json.dumps(value)
    return read_settings(config, project=project, stack=stack, directory=directory, now=NOW)


def lines(directory: Path, sections: Mapping[str, object], **kwargs: Any) -> tuple[str, ...]:
    """The lines that a stack file is refused with, without the file's name."""
    with pytest.raises(SettingsError) as refusal:
        read(directory, sections, **kwargs)
    file = f"Pulumi.{kwargs.get('stack', 'dev')}.yaml: "
    assert all(line.startswith(file) for line in refusal.value.lines)
    return tuple(line.removeprefix(file) for line in refusal.value.lines)


def job(**keys: object) -> dict[str, object]:
    """A stack file's section with one job, nightly."""
    return {"jobs": {"nightly": {**COMMAND, **keys}}}


def webhook(entry: object) -> dict[str, object]:
    """A stack file's section with one channel, pager, that is a webhook."""
    return {"notify": {"channels": {"pager": {"webhook": entry}}}}


# -- what a correct file becomes


def test_a_job_says_in_a_word_or_a_map_whom_to_tell(directory: Path) -> None:
    def said(notify: object) -> object:
        sections = job(notify=notify) | webhook("https://example.com")
        return read(directory, sections).jobs["nightly"].notify.in_trigger()

    assert said("success") == "success"
    assert said({"on": "all"}) == "all"
    assert said({"channels": ["pager"], "onRecovery": True}) == {
        "on": "failure",
        "channels": ["pager"],
        "onRecovery": True,
    }


def test_a_webhook_may_be_its_address_alone(directory: Path) -> None:
    channel = read(directory, webhook("https://example.com/a?b=c")).notify.channels["pager"]
    assert channel.webhook is not None
    assert channel.webhook.url.get_secret_value() == "https://example.com/a?b=c"
    assert channel.webhook.format == "generic"


def test_everything_but_the_network_mode_and_a_command_has_a_default(directory: Path) -> None:
    settings = read(directory, {"jobs": {"nightly": COMMAND}})
    assert settings.region == "ap-northeast-1"
    assert settings.profile is None
    assert settings.network.cidr == "10.40.0.0/16"
    assert settings.network.availability_zones == 2
    assert settings.containers == {"default": ContainerSettings(build="app")}
    assert settings.containers["default"].architecture == "arm64"
    assert settings.log_retention_days == 365
    assert not settings.tracing
    assert not settings.container_insights
    nightly = settings.jobs["nightly"]
    assert nightly == JobSettings(command=("python", "-m", "list_files"))
    assert (nightly.timeout_seconds, nightly.start_deadline_seconds) == (3_600, 3_600)
    assert (nightly.overlap, nightly.notify.on, nightly.enabled) == ("forbid", "failure", True)
    assert nightly.retries.start == (30, 60, 120, 240, 480)
    assert nightly.retries.app == ()
    assert settings.warnings == ()


def test_a_whole_stack_file_is_read(directory: Path) -> None:
    settings = read(
        directory,
        {
            "network": {"mode": "endpoints", "cidr": "10.1.0.0/20", "availabilityZones": 1},
            "containers": {
                "default": {
                    "build": "app",
                    "cpuUnits": 512,
                    "memoryMib": 1_024,
                    "environment": {"LOG_LEVEL": "info"},
                    "secrets": {"BUCKET": "sample:S3_BUCKET_NAME", "WHOLE": "sample"},
                    "grants": {"files": "read", "results": ["read", "write"]},
                },
                "big": {"image": ECR, "architecture": "x86_64"},
            },
            "notify": {
                "slack": {
                    "workspaceId": "T0123ABCD",
                    "successChannelId": "C0AAAAAAA",
                    "failureChannelId": "G0BBBBBBB",
                },
                "emails": ["batch-oncall@example.com"],
            },
            "buckets": {"files": {"expireAfterDays": 365}, "results": {"versioned": True}},
            "secrets": {
                "sample": {"values": {"S3_BUCKET_NAME": {"bucket": "files"}, "TOKEN": MASKED}},
                "database": {"arn": SECRET_ARN},
            },
            "jobs": {
                "list-files": {
                    **COMMAND,
                    "schedule": "cron(30 * * * ? *)",
                    "timezone": "Asia/Tokyo",
                    "container": "big",
                    "environment": {"PREFIX": "daily/"},
                    "cpuUnits": 1_024,
                    "memoryMib": 2_048,
                    "timeout": "15m",
                    "retries": {"app": [60, "2m"], "exitCodes": [75]},
                    "overlap": "replace",
                    "startDeadline": "24h",
                    "notify": "all",
                    "enabled": False,
                    "tags": {"team": "data"},
                }
            },
            "tags": {"cost-center": "4711"},
            "logRetentionDays": 90,
            "tracing": True,
            "containerInsights": True,
        },
        other={"aws:region": "ap-northeast-1", "aws:profile": "batch", "aws:defaultTags": "{}"},
    )
    assert settings.profile == "batch"
    assert settings.network.availability_zones == 1
    default = settings.containers["default"]
    assert default.secrets == {
        "BUCKET": SecretReference(secret="sample", key="S3_BUCKET_NAME"),
        "WHOLE": SecretReference(secret="sample", key=None),
    }
    assert default.grants == {
        "files": (Grant(kind="bucket", name="files", verb="read"),),
        "results": (
            Grant(kind="bucket", name="results", verb="read"),
            Grant(kind="bucket", name="results", verb="write"),
        ),
    }
    assert settings.containers["big"].architecture == "x86_64"
    assert settings.notify.slack is not None
    assert settings.notify.slack.failure_channel_id == "G0BBBBBBB"
    assert settings.notify.emails == ("batch-oncall@example.com",)
    assert settings.buckets["files"].expire_after_days == 365
    assert settings.buckets["results"].versioned
    assert settings.secrets["sample"].values == {
        "S3_BUCKET_NAME": BucketReference(bucket="files"),
        "TOKEN": SecretStr(MASKED),
    }
    listing = settings.jobs["list-files"]
    assert (listing.cpu_units, listing.memory_mib) == (1_024, 2_048)
    assert listing.timeout_seconds == 900
    assert listing.start_deadline_seconds == 86_400
    assert listing.retries.app == (60, 120)
    assert listing.retries.exit_codes == (75,)
    assert (settings.log_retention_days, settings.tracing) == (90, True)
    assert settings.container_insights


def test_a_size_may_come_half_from_the_job_and_half_from_the_container(directory: Path) -> None:
    settings = read(
        directory,
        {
            "containers": {"default": {"build": "app", "cpuUnits": 512, "memoryMib": 2_048}},
            "jobs": {"more": {**COMMAND, "memoryMib": 4_096}, "less": {**COMMAND, "cpuUnits": 256}},
        },
    )
    assert settings.jobs["more"].cpu_units is None
    assert settings.jobs["less"].memory_mib is None


def test_a_public_image_will_do_where_there_is_a_way_to_the_internet(directory: Path) -> None:
    image = "public.ecr.aws/docker/library/alpine@sha256:" + "0" * 64
    settings = read(directory, {"containers": {"default": {"image": image}}})
    assert settings.containers["default"].image == image


def test_settings_cannot_be_changed(directory: Path) -> None:
    settings = read(directory, {})
    with pytest.raises(ValidationError):
        settings.network.cidr = "10.0.0.0/16"


def test_keys_of_other_projects_and_of_aws_are_passed_over(directory: Path) -> None:
    other = {"aws:region": "eu-central-1", "aws:defaultTags": "{}", "website:jobs": "x"}
    assert read(directory, {}, other=other).region == "eu-central-1"


# -- what is refused: the whole line, by the section that is wrong

CRON_FORM = "cron(minute hour day-of-month month day-of-week year)"
WHERE_A_CHANNEL_ID_IS = "open the channel's details in Slack and copy the channel ID at the bottom"


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        # unknown keys, at every level
        ({"netwrok": {}}, "netwrok: is not a key here: write network"),
        (
            {"colour": "red"},
            f"colour: is not a key here: known: {KEYS}",
        ),
        (
            {"region": "x"},
            f"region: is not a key here: known: {KEYS}",
        ),
        (
            {"log_retention_days": 90},
            "log_retention_days: is not a key here: write logRetentionDays",
        ),
        (
            {"network": {"mode": "public", "zones": 2}},
            "network.zones: is not a key here: write availabilityZones",
        ),
        (
            {"containers": {"default": {"build": "app", "cpu_units": 256}}},
            "containers.default.cpu_units: is not a key here: write cpuUnits",
        ),
        ({"notify": {"email": []}}, "notify.email: is not a key here: write emails"),
        (
            {
                "notify": {
                    "slack": {
                        "workspaceId": "T0123ABCD",
                        "successChannelId": "C0A1",
                        "failureChannelId": "C0B2",
                        "channelId": "C0C3",
                    }
                }
            },
            "notify.slack.channelId: is not a key here: write successChannelId",
        ),
        (
            {"buckets": {"files": {"expireDays": 3}}},
            "buckets.files.expireDays: is not a key here: write expireAfterDays",
        ),
        (
            {"secrets": {"sample": {"values": {}, "value": {}}}},
            "secrets.sample.value: is not a key here: write values",
        ),
        (job(shedule="rate(1 day)"), "jobs.nightly.shedule: is not a key here: write schedule"),
        (job(timeout_seconds=9), "jobs.nightly.timeout_seconds: is not a key here: write timeout"),
        (
            job(retries={"exit_codes": [1]}),
            "jobs.nightly.retries.exit_codes: is not a key here: write exitCodes",
        ),
        # network
        ({"network": {}}, "network.mode: missing: write mode: endpoints or mode: public"),
        (
            {"network": {"mode": "public", "natGateways": "onePerZone"}},
            "network.natGateways: says nothing in mode public: remove it, or write mode: nat",
        ),
        (
            {"network": {"mode": "nat", "subnetIds": ["subnet-01234567"]}},
            "network.subnetIds: says nothing in mode nat: remove it, or write mode: existing",
        ),
        (
            {"network": {**EXISTING, "cidr": "10.50.0.0/16"}},
            "network.cidr: says nothing in mode existing: remove it, or write mode: endpoints",
        ),
        (
            {"network": {"mode": "existing", "securityGroupIds": ["sg-01234567"]}},
            "network: has no subnetIds: write subnetIds: [subnet-0123456789abcdef0]",
        ),
        (
            {"network": {"mode": "existing", "subnetIds": ["subnet-01234567"]}},
            "network: has no securityGroupIds: write securityGroupIds: [sg-0123456789abcdef0]",
        ),
        (
            {"network": {**EXISTING, "subnetIds": ["sg-01234567"]}},
            'network.subnetIds[0]: "sg-01234567" is not an id: write one like '
            "subnet-0123456789abcdef0",
        ),
        (
            {"network": {**EXISTING, "vpcId": "main"}},
            'network.vpcId: "main" is not an id: write one like vpc-0123456789abcdef0',
        ),
        (
            {"network": {**EXISTING, "securityGroupIds": ["sg-01234567"] * 6}},
            "network.securityGroupIds: […] has 6 entries: write at most 5",
        ),
        (
            {"network": {"mode": "private"}},
            'network.mode: "private" is not one of the choices: write endpoints, nat, public or '
            "existing",
        ),
        (
            {"network": {"mode": "public", "cidr": "10.40.1.0/16"}},
            'network.cidr: "10.40.1.0/16" is not a network address: write 10.40.0.0/16',
        ),
        (
            {"network": {"mode": "public", "cidr": "10.40.0.0/28"}},
            'network.cidr: "10.40.0.0/28" is too small for four zones: write a /24 or larger, '
            "such as 10.40.0.0/24",
        ),
        (
            {"network": {"mode": "public", "availabilityZones": 5}},
            "network.availabilityZones: 5 is too large: write at most 4",
        ),
        (
            {"network": {"mode": "public", "availabilityZones": 0}},
            "network.availabilityZones: 0 is too small: write at least 1",
        ),
        # containers
        (
            {"buckets": {"files": {}}, "containers": {"default": {"grants": {"files": "read"}}}},
            "containers.default: has neither build nor image: write build: app",
        ),
        (
            {"containers": {"default": {"build": "app", "image": "alpine"}}},
            "containers.default: has both build and image: keep one",
        ),
        (
            {"containers": {"default": {"build": "ap"}}},
            'containers.default.build: "ap" is not a directory beside Pulumi.yaml: create it',
        ),
        (
            {"containers": {"default": {"build": "empty"}}},
            'containers.default.build: "empty" holds no Dockerfile: add empty/Dockerfile',
        ),
        (
            {"containers": {"default": {"build": "/app"}}},
            'containers.default.build: "/app" is not a relative path: write one from Pulumi.yaml',
        ),
        (
            {"containers": {"default": {"image": "Alpine latest"}}},
            'containers.default.image: "Alpine latest" is not an image: write '
            "registry/repository:tag",
        ),
        (
            {
                "network": {"mode": "endpoints"},
                "containers": {"default": {"image": "public.ecr.aws/nginx/nginx:1"}},
            },
            'containers.default.image: "public.ecr.aws/nginx/nginx:1" cannot be pulled in network '
            "mode endpoints: push it to ECR: write "
            "<account>.dkr.ecr.ap-northeast-1.amazonaws.com/<repository>:<tag>",
        ),
        (
            {
                "network": {"mode": "endpoints"},
                "containers": {"default": {"image": ECR.replace("ap-northeast-1", "us-east-1")}},
            },
            'containers.default.image: "111122223333.dkr.ecr.us-east-1.amazonaws.com/batch:1.4.2" '
            "cannot be pulled in network mode endpoints: push it to ECR: write "
            "<account>.dkr.ecr.ap-northeast-1.amazonaws.com/<repository>:<tag>",
        ),
        (
            {"containers": {"default": {"build": "app", "cpuUnits": 300}}},
            "containers.default.cpuUnits: Fargate has no size of 300 CPU units: write one of 256, "
            "512, 1024, 2048, 4096, 8192 or 16384",
        ),
        (
            {"containers": {"default": {"build": "app", "memoryMib": 8_192}}},
            "containers.default: Fargate has no size of 256 CPU units with 8192 MiB: write "
            "memoryMib 512, 1024 or 2048, or cpuUnits 1024, 2048 or 4096",
        ),
        (
            {"containers": {"default": {"build": "app", "cpuUnits": 1_024}}},
            "containers.default: Fargate has no size of 1024 CPU units with 512 MiB: write "
            "memoryMib 2048, 3072, 4096, 5120, 6144, 7168 or 8192, or cpuUnits 256",
        ),
        (
            {"containers": {"default": {"build": "app", "cpuUnits": "512"}}},
            'containers.default.cpuUnits: "512" is text: write 512 without quotes',
        ),
        (
            {"containers": {"default": {"build": "app", "memoryMib": "1 GB"}}},
            'containers.default.memoryMib: "1 GB" is not a whole number: write one without quotes '
            "or unit",
        ),
        (
            {"containers": {"default": {"build": "app", "architecture": "amd64"}}},
            'containers.default.architecture: "amd64" is not one of the choices: write arm64 or '
            "x86_64",
        ),
        (
            {"containers": {"default": {"build": "app", "grants": {"files": "read"}}}},
            "containers.default.grants.files: is not a bucket of this file: there is none, add it "
            "first",
        ),
        (
            granting({"bucket:files": "read"}),
            "containers.default.grants.bucket:files: bucket is nothing that can be granted: write "
            "one of queue:…, topic:…, table:…, secret:…, job:…, or a bucket's name alone",
        ),
        (
            granting({"queues:orders": "send"}),
            "containers.default.grants.queues:orders: queues is nothing that can be granted: write "
            "one of queue:…, topic:…, table:…, secret:…, job:…, or a bucket's name alone",
        ),
        (
            granting({"topic:alert": "publish"}, topics={"alerts": {}}),
            "containers.default.grants.topic:alert: is not a topic of this file: write alerts",
        ),
        (
            granting({"table:state": "publish"}, tables={"state": {"partitionKey": "id"}}),
            'containers.default.grants.table:state: "publish" is no verb for a table: write read '
            "or write",
        ),
        (
            granting({"table:state": {"read": "a/"}}, tables={"state": {"partitionKey": "id"}}),
            "containers.default.grants.table:state: a table has no prefixes: write read or write",
        ),
        (
            granting({"files": {"read": "/incoming/"}}, buckets={"files": {}}),
            'containers.default.grants.files: "/incoming/" begins with a slash: write incoming/',
        ),
        (
            granting({"files": {"write": ["out/", "tmp/*"]}}, buckets={"files": {}}),
            'containers.default.grants.files: "tmp/*" holds *: write the beginning of the keys, as '
            "incoming/",
        ),
        (
            granting({"files": {"read": None}}, buckets={"files": {}}),
            "containers.default.grants.files: no text is no prefix: write one, as incoming/, or "
            '"" for all',
        ),
        (
            granting({"job:report": "start"}),
            "containers.default.grants.job:report: is not a job of this file: there is none, add "
            "it first",
        ),
        (
            with_environment({"queue": "orders"}),
            'containers.default.environment.A: "orders" is not a queue of this file: there is '
            "none, add it first",
        ),
        (
            with_environment({"bucket": "files", "queue": "orders"}),
            "containers.default.environment.A: {bucket: files, queue: orders} is a map: write a "
            "text, or one of {bucket: …}, {queue: …}, {topic: …}, {table: …}, {secret: …}, "
            "{job: …}",
        ),
        (
            with_secret("ssm:/batch/token:KEY"),
            'containers.default.secrets.A: "/batch/token:KEY" has more than a name, and ECS takes '
            "a parameter as a whole: write ssm:/batch/token",
        ),
        (
            with_secret("ssm:/batch/"),
            'containers.default.secrets.A: "/batch/" is not a parameter: write ssm:/batch/token, '
            "or arn:aws:ssm:<region>:<account>:parameter/batch/token",
        ),
        (
            with_secret("arn:aws:ssm:us-east-1:111122223333:parameter/batch/token"),
            'containers.default.secrets.A: "arn:aws:ssm:us-east-1:111122223333:parameter/batch/'
            'token" is in another region than the stack: copy it to ap-northeast-1',
        ),
        (
            {"secrets": {"ssm": {"values": {"TOKEN": MASKED}}}},
            "secrets.ssm: ssm:… is how parameters are written: take another name",
        ),
        (
            {"production": True, "containers": {"default": {"build": "app", "debug": True}}},
            "containers.default.debug: true would let people open a shell in tasks of a stack that "
            "is production: remove it, or write force",
        ),
        (
            {"containers": {"default": {"build": "app", "debug": "yes"}}},
            'containers.default.debug: "yes" is neither true nor false: write one of them, or '
            "force",
        ),
        (
            {"containers": {"default": {"build": "app", "ephemeralStorageGiB": 20}}},
            "containers.default.ephemeralStorageGiB: 20 is too small: write at least 21",
        ),
        (
            {"containers": {"default": {"build": "app", "sidecars": {}}}},
            "containers.default.sidecars: is not offered: a task is one container, whose end is "
            "the run's: put the helper into the image, or make it a job of its own",
        ),
        (
            {"containers": {"default": {"build": "app", "efs": "fs-0123"}}},
            "containers.default.efs: is not offered: files that last are in a bucket (grants), "
            "others in /tmp (ephemeralStorageGiB)",
        ),
        (
            {"tables": {"state": {}}},
            "tables.state.partitionKey: missing: write partitionKey: customer",
        ),
        (
            {"tables": {"state": {"partitionKey": "id", "sortKey": "id"}}},
            'tables.state.sortKey: "id" is the partitionKey already: take another',
        ),
        (
            granting(
                {"files": {"read": [f"a-rather-long-prefix-{n}/" for n in range(130)]}},
                buckets={"files": {}},
            ),
            "containers.default.grants: make a policy of 14,241 characters, and IAM takes 10,240: "
            "divide the container, or grant fewer prefixes",
        ),
        ({"topics": {"alerts": None}}, "topics.alerts: is empty: write a map, such as alerts: {}"),
        (
            {
                "buckets": {"files": {}},
                "containers": {"default": {"build": "app", "grants": {"files": "delete"}}},
            },
            'containers.default.grants.files: "delete" is no verb for a bucket: write read, write '
            "or list",
        ),
        (
            {
                "buckets": {"files": {}},
                "containers": {"default": {"build": "app", "grants": {"files": []}}},
            },
            "containers.default.grants.files: is empty: write read, write or list",
        ),
        (
            {
                "secrets": {"sample": {"values": {"TOKEN": MASKED}}},
                "containers": {
                    "default": {
                        "build": "app",
                        "environment": {"TOKEN": "x"},
                        "secrets": {"TOKEN": "sample:TOKEN"},
                    }
                },
            },
            "containers.default.secrets: TOKEN is in environment too, ECS refuses both: keep one",
        ),
        # secrets of containers
        (
            {
                "secrets": {"sample": {"values": {"TOKEN": MASKED}}},
                "containers": {"default": {"build": "app", "secrets": {"TOKEN": "smaple:TOKEN"}}},
            },
            "containers.default.secrets.TOKEN: [secret] names no secret of this file: write sample",
        ),
        (
            {"containers": {"default": {"build": "app", "secrets": {"TOKEN": MASKED}}}},
            "containers.default.secrets.TOKEN: [secret] names no secret of this file: there is "
            "none, add it first",
        ),
        (
            {
                "secrets": {"sample": {"values": {"TOKEN": MASKED}}},
                "containers": {"default": {"build": "app", "secrets": {"TOKEN": "sample:TOKN"}}},
            },
            'containers.default.secrets.TOKEN: "sample:TOKN" names no key of sample: write '
            "sample:TOKEN",
        ),
        (
            {
                "secrets": {"sample": {"values": {"TOKEN": MASKED}}},
                "containers": {"default": {"build": "app", "secrets": {"TOKEN": "sample:"}}},
            },
            'containers.default.secrets.TOKEN: "sample:" has no key: write sample for the whole '
            "text",
        ),
        (
            {"containers": {"default": {"build": "app", "secrets": {"TOKEN": 7}}}},
            "containers.default.secrets.TOKEN: is a number: write a secret's name and a key: "
            "sample:PASSWORD",
        ),
        # notify
        (
            {"notify": {"slack": {"workspaceId": "T0123ABCD", "successChannelId": "C0AAAAAAA"}}},
            "notify.slack.failureChannelId: missing: write failureChannelId: C0BBBBBBB",
        ),
        (
            {"notify": {"emails": ["oncall"]}},
            'notify.emails[0]: "oncall" is not an e-mail address: write name@example.com',
        ),
        (
            {"notify": {"emails": "batch@example.com"}},
            'notify.emails: "batch@example.com" is text: write [batch@example.com]',
        ),
        (
            {"notify": {"channels": {"data-team": {"slack": "C0CCCCCCC"}}}},
            "notify.channels: data-team is in Slack, and notify.slack says no workspace: write "
            "slack: {workspaceId: …, successChannelId: …, failureChannelId: …} beside channels",
        ),
        (
            {"notify": {"channels": {"data-team": {}}}},
            "notify.channels.data-team: reaches nobody: write slack, emails or webhook",
        ),
        (
            {"notify": {"channels": {"data-team": {"email": ["a@example.com"]}}}},
            "notify.channels.data-team.email: is not a key here: write emails",
        ),
        (
            {"notify": {"channels": {"Data": {"emails": ["a@example.com"]}}}},
            "notify.channels.Data: is not a name (lower case, digits, single hyphens): write data",
        ),
        (
            {"notify": {"channels": {"c" * 42: {"emails": ["a@example.com"]}}}},
            f"notify.channels.{'c' * 42}: has 42 characters, and AWS leaves room for 41 behind "
            "fargate-batch-dev: shorten it",
        ),
        (
            webhook("http://hunter2.example.com"),
            "notify.channels.pager.webhook.url: [secret] is not an address that EventBridge "
            "calls: write https://…",
        ),
        (
            webhook("https://example.com/*"),
            "notify.channels.pager.webhook.url: [secret] is not an address that EventBridge "
            "calls: write https://…",
        ),
        (
            webhook("https://example.com/" + "x" * 2_100),
            "notify.channels.pager.webhook.url: [secret] has 2,120 characters: EventBridge takes "
            "2,048",
        ),
        (
            webhook({"url": "https://example.com", "format": "slack"}),
            'notify.channels.pager.webhook.format: "slack" is not one of the choices: write '
            "generic, teams or pagerduty",
        ),
        (
            webhook({"url": "https://example.com", "format": "pagerduty"}),
            "notify.channels.pager.webhook: has no routingKey: write PagerDuty's integration key",
        ),
        (
            webhook({"url": "https://example.com", "routingKey": "hunter2"}),
            "notify.channels.pager.webhook.routingKey: is of no use to format generic: remove it",
        ),
        (
            webhook({"url": "https://example.com", "apiKey": {"header": "X-Key", "value": 7_002}}),
            "notify.channels.pager.webhook.apiKey.value: [secret] is a number: write text",
        ),
        (
            webhook(
                {"url": "https://example.com", "apiKey": {"header": "X-Key:", "value": "hunter2"}}
            ),
            'notify.channels.pager.webhook.apiKey.header: "X-Key:" is not a header\'s name: write '
            "one such as X-Api-Key",
        ),
        (
            webhook(
                {
                    "url": "https://example.com",
                    "apiKey": {"header": "X-Key", "value": "hunter2"},
                    "basic": {"username": "batch", "password": "hunter2"},
                }
            ),
            "notify.channels.pager.webhook: has both apiKey and basic: keep one",
        ),
        (
            job(notify={"channels": ["pagr"]}) | webhook("https://example.com"),
            'jobs.nightly.notify.channels[0]: "pagr" is not a channel of notify.channels: write '
            "pager",
        ),
        (
            job(notify={"on": "none", "onRecovery": True}),
            "jobs.nightly.notify: has on: none, which tells nobody: remove channels and onRecovery",
        ),
        (
            job(notify={"when": "all"}),
            "jobs.nightly.notify.when: is not a key here: known: channels, on, onRecovery",
        ),
        *(
            (
                {"notify": {"runbooks": address}},
                f'notify.runbooks: "{address}" is not an address that pages are under: write one '
                "such as https://github.com/our-company/batch/blob/main/docs/runbooks",
            )
            for address in (
                *("docs/runbooks", "http://example.com", "https://example.com/a b"),
                *("https://example.com/|x", "https://example.com/?page="),
            )
        ),
        (
            {"notify": {"runbooks": "https://" + "x" * 243}},
            f'notify.runbooks: "https://{"x" * 71}… has 251 characters: write at most 250, which '
            "the descriptions of alarms have room for",
        ),
        # buckets
        (
            {"buckets": {"files": {"expireAfterDays": 0}}},
            "buckets.files.expireAfterDays: 0 is too small: write at least 1",
        ),
        (
            {"buckets": {"files": None}},
            "buckets.files: is empty: write a map, such as versioned: true",
        ),
        # secrets
        (
            {"secrets": {"sample": {}}},
            "secrets.sample: has neither values nor arn: write values: {PASSWORD: …}",
        ),
        (
            {
                "secrets": {
                    "sample": {
                        "values": {},
                        "arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf",
                    }
                }
            },
            "secrets.sample: has both values and arn: keep one",
        ),
        (
            {"secrets": {"sample": {"arn": MASKED}}},
            "secrets.sample.arn: [secret] is not a secret's ARN: write "
            "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<six characters>",
        ),
        (
            {"secrets": {"sample": {"arn": f"arn:aws-cn:{SECRET_ARN.partition(':aws:')[2]}"}}},
            "secrets.sample.arn: [secret] is not a secret's ARN: write "
            "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<six characters>",
        ),
        (
            {"secrets": {"sample": {"arn": 4_711}}},
            "secrets.sample.arn: [secret] is a number: write text",
        ),
        (
            {"secrets": {"sample": {"values": {"PIN": 4_711}}}},
            "secrets.sample.values.PIN: [secret] is a number: quote it",
        ),
        (
            {"secrets": {"sample": {"values": {"A B": MASKED}}}},
            "secrets.sample.values.A B: is not a secret's key: use letters, digits and _ . -",
        ),
        (
            {"buckets": {"files": {}}, "secrets": {"s": {"values": {"A": {"bucket": "fiels"}}}}},
            "secrets.s.values.A: [secret] is not a bucket of this file: write files",
        ),
        (
            {"secrets": {"s": {"values": {"A": {"password": MASKED}}}}},
            "secrets.s.values.A: is a map: write a text, or {bucket: files} for a bucket's name",
        ),
        (
            {"secrets": {"s": {"values": MASKED}}},
            "secrets.s.values: is text: write a map, such as values: {S3_BUCKET_NAME: {bucket: "
            "files}}",
        ),
        (
            {"secrets": MASKED},
            "secrets: is text: write a map, such as secrets: {sample: {values: {S3_BUCKET_NAME: "
            "{bucket: files}}}}",
        ),
        # jobs: the schedule
        (
            job(schedule="cron(0 3 * * *)"),
            'jobs.nightly.schedule: "cron(0 3 * * *)": five fields: add the year: '
            "cron(0 3 * * ? *)",
        ),
        (
            job(schedule="0 3 * * *"),
            'jobs.nightly.schedule: "0 3 * * *": a line of a crontab: write cron(0 3 * * ? *)',
        ),
        (
            job(schedule="cron(60 3 * * ? *)"),
            'jobs.nightly.schedule: "cron(60 3 * * ? *)": minute 60 is outside of the field: '
            "write 0 to 59",
        ),
        (
            job(schedule="at(2027-01-01)"),
            'jobs.nightly.schedule: "at(2027-01-01)": not as AWS takes it: write '
            "at(2027-01-01T00:00:00)",
        ),
        (
            job(schedule=["cron(5", "35 14 * * ? *)"]),
            'jobs.nightly.schedule: is divided at its commas: quote it: ["cron(5,35 14 * * ? *)"]',
        ),
        (
            job(schedule=["rate(1 day)", "cron(60 3 * * ? *)"]),
            'jobs.nightly.schedule: "cron(60 3 * * ? *)": minute 60 is outside of the field: '
            "write 0 to 59",
        ),
        (
            job(schedule=[]),
            "jobs.nightly.schedule: is empty: write at least one schedule, or remove the key",
        ),
        (
            job(schedule=["rate(1 day)", "rate(2 days)", "rate(1 day)"]),
            'jobs.nightly.schedule: "rate(1 day)" is there twice: remove one',
        ),
        (
            job(schedule=[f"rate({days} days)" for days in range(2, 23)]),
            "jobs.nightly.schedule: has 21 schedules: write at most 20",
        ),
        (
            job(schedule={"cron": "0 3 * * *"}),
            "jobs.nightly.schedule: {…} is a map: write cron(0 3 * * ? *)",
        ),
        (
            job(schedule=[5]),
            'jobs.nightly.schedule: 5 is a number: quote it: "5"',
        ),
        (
            job(schedule="at(2027-03-28T02:30:00)", timezone="Europe/Berlin"),
            'jobs.nightly: schedule "at(2027-03-28T02:30:00)" never comes in Europe/Berlin: clocks '
            "jump over it: write another time",
        ),
        # jobs: dates
        (
            job(**DAILY, startDate="24.12.2026"),
            'jobs.nightly.startDate: "24.12.2026" is not a date: write 2026-12-24 or '
            "2026-12-24T18:00:00",
        ),
        (
            job(**DAILY, endDate="2027-02-29"),
            'jobs.nightly.endDate: "2027-02-29" is not a date: write 2026-12-24 or '
            "2026-12-24T18:00:00",
        ),
        (
            job(**DAILY, startDate="2026-12-24 00:00:00 +0000 UTC"),
            'jobs.nightly.startDate: "2026-12-24 00:00:00 +0000 UTC" is what the CLI reads: quote '
            'it: "2026-12-24"',
        ),
        (
            job(**DAILY, startDate="2026-12-24 18:00:00 +0000 UTC"),
            'jobs.nightly.startDate: "2026-12-24 18:00:00 +0000 UTC" is what the CLI reads: quote '
            'it: "2026-12-24T18:00:00"',
        ),
        (
            job(**DAILY, timezone="Europe/Berlin", startDate="2027-03-28T02:30:00"),
            'jobs.nightly.startDate: "2027-03-28T02:30:00" never comes in Europe/Berlin: clocks '
            "jump over it: write another",
        ),
        (
            job(**DAILY, startDate="2026-12-25", endDate="2026-12-24"),
            'jobs.nightly.endDate: "2026-12-24" is not after startDate: write a later one',
        ),
        (
            job(schedule="at(2026-12-24T18:00:00)", startDate="2026-12-01"),
            "jobs.nightly.startDate: is ignored by AWS for at(), which has a date: remove it",
        ),
        (
            job(endDate="2026-12-01"),
            "jobs.nightly.endDate: has no schedule to go with: add schedule, or remove it",
        ),
        # jobs: windows and spreading
        (
            job(**DAILY, flexibleWindow="30s"),
            "jobs.nightly.flexibleWindow: 30s is no whole number of minutes: write 1m",
        ),
        (
            job(**DAILY, flexibleWindow="25h"),
            "jobs.nightly.flexibleWindow: 25h is too long: write 1d",
        ),
        (
            job(**DAILY, flexibleWindow="0m"),
            "jobs.nightly.flexibleWindow: 0s is too short: write 1m",
        ),
        (
            job(flexibleWindow="15m"),
            "jobs.nightly.flexibleWindow: has no schedule to go with: add schedule, or remove it",
        ),
        (
            job(spread=True),
            "jobs.nightly.spread: has no schedule to go with: add schedule, or remove it",
        ),
        (
            job(schedule="rate(1 day)", spread=True),
            'jobs.nightly.spread: "rate(1 day)" cannot be spread, which is for a cron() with one '
            "minute: write cron(0 …), or remove spread",
        ),
        (
            job(schedule=["cron(0 3 * * ? *)", "cron(0/15 8 * * ? *)"], spread=True),
            'jobs.nightly.spread: "cron(0/15 8 * * ? *)" cannot be spread, which is for a cron() '
            "with one minute: write cron(0 …), or remove spread",
        ),
        (
            job(schedule=5),
            'jobs.nightly.schedule: 5 is a number: quote it: "5"',
        ),
        (
            job(timezone="Asia/Tokio"),
            'jobs.nightly.timezone: "Asia/Tokio" is not a time zone: write Asia/Tokyo',
        ),
        # jobs: the command
        (
            {"jobs": {"nightly": {}}},
            "jobs.nightly.command: missing: write command: [python, -m, list_files]",
        ),
        (job(command="python x"), 'jobs.nightly.command: "python x" is text: write [python, x]'),
        (job(command=[]), "jobs.nightly.command: [] is empty: write at least one entry"),
        (job(command=None), "jobs.nightly.command: is empty: write a list"),
        (job(command={"a": "b"}), "jobs.nightly.command: is a map: write a list"),
        (job(command=["sleep", 5]), 'jobs.nightly.command[1]: 5 is a number: quote it: "5"'),
        (
            job(command=["x", "2026-12-24 00:00:00 +0000 UTC"]),
            'jobs.nightly.command[1]: "2026-12-24 00:00:00 +0000 UTC" is what the CLI reads: quote '
            'it: "2026-12-24"',
        ),
        (
            job(command=["x" * 7_500]),
            "jobs.nightly: command and environment have 7,533 characters and may have 7,500: move "
            "what jobs share to the container's environment",
        ),
        # jobs: the container and its size
        (
            job(container="defualt", memoryMib=8_192),
            'jobs.nightly.container: "defualt" is not a container of this file: write default',
        ),
        (
            {"containers": {"big": {"build": "app"}}, **job()},
            'jobs.nightly.container: "default" is not a container of this file: known: big',
        ),
        (
            job(cpuUnits=100),
            "jobs.nightly.cpuUnits: Fargate has no size of 100 CPU units: write one of 256, 512, "
            "1024, 2048, 4096, 8192 or 16384",
        ),
        (
            job(cpuUnits=512),
            "jobs.nightly: Fargate has no size of 512 CPU units with 512 MiB: write memoryMib "
            "1024, 2048, 3072 or 4096, or cpuUnits 256",
        ),
        (
            job(memoryMib=4_096),
            "jobs.nightly: Fargate has no size of 256 CPU units with 4096 MiB: write memoryMib "
            "512, 1024 or 2048, or cpuUnits 512, 1024 or 2048",
        ),
        # jobs: the environment
        (
            job(environment={"PORT": 8_080}),
            'jobs.nightly.environment.PORT: 8080 is a number: quote it: "8080"',
        ),
        (
            job(environment={"DEBUG": True}),
            'jobs.nightly.environment.DEBUG: true is true or false: quote it: "true"',
        ),
        (
            job(environment={"A": ["x"]}),
            "jobs.nightly.environment.A: […] is a list: write text",
        ),
        (
            job(environment={"log-level": "x"}),
            "jobs.nightly.environment.log-level: is not a name for an environment variable: write "
            "log_level",
        ),
        (
            job(environment={"1ST": "x"}),
            "jobs.nightly.environment.1ST: is not a name for an environment variable: write _1ST",
        ),
        (
            job(environment={"AWS_REGION": "x"}),
            "jobs.nightly.environment.AWS_REGION: begins as those that AWS sets itself do: take "
            "another name",
        ),
        (
            job(environment={"ECS_X": "x"}),
            "jobs.nightly.environment.ECS_X: begins as those that AWS sets itself do: take "
            "another name",
        ),
        *(
            (
                job(environment={name: "x"}),
                f"jobs.nightly.environment.{name}: is set by every run itself: take another name",
            )
            for name in ("JOB_NAME", "JOB_RUN_ID", "JOB_ATTEMPT", "JOB_SCHEDULED_TIME")
        ),
        (
            {
                "secrets": {"sample": {"values": {"TOKEN": MASKED}}},
                "containers": {"default": {"build": "app", "secrets": {"TOKEN": "sample:TOKEN"}}},
                **job(environment={"TOKEN": "x"}),
            },
            "jobs.nightly.environment: TOKEN is a secret of the container, and a variable has one "
            "source: take another name",
        ),
        # jobs: times
        (
            job(timeout="15 minutes"),
            'jobs.nightly.timeout: "15 minutes" is not a duration: write 15m',
        ),
        (job(timeout=900), "jobs.nightly.timeout: 900 has no unit: write 900s or 15m"),
        (job(timeout="15d"), "jobs.nightly.timeout: 15d is too long: write 14d"),
        (job(timeout="0s"), "jobs.nightly.timeout: 0s is too short: write 1s"),
        (job(startDeadline="30s"), "jobs.nightly.startDeadline: 30s is too short: write 1m"),
        (job(startDeadline="25h"), "jobs.nightly.startDeadline: 25h is too long: write 1d"),
        (
            job(retries=3),
            "jobs.nightly.retries: is a number: write a map, such as retries: {app: [60, 120]}",
        ),
        (job(retries={"app": 60}), "jobs.nightly.retries.app: 60 is a number: write [60]"),
        (
            job(retries={"app": ["1 min"]}),
            'jobs.nightly.retries.app[0]: "1 min" is not a duration: write 1m',
        ),
        (
            job(retries={"memory": [60, "2d"]}),
            "jobs.nightly.retries.memory[1]: 2d is too long: write 1d",
        ),
        (
            job(retries={"start": [-1]}),
            "jobs.nightly.retries.start[0]: -1 is too small: write at least 0",
        ),
        (
            job(retries={"timeout": [0.5]}),
            "jobs.nightly.retries.timeout[0]: 0.5 is not a whole number: write one without quotes "
            "or unit",
        ),
        (
            job(retries={"app": [1] * 21}),
            "jobs.nightly.retries.app: […] has 21 entries: write at most 20",
        ),
        (
            job(retries={"exitCodes": [0]}),
            "jobs.nightly.retries.exitCodes[0]: 0 is too small: write at least 1",
        ),
        (
            job(retries={"exitCodes": [256]}),
            "jobs.nightly.retries.exitCodes[0]: 256 is too large: write at most 255",
        ),
        # jobs: choices
        (
            job(overlap="no"),
            'jobs.nightly.overlap: "no" is not one of the choices: write forbid, allow or replace',
        ),
        (
            job(overlap=False),
            "jobs.nightly.overlap: false is not one of the choices: write forbid, allow or replace",
        ),
        (
            job(notify="both"),
            'jobs.nightly.notify: "both" is not one of the choices: write failure, success, all or '
            "none",
        ),
        (job(enabled="yes"), 'jobs.nightly.enabled: "yes" is text: write true'),
        (job(enabled="off"), 'jobs.nightly.enabled: "off" is text: write false'),
        (job(enabled=1), "jobs.nightly.enabled: 1 is neither true nor false: write one of them"),
        (
            job(memoryMib=0),
            "jobs.nightly: Fargate has no size of 256 CPU units with 0 MiB: write memoryMib 512, "
            "1024 or 2048",
        ),
        # names that are keys elsewhere
        (
            {"jobs": {"retries": {**COMMAND, "timout": "1h"}}},
            "jobs.retries.timout: is not a key here: write timeout",
        ),
        (
            {"jobs": {"retries": 3}},
            "jobs.retries: is a number: write a map, such as command: [python, -m, list_files]",
        ),
        # jobs: the shape
        (
            {"jobs": {"nightly": [COMMAND]}},
            "jobs.nightly: is a list: write a map, such as command: [python, -m, list_files]",
        ),
        (
            {"jobs": {"nightly": "python x"}},
            "jobs.nightly: is text: write a map, such as command: [python, -m, list_files]",
        ),
        (
            {"jobs": [COMMAND]},
            "jobs: is a list: write a map, such as jobs: {list-files: {command: [python, -m, "
            "list_files]}}",
        ),
        (
            {"jobs": ""},
            "jobs: is empty: write a map, such as jobs: {list-files: {command: [python, -m, "
            "list_files]}}",
        ),
        # tags
        ({"tags": {"AWS:x": "y"}}, "tags.AWS:x: aws: is reserved by AWS: take another key"),
        (
            {"tags": {"a,b": "y"}},
            "tags.a,b: is not a tag's key: use letters, digits, spaces and + - = . _ : / @",
        ),
        (
            {"tags": {"a": "x;y"}},
            'tags.a: "x;y" is not a tag\'s value: use letters, digits, spaces and + - = . _ : / @',
        ),
        ({"tags": {"a": 4_711}}, 'tags.a: 4711 is a number: quote it: "4711"'),
        ({"tags": {"a": "x" * 257}}, "tags.a: has 257 characters: AWS allows 256"),
        ({"tags": {"": "x"}}, "tags.: has 0 characters: AWS allows 1 to 128"),
        (
            {
                "tags": {f"stack-{number}": "x" for number in range(30)},
                **job(tags={f"job-{number}": "x" for number in range(11)}),
            },
            "jobs.nightly.tags: 41 tags come together: write at most 40",
        ),
        # watching
        (
            job(expectSuccessWithin="2h"),
            "jobs.nightly.expectSuccessWithin: has no schedule to go with: add schedule, or remove "
            "it",
        ),
        (
            job(**DAILY, expectSuccessWithin="1m"),
            "jobs.nightly.expectSuccessWithin: 1m is too short: write 5m",
        ),
        (
            job(**DAILY, expectSuccessWithin="90d"),
            "jobs.nightly.expectSuccessWithin: 90d is too long: write 89d",
        ),
        (
            job(schedule="rate(80 days)", expectSuccessWithin="10d"),
            'jobs.nightly.expectSuccessWithin: 10d after "rate(80 days)" is more than 89d '
            "together, after which AWS forgets a success: write a cron()",
        ),
        (
            job(**DAILY, flexibleWindow="30m", expectSuccessWithin="30m"),
            "jobs.nightly.expectSuccessWithin: 30m is not longer than flexibleWindow 30m, in which "
            "a run may start: write a longer one",
        ),
        (
            job(timeout="10m", retries={"app": ["5m"], "start": []}, warnAfter="35m"),
            "jobs.nightly.warnAfter: 35m never comes: timeout and retries end a run after 35m at "
            "the latest: write less",
        ),
        (job(warnAfter="30s"), "jobs.nightly.warnAfter: 30s is too short: write 1m"),
        (
            {"jobs": {"a" * 58: {**COMMAND, **DAILY, "expectSuccessWithin": "2h"}}},
            f"jobs.{'a' * 58}: has 58 characters, and its schedules leave room for 57 (…--watch): "
            "shorten it",
        ),
        # single values
        (
            {"logRetentionDays": 100},
            "logRetentionDays: 100 is not one that CloudWatch Logs has: write 120",
        ),
        (
            {"logRetentionDays": 9_999},
            "logRetentionDays: 9999 is not one that CloudWatch Logs has: write 3653",
        ),
        ({"tracing": "yes"}, 'tracing: "yes" is text: write true'),
        ({"containerInsights": "no"}, 'containerInsights: "no" is text: write false'),
        # names
        (
            {"jobs": {"list files": COMMAND}},
            "jobs.list files: is not a name (lower case, digits, single hyphens): write list-files",
        ),
        (
            {"buckets": {"a--b": {}}},
            "buckets.a--b: is not a name (lower case, digits, single hyphens): write a-b",
        ),
        (
            {"containers": {"2big": {"build": "app"}}},
            "containers.2big: is not a name (lower case, digits, single hyphens): write n-2big",
        ),
        (
            {"secrets": {"-": {"values": {}}}},
            "secrets.-: is not a name (lower case, digits, single hyphens): write name",
        ),
        (
            {"jobs": {"a" * 60: COMMAND}},
            f"jobs.{'a' * 60}: has 60 characters, and AWS leaves room for 57 behind "
            "fargate-batch-longest: shorten it",
        ),
        (
            {
                "jobs": {
                    "a" * 61: {
                        **COMMAND,
                        "schedule": [f"rate({days} days)" for days in range(2, 12)],
                    }
                }
            },
            f"jobs.{'a' * 61}: has 61 characters, and its 10 schedules leave room for 60 (…--10): "
            "shorten it",
        ),
        (
            {"containers": {"b" * 32: {"build": "app"}}},
            f"containers.{'b' * 32}: has 32 characters, and AWS leaves room for 31 behind "
            "fargate-batch-longest: shorten it",
        ),
        (
            {"buckets": {"c" * 28: {}}},
            f"buckets.{'c' * 28}: has 28 characters, and AWS leaves room for 27 behind "
            "fargate-batch-longest: shorten it",
        ),
        (
            {"secrets": {"d" * 490: {"values": {}}}},
            f"secrets.{'d' * 490}: has 490 characters, and AWS leaves room for 489 behind "
            "fargate-batch-longest: shorten it",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(
    directory: Path, sections: dict[str, object], line: str
) -> None:
    stack = "longest" if "longest" in line else "dev"
    found = lines(directory, sections, stack=stack)
    assert found == (line,)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("#batch", f'"#batch" is not a channel\'s id (C… or G…): {WHERE_A_CHANNEL_ID_IS}'),
        ("batch", f'"batch" is not a channel\'s id (C… or G…): {WHERE_A_CHANNEL_ID_IS}'),
        ("T0123ABCD", f'"T0123ABCD" is not a channel\'s id (C… or G…): {WHERE_A_CHANNEL_ID_IS}'),
        ("c0aaaaaaa", '"c0aaaaaaa" is not in upper case: write C0AAAAAAA'),
    ],
)
@pytest.mark.parametrize("key", ["successChannelId", "failureChannelId"])
def test_a_slack_channel_is_named_by_its_id(
    directory: Path, key: str, wrong: str, rule: str
) -> None:
    slack = {"workspaceId": "T0123ABCD", "successChannelId": "C0A1", "failureChannelId": "C0B2"}
    found = lines(directory, {"notify": {"slack": {**slack, key: wrong}}})
    assert found == (f"notify.slack.{key}: {rule}",)


def test_a_slack_workspace_is_named_by_its_id(directory: Path) -> None:
    slack = {"workspaceId": "acme", "successChannelId": "C0A1", "failureChannelId": "C0B2"}
    assert lines(directory, {"notify": {"slack": slack}}) == (
        'notify.slack.workspaceId: "acme" is not a workspace\'s id (T…): open Slack in a browser '
        "and take the part after app.slack.com/client/",
    )


def test_names_that_differ_in_case_and_hyphens_only_are_the_same(directory: Path) -> None:
    found = lines(directory, {"jobs": {"List-Files": COMMAND, "list_files": COMMAND}})
    assert found == (
        "jobs.List-Files: is not a name (lower case, digits, single hyphens): write list-files",
        "jobs.list_files: is not a name (lower case, digits, single hyphens): write list-files",
        "jobs.list_files: is the same name as List-Files: rename one",
    )


@pytest.mark.parametrize(
    ("project", "stack", "line"),
    [
        (
            "Fargate_Batch",
            "dev",
            'project: "Fargate_Batch" is not a name that AWS resources can begin with: write '
            "fargate-batch",
        ),
        (
            "fargate-batch",
            "prod--eu",
            'stack: "prod--eu" is not a name that AWS resources can begin with: write prod-eu',
        ),
        (
            "fargate-batch",
            "a-very-long-name-of-a-stack-indeed",
            'stack: "fargate-batch-a-very-long-name-of-a-stack-indeed" has 48 characters: project '
            "and stack may have 45 together: shorten one",
        ),
    ],
)
def test_project_and_stack_begin_every_name(
    directory: Path, project: str, stack: str, line: str
) -> None:
    assert lines(directory, {}, project=project, stack=stack) == (line,)


@pytest.mark.parametrize(
    ("other", "line"),
    [
        ({"aws:profile": "x"}, "aws:region: missing: write aws:region: ap-northeast-1"),
        (
            {"aws:region": "Tokyo"},
            'aws:region: "Tokyo" is not a region: write one like ap-northeast-1',
        ),
        *(
            (
                {"aws:region": region},
                f'aws:region: "{region}" is in another partition than aws, which the ARNs are '
                "written for: write one like ap-northeast-1",
            )
            for region in ("cn-north-1", "us-gov-west-1")
        ),
        (
            {"aws:region": "us-east-1", "fargate_batch:jobs": "{}"},
            "fargate_batch:jobs: fargate_batch is not this project: write fargate-batch:jobs",
        ),
    ],
)
def test_what_surrounds_the_project_is_checked_too(
    directory: Path, other: dict[str, str], line: str
) -> None:
    assert lines(directory, {}, other=other) == (line,)


def test_a_configuration_without_a_network_is_told_the_modes(directory: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings(
            {"aws:region": "us-east-1"},
            project="fargate-batch",
            stack="prod",
            directory=directory,
            now=NOW,
        )
    assert refusal.value.lines == (
        "Pulumi.prod.yaml: network.mode: missing: write mode: endpoints or mode: public",
    )


def test_all_mistakes_of_a_file_are_told_together(directory: Path) -> None:
    found = lines(
        directory,
        {
            "network": {"mode": "private"},
            "containers": {"default": {"build": "app", "secrets": {"TOKEN": "sample:TOKN"}}},
            "secrets": {"sample": {"values": {"TOKEN": MASKED, "PIN": 5}}},
            "jobs": {
                "nightly": {"timeout": 900, "container": "big", "cpuUnits": 100},
                "Weekly": {**COMMAND, "timout": "1h"},
            },
        },
    )
    assert [line.partition(": ")[0] for line in found] == [
        "jobs.Weekly",
        "network.mode",
        "containers.default.secrets.TOKEN",
        "secrets.sample.values.PIN",
        "jobs.nightly.command",
        "jobs.nightly.container",
        "jobs.nightly.cpuUnits",
        "jobs.nightly.timeout",
        "jobs.Weekly.timout",
    ]


def test_a_container_with_a_mistake_is_not_told_again_by_its_jobs(directory: Path) -> None:
    found = lines(
        directory,
        {
            "containers": {"default": {"build": "app", "cpuUnits": 300}},
            "jobs": {"nightly": {**COMMAND, "memoryMib": 1_024}},
        },
    )
    assert [line.partition(": ")[0] for line in found] == ["containers.default.cpuUnits"]


def test_a_size_of_a_container_is_not_told_again_by_a_job_that_has_none(directory: Path) -> None:
    found = lines(directory, {"containers": {"default": {"build": "app", "memoryMib": 1}}, **job()})
    assert [line.partition(": ")[0] for line in found] == ["containers.default"]


def test_without_a_region_nothing_is_said_of_its_registries(directory: Path) -> None:
    sections = {"network": {"mode": "endpoints"}, "containers": {"default": {"image": ECR}}}
    found = lines(directory, sections, other={"aws:profile": "batch"})
    assert found == ("aws:region: missing: write aws:region: ap-northeast-1",)


def test_a_line_stays_one_line_whatever_a_name_holds(directory: Path) -> None:
    (line, *_) = lines(directory, {"jobs": {"a\nb": COMMAND}})
    assert line.startswith("jobs.a�b: is not a name")


# -- secrets


def test_a_secret_is_never_shown(directory: Path) -> None:
    sections = {
        "tracing": "maybe",
        "secrets": {
            "sample": {"values": {"A": MASKED, "B": {"bucket": MASKED}, "C": [MASKED]}},
            "other": {"values": MASKED, "arn": MASKED},
            "third": MASKED,
            "fourth": {"password": MASKED},
            "fifth": {"arn": {"secure": MASKED}},
            "sixth": {"arn": 4_711_4_711},
        },
        "containers": {"default": {"build": "app", "secrets": {"A": MASKED, "B": [MASKED]}}},
        "jobs": {
            "nightly": {**COMMAND, "environment": MASKED, "retries": MASKED},
            "weekly": {**COMMAND, "environment": {"TOKEN": [MASKED]}},
        },
    }
    with pytest.raises(SettingsError) as refusal:
        read(directory, sections)
    shown = "".join(traceback.format_exception(refusal.value))
    assert "tracing" in shown
    assert MASKED not in shown
    assert "47114711" not in shown
    assert refusal.value.__context__ is None


def test_settings_do_not_print_their_secrets(directory: Path) -> None:
    settings = read(directory, {"secrets": {"sample": {"values": {"TOKEN": MASKED}}}})
    assert MASKED not in f"{settings!r} {settings}"


def refusal(directory: Path, sections: Mapping[str, object]) -> tuple[str, ...]:
    """The lines of a refusal; none where the file is accepted."""
    try:
        read(directory, sections)
    except SettingsError as error:
        return error.lines
    return ()


@hypothesis_settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["command", "values", "retries", "app", "x", "schedule", "secrets"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_is_written_the_answer_is_lines(value: object) -> None:
    for section in ("network", "containers", "notify", "buckets", "secrets", "jobs", "tags"):
        for written in (value, {"a": value}):
            for line in refusal(Path("/nowhere"), {section: written}):
                assert re.fullmatch(r"Pulumi\.dev\.yaml: [^\n]+: [^\n]+", line)


def test_a_model_does_not_print_what_it_refuses() -> None:
    with pytest.raises(ValidationError) as refusal:
        SecretSettings.model_validate({"values": {"TOKEN": [MASKED]}})
    assert MASKED not in str(refusal.value)


# -- the size of the configuration


def test_a_configuration_near_the_systems_limit_is_refused(directory: Path) -> None:
    jobs = {f"job-{number}": {**COMMAND, "environment": {"A": "x" * 60}} for number in range(900)}
    found = lines(directory, {"jobs": jobs})
    assert found == (
        "config: 142,194 bytes are too near to the 131,071 that the Pulumi CLI can hand over, "
        "120,000 are allowed: move jobs into files (jobFiles: [jobs/*.yaml])",
    )


@pytest.mark.parametrize(("character", "size"), [("é", 2), ("<", 6), ('"', 4), ("a", 1)])
def test_the_size_is_that_of_the_text_which_the_cli_writes(
    directory: Path, character: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mistakes, "MAX_CONFIG_BYTES", 0)

    def size_of(text: str) -> int:
        config = {"fargate-batch:tags": json.dumps({"a": text}, ensure_ascii=False)}
        with pytest.raises(SettingsError) as refusal:
            read_settings(config, project="p", stack="dev", directory=directory, now=NOW)
        (line,) = (line for line in refusal.value.lines if ": config: " in line)
        return int(line.split()[2].replace(",", ""))

    assert size_of(character) - size_of("") == size


# -- flows


def flow(jobs: dict[str, object], **keys: object) -> dict[str, object]:
    """A stack file's sections with the jobs of a flow, all of them the same, and the flow."""
    return {
        "jobs": dict.fromkeys(("extract", "load", "report"), COMMAND),
        "flows": {"nightly": {"jobs": jobs, **keys}},
    }


def test_a_flow_is_read(directory: Path) -> None:
    report = {"after": ["extract"], "retry": {"times": 2, "wait": "5m"}, "onFailure": "continue"}
    settings = read(directory, flow({"extract": {}, "report": report}, schedule="rate(1 day)"))
    nightly = settings.flows["nightly"]
    assert (nightly.schedule, nightly.overlap, nightly.notify.on) == (
        ("rate(1 day)",),
        "forbid",
        "failure",
    )
    assert nightly.jobs["extract"].on_failure == "stop"
    read_report = nightly.jobs["report"]
    assert (read_report.after, read_report.on_failure) == (("extract",), "continue")
    assert read_report.retry is not None
    assert (read_report.retry.times, read_report.retry.wait_seconds) == (2, 300)


LONG = "x" * 30


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            flow({"extrct": {}}),
            "flows.nightly.jobs.extrct: is not a job of this file: write extract",
        ),
        (
            flow({"extract": {"after": ["load"]}, "load": {"after": ["extract"]}}),
            "flows.nightly.jobs: extract → load → extract never begins: take one after away",
        ),
        (
            flow({"extract": {}, "report": {"after": ["extrat"]}}),
            "flows.nightly.jobs: report comes after extrat, which is not in the flow: write "
            "extract, or add extrat",
        ),
        (flow({}), "flows.nightly.jobs: {} is empty: write at least one entry"),
        (
            flow({"extract": {"environment": {"X": "x" * 7_500}}}),
            "flows.nightly.jobs: extract: command and environment have 7,580 characters and may "
            "have 7,500: move what jobs share to the container's environment",
        ),
        (
            {
                "secrets": {"db": {"arn": SECRET_ARN}},
                "containers": {"default": {"build": "app", "secrets": {"PASSWORD": "db"}}},
                **flow({"extract": {"environment": {"PASSWORD": "x"}}}),
            },
            "flows.nightly.jobs: extract: PASSWORD is a secret of the container, and a variable "
            "has one source: take another name",
        ),
        (
            {
                "jobs": {"nightly": COMMAND},
                "flows": {"nightly": {"jobs": {"nightly": {}}}},
            },
            "flows.nightly: jobs.nightly has that name: rename one",
        ),
        (
            {
                "jobs": {"load": COMMAND},
                "flows": {"day": {"jobs": {"load": {}}}, "night": {"jobs": {"load": {}}}},
            },
            "flows.night.jobs.load: is in flows.day already, and two flows could run it at once: "
            "write a second job with the same command, or take it out of one",
        ),
        (
            {"jobs": {LONG: COMMAND}, "flows": {"y" * 23: {"jobs": {LONG: {}}}}},
            f"flows.{'y' * 23}.jobs.{LONG}: flow and job have 53 characters, and AWS leaves room "
            "for 52 in the name of a run: shorten one",
        ),
        (
            flow({"extract": {"retry": {"times": 0}}}),
            "flows.nightly.jobs.extract.retry.times: 0 is too small: write at least 1",
        ),
    ],
)
def test_a_flow_that_cannot_be_is_refused(
    directory: Path, sections: dict[str, object], line: str
) -> None:
    assert lines(directory, sections) == (line,)


def test_a_job_with_a_schedule_of_its_own_is_in_a_flow_with_a_warning(directory: Path) -> None:
    scheduled = {**COMMAND, "schedule": "rate(1 day)"}
    sections: dict[str, Any] = {
        "jobs": {"extract": scheduled, "load": {**scheduled, "overlap": "allow"}},
        "flows": {"nightly": {"jobs": {"extract": {}, "load": {}}}},
    }
    assert read(directory, sections).warnings == (
        "Pulumi.dev.yaml: flows.nightly.jobs.extract: has a schedule of its own, too, and overlap "
        "forbid does not see the runs of a flow: take one away, or write overlap: allow if two at "
        "a time do no harm",
    )


def test_a_job_with_events_of_its_own_is_in_a_flow_with_a_warning(directory: Path) -> None:
    on = {"objectCreated": {"bucket": "files"}}
    sections: dict[str, Any] = {
        "buckets": {"files": {}},
        "jobs": {"extract": {**COMMAND, "on": on, "overlap": "forbid"}},
        "flows": {"nightly": {"jobs": {"extract": {}}}},
    }
    said = "nightly.jobs.extract: has events of its own, too, and overlap forbid does not see"
    assert any(said in warning for warning in read(directory, sections).warnings)


def test_a_schedule_that_never_comes_is_a_warning_of_a_flow_too(directory: Path) -> None:
    (warning,) = read(directory, flow({"load": {}}, schedule="cron(0 0 30 2 ? *)")).warnings
    assert warning.startswith("Pulumi.dev.yaml: flows.nightly.schedule: ")


# -- workers


def test_a_worker_is_read(directory: Path) -> None:
    worker = {**COMMAND, "schedule": "rate(1 day)", "timeout": "6h", "heartbeat": "2m"}
    settings = read(directory, {"workers": {"sum-files": worker, "other": COMMAND}})
    read_worker, other = settings.workers["sum-files"], settings.workers["other"]
    assert (read_worker.timeout_seconds, read_worker.heartbeat_seconds) == (21_600, 120)
    assert (other.timeout_seconds, other.heartbeat_seconds, other.overlap) == (3_600, 60, "forbid")


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"workers": {"sum-files": {**COMMAND, "timeout": "2m", "heartbeat": "2m"}}},
            "workers.sum-files: heartbeat 2m is not shorter than timeout 2m: write a shorter one",
        ),
        (
            {"workers": {"sum-files": {**COMMAND, "timeout": "30s"}}},
            "workers.sum-files: heartbeat 1m is not shorter than timeout 30s: write a shorter one",
        ),
        (
            {"workers": {"sum-files": {**COMMAND, "heartbeat": "5s"}}},
            "workers.sum-files.heartbeat: 5s is too short: write 15s",
        ),
        (
            {"workers": {"sum-files": {**COMMAND, "overlap": "allow"}}},
            'workers.sum-files.overlap: "allow" is not one of the choices: write forbid or replace',
        ),
        (
            {"workers": {"sum-files": {**COMMAND, "container": "defualt"}}},
            'workers.sum-files.container: "defualt" is not a container of this file: write default',
        ),
        (
            {"workers": {"sum-files": {**COMMAND, "environment": {"JOB_ACTIVITY_ARN": "x"}}}},
            "workers.sum-files.environment.JOB_ACTIVITY_ARN: is set by every run itself: take "
            "another name",
        ),
        (
            {"jobs": {"sum-files": COMMAND}, "workers": {"sum-files": COMMAND}},
            "workers.sum-files: jobs.sum-files has that name: rename one",
        ),
    ],
)
def test_a_worker_that_cannot_be_is_refused(
    directory: Path, sections: dict[str, object], line: str
) -> None:
    assert lines(directory, sections) == (line,)


# -- warnings


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        (
            {"schedule": "cron(30 2 * * ? *)", "timezone": "Europe/Berlin"},
            '"cron(30 2 * * ? *)" in Europe/Berlin: clocks jump over 2027-03-28 02:30: AWS skips '
            "that run: take another hour if it must not",
        ),
        (
            {"schedule": "cron(0 0 30 2 ? *)"},
            '"cron(0 0 30 2 ? *)" never comes: change the day or the year, or remove the job',
        ),
        (
            {"schedule": "cron(0 0 1 1 ? *)", "startDate": "2027-01-02", "endDate": "2027-12-31"},
            '"cron(0 0 1 1 ? *)" does not come until endDate: change one of them',
        ),
        (
            {"schedule": ["rate(1 day)", "at(2026-11-22T09:00:00)"]},
            '"at(2026-11-22T09:00:00)" is over and never comes again: remove it',
        ),
        (
            {"schedule": "at(2026-11-22T18:00:00)", "timezone": "Asia/Tokyo"},
            '"at(2026-11-22T18:00:00)" is over and never comes again: remove it',
        ),
        (
            {"schedule": "at(2027-10-31T02:30:00)", "timezone": "Europe/Berlin"},
            '"at(2027-10-31T02:30:00)" in Europe/Berlin: clocks show it twice, and AWS does not '
            "say which one it takes: write another time, or take timezone: UTC",
        ),
        (
            # Lord Howe jumps over half an hour only, and "nightly" is moved right into it.
            {"schedule": "cron(4 2 * * ? *)", "timezone": "Australia/Lord_Howe", "spread": True},
            '"cron(4 2 * * ? *)", spread to "cron(26 2 * * ? *)", in Australia/Lord_Howe: clocks '
            "jump over 2027-10-03 02:26: AWS skips that run: take another hour if it must not",
        ),
    ],
)
def test_what_aws_takes_and_may_surprise_is_a_warning(
    directory: Path, keys: dict[str, object], warning: str
) -> None:
    settings = read(directory, job(**keys))
    assert settings.warnings == (f"Pulumi.dev.yaml: jobs.nightly.schedule: {warning}",)


def test_what_is_over_is_told_and_the_rest_goes_on(directory: Path) -> None:
    keys = {**DAILY, "endDate": "2026-11-21", "schedule": ["rate(1 day)", "cron(0 3 * * ? *)"]}
    line = 'Pulumi.dev.yaml: jobs.nightly.endDate: "2026-11-21" is over: nothing repeats any more'
    assert read(directory, job(**keys)).warnings == (line,)


@pytest.mark.parametrize(
    "keys",
    [
        {"schedule": "cron(30 2 * * ? *)", "timezone": "Asia/Tokyo"},
        {"schedule": "cron(30 3 * * ? *)", "timezone": "Europe/Berlin"},
        {"schedule": "cron(30 * * * ? *)", "timezone": "Europe/Berlin"},
        {"schedule": "rate(1 day)", "timezone": "Europe/Berlin"},
        {"schedule": "at(2026-11-22T18:00:01)", "timezone": "Asia/Tokyo"},
        {"schedule": "at(2027-10-31T03:30:00)", "timezone": "Europe/Berlin"},
        {**DAILY, "startDate": "2026-01-01", "endDate": "2026-11-23"},
        {**DAILY, "flexibleWindow": "24h", "spread": True},
        {},
    ],
)
def test_a_schedule_that_loses_no_run_needs_no_warning(
    directory: Path, keys: dict[str, object]
) -> None:
    assert read(directory, job(**keys)).warnings == ()


def test_what_a_job_says_of_its_times_becomes_its_timetable(directory: Path) -> None:
    keys: dict[str, object] = {
        "schedule": ["cron(0 3 1 * ? *)", "cron(0 3 ? * MON *)"],
        "timezone": "Asia/Tokyo",
        "startDate": "2026-12-01",
        "endDate": "2026-12-31T12:00:00",
        "flexibleWindow": "15m",
        "spread": True,
        "startDeadline": "30m",
        "enabled": False,
    }
    nightly = read(directory, job(**keys)).jobs["nightly"]
    dates = {
        "start": datetime(2026, 11, 30, 15, tzinfo=UTC),
        "end": datetime(2026, 12, 31, 3, tzinfo=UTC),
    }
    assert timetable_of("nightly", nightly, NOW) == Timetable(
        schedules=(
            Planned(number=1, expression="cron(46 3 1 * ? *)", **dates),
            Planned(number=2, expression="cron(46 3 ? * MON *)", **dates),
        ),
        timezone="Asia/Tokyo",
        window_minutes=15,
        start_deadline_seconds=1_800,
        enabled=False,
    )


@pytest.mark.parametrize(
    ("project", "warned"),
    [
        ("name: p\n", True),
        ("name: p\n# options: {refresh: always}\n", True),
        ("name: p\noptions:\n  refresh: always\n", False),
        ("name: p\noptions: {refresh: always}  # for keepPaused\n", False),
    ],
)
def test_pauses_that_are_to_stay_need_a_refresh_before_each_up(
    tmp_path: Path, project: str, warned: bool
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").touch()
    (tmp_path / "Pulumi.yaml").write_text(project)
    line = (
        "Pulumi.dev.yaml: keepPaused: true holds for a pause that Pulumi has seen: run pulumi up "
        "--refresh, or write options: {refresh: always} into Pulumi.yaml"
    )
    assert read(tmp_path, {"keepPaused": True}).warnings == ((line,) if warned else ())
    assert read(tmp_path, {}).warnings == ()


# -- the models as the reference of the keys


def models() -> list[type[BaseModel]]:
    modules = [
        import_module(f"stacks.settings.{found.name}") for found in iter_modules(package.__path__)
    ]
    return [
        model
        for module in (package, *modules)
        for model in vars(module).values()
        if isinstance(model, type)
        and issubclass(model, BaseModel)
        and model.__module__ == module.__name__
    ]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_key_has_a_description_and_an_example(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.examples, name


def test_a_grant_may_be_of_anything_in_the_stack_and_bounded_by_prefixes(directory: Path) -> None:
    settings = read(
        directory,
        {
            "jobs": {"report": COMMAND},
            **granting(
                {
                    "files": {"read": "incoming/", "write": ["done/", "failed/"]},
                    "archive": {"list": ""},
                    "topic:alerts": "publish",
                    "table:state": ["read", "write"],
                    "secret:sample": "read",
                    "job:report": "start",
                },
                buckets={"files": {}, "archive": {}},
                topics={"alerts": {}},
                tables={"state": {"partitionKey": "id"}},
                secrets={"sample": {"values": {"TOKEN": MASKED}}},
            ),
        },
    )
    assert settings.containers["default"].granted == (
        Grant(kind="bucket", name="files", verb="read", prefix="incoming/"),
        Grant(kind="bucket", name="files", verb="write", prefix="done/"),
        Grant(kind="bucket", name="files", verb="write", prefix="failed/"),
        Grant(kind="bucket", name="archive", verb="list"),
        Grant(kind="topic", name="alerts", verb="publish"),
        Grant(kind="table", name="state", verb="read"),
        Grant(kind="table", name="state", verb="write"),
        Grant(kind="secret", name="sample", verb="read"),
        Grant(kind="job", name="report", verb="start"),
    )


def test_a_variable_may_be_what_something_is_called_on_aws(directory: Path) -> None:
    settings = read(
        directory,
        {
            "jobs": {"report": {**COMMAND, "environment": {"BUCKET": {"bucket": "files"}}}},
            "buckets": {"files": {}},
            **with_environment({"job": "report"}),
        },
    )
    report = Reference(kind="job", name="report")
    assert settings.containers["default"].environment == {"A": report}
    files = Reference(kind="bucket", name="files")
    assert settings.jobs["report"].environment == {"BUCKET": files}


@pytest.mark.parametrize(
    "parameter",
    ["/batch/token", "token", "arn:aws:ssm:ap-northeast-1:111122223333:parameter/batch/x"],
)
def test_a_variable_may_come_from_a_parameter(directory: Path, parameter: str) -> None:
    source = parameter if parameter.startswith("arn:") else f"ssm:{parameter}"
    settings = read(directory, with_secret(source))
    secrets = settings.containers["default"].secrets
    assert secrets == {"A": ParameterReference(parameter=parameter)}


def test_who_means_it_may_look_into_production(directory: Path) -> None:
    container = {"build": "app", "debug": "force"}
    settings = read(directory, {"production": True, "containers": {"default": container}})
    assert settings.containers["default"].debug == "force"


def test_the_models_have_a_json_schema_in_the_words_of_the_file() -> None:
    schema = Settings.model_json_schema()
    assert set(SECTIONS) <= set(Settings.model_fields)
    assert "logRetentionDays" in schema["properties"]
    job_keys = schema["$defs"]["JobSettings"]["properties"]
    assert job_keys["timeout"]["type"] == "string"
    assert job_keys["timeout"]["default"] == "1h"
    assert job_keys["startDeadline"]["default"] == "1h"
    grants = schema["$defs"]["ContainerSettings"]["properties"]["grants"]
    assert {"enum", "items"} <= {
        key for choice in grants["additionalProperties"]["anyOf"] for key in choice
    }


def test_the_limits_of_names_are_those_of_the_names() -> None:
    longest = "x" * (mistakes.MAX_PREFIX_LENGTH - len("-dev"))
    assert names.longest_container_name(names.stack_prefix(longest, "dev")) == len("default")


# -- the running program


def test_a_program_reads_what_the_cli_hands_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    monkeypatch.setattr(pulumi, "get_project", lambda: "fargate-batch")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")
    monkeypatch.setenv(
        "PULUMI_CONFIG", json.dumps({"aws:region": "us-east-1", "fargate-batch:tracing": "true"})
    )
    token = CONFIG.set({})
    try:
        network = {"fargate-batch:network": '{"mode": "public"}'}
        set_all_config(network)
        settings = load_settings()
        set_all_config({**network, "rehearsal:now": "2027-01-01T00:00:00+00:00"})
        rehearsed = load_settings()
    finally:
        CONFIG.reset(token)
    assert abs(settings.now - datetime.now(tz=UTC)) < timedelta(hours=1)
    assert rehearsed.now == datetime(2027, 1, 1, tzinfo=UTC)
    assert (settings.project, settings.stack) == ("fargate-batch", "prod")
    assert (settings.region, settings.tracing) == ("us-east-1", True)
    assert settings.network.mode == "public"

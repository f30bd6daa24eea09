import json
from typing import Any

import pytest

from definitions.task_definition import (
    container_definitions,
    ecr_repository_arn,
    lifecycle_policy,
)


def container(**changed: Any) -> dict[str, Any]:
    given = {
        "image": "image@sha256:0",
        "environment": {"B": "2", "A": "1"},
        "secrets": {"TOKEN": "arn:secret:TOKEN::"},
        "log_group": "/group",
        "region": "eu-west-1",
        "debug": False,
        "stop_timeout_seconds": 30,
    }
    (made,) = json.loads(container_definitions(**(given | changed)))
    return made


def test_a_program_is_nobody_and_writes_to_tmp_only() -> None:
    made = container()
    assert made["user"] == "10001:10001"
    assert made["readonlyRootFilesystem"] is True
    assert made["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp"}]


def test_the_agent_of_a_shell_may_write_where_it_likes() -> None:
    made = container(debug=True)
    assert made["readonlyRootFilesystem"] is False
    assert made["user"] == "10001:10001"


def test_something_reaps_its_children_and_it_has_time_to_stop() -> None:
    made = container()
    assert made["linuxParameters"] == {"initProcessEnabled": True}
    assert made["stopTimeout"] == 30


def test_its_stream_is_found_by_the_tasks_id() -> None:
    assert container()["logConfiguration"]["options"] == {
        "awslogs-group": "/group",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "run",
    }


def test_the_text_does_not_depend_on_the_order_in_which_variables_were_written() -> None:
    assert container() == container(environment={"A": "1", "B": "2"})
    assert container()["secrets"] == [{"name": "TOKEN", "valueFrom": "arn:secret:TOKEN::"}]


def test_a_repository_keeps_at_least_the_last_thirty_releases() -> None:
    (rule,) = json.loads(lifecycle_policy())["rules"]
    assert rule["selection"]["countType"] == "imageCountMoreThan"
    assert rule["selection"]["countNumber"] >= 30 * 3, "a push may store three images"


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/batch:1.4",
            "arn:aws:ecr:eu-west-1:111122223333:repository/team/batch",
        ),
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/batch@sha256:00",
            "arn:aws:ecr:eu-west-1:111122223333:repository/batch",
        ),
        ("public.ecr.aws/docker/library/busybox", None),
        ("busybox", None),
    ],
)
def test_only_a_private_ecr_image_has_a_repository_to_be_allowed(
    image: str, arn: str | None
) -> None:
    assert ecr_repository_arn(image) == arn

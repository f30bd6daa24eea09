"""The end of whole stacks: what is deleted, in which order, and what AWS refuses to delete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import Deployment, Resource, deploy, destroy
from rehearsal.provider import AwsProvider
from rehearsal.provider.registry import KINDS
from rehearsal.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.conftest import START
from tests.rehearsal.leftovers import leftovers

PROGRAM = Path(__file__).parent / "everything"
NEVER_GONE = {"aws:ecs/taskDefinition:TaskDefinition"}
"""With skip_destroy, which all of ours have."""


@pytest.mark.parametrize("stack", ["everything", "dev", "prod"])
def test_after_everything_was_deleted_twice_nothing_is_left(stack: str) -> None:
    program = PROGRAM if stack == "everything" else ROOT
    stack_file = read_stack_file(program, "dev" if program == PROGRAM else stack)
    region = stack_file.config["aws:region"]
    with EmbeddedAws(region=region, start=START) as cloud:
        empty = leftovers(cloud, region)
        made = deploy(program, stack_file, AwsProvider(cloud))
        assert len(leftovers(cloud, region)) > len(made.resources) / 3  # the helper looks
        for _ in range(2):
            destroyed = destroy(made, stack_file, AwsProvider(cloud))
            assert destroyed.resources == {}
            kept = leftovers(cloud, region)
            revisions = [each for each in kept if ":task-definition/" in each]
            assert revisions, "skip_destroy keeps them for runs that wait"
            assert sorted({*kept} - {*revisions}) == empty
        for resource in made.resources.values():
            if resource.type in KINDS and resource.type not in NEVER_GONE:
                found = AwsProvider(cloud).read(
                    resource.type, resource.id, resource.inputs, resource.outputs
                )
                assert found is None, resource.name

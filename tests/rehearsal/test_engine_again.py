"""The second deployment: what is created, changed, replaced, deleted, and what is left alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import (
    DeployFailed,
    Deployment,
    Diff,
    Provider,
    Step,
    deploy,
    destroy,
    refresh,
)
from stacks.stack_file import StackFile

IMPORTS = "import pulumi, pulumi_aws as aws\noptions = pulumi.ResourceOptions\n"
STACK = StackFile("test", "dev", {}, [])
QUEUE = "aws:sqs/queue:Queue"


class Memory:
    """A provider that keeps what it makes in a dictionary, and writes down each call."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refuses: set[str] = set()
        """Calls that fail, such as ``delete q``."""
        self.may_look = False
        self.number = 0

    def configure(self, variables: dict[str, Any]) -> Provider:
        del variables
        return self

    def check(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        del type_
        return inputs

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        inputs: dict[str, Any],
    ) -> Diff:
        del type_, id_, old_outputs
        keys = sorted({*old_inputs, *inputs})
        changed = tuple(key for key in keys if old_inputs.get(key) != inputs.get(key))
        replaces = tuple(key for key in changed if key in ("fifoQueue", "policy"))
        return Diff(changed, replaces, bool(replaces) and "name" in inputs)

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        del type_
        self.call("create", name)
        self.number += 1
        made = f"{name}-{self.number}"
        self.there[made] = inputs
        return made, {"arn": f"arn:{made}"}

    def read(
        self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        del type_, inputs
        assert self.may_look, "a deployment never looks"
        return (self.there[id_], outputs) if id_ in self.there else None

    def update(
        self,
        type_: str,
        id_: str,
        inputs: dict[str, Any],
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
    ) -> dict[str, Any]:
        del type_, old_inputs
        self.call("update", id_)
        self.there[id_] = inputs
        return {"arn": old_outputs["arn"]}

    def delete(self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        del type_, inputs, outputs
        self.call("delete", id_)
        del self.there[id_]

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError(token, args)

    def call(self, *words: str) -> None:
        said = " ".join(words)
        if said in self.refuses:
            raise ValueError(f"no {said}")
        self.calls.append(said)


class Stack:
    """A project with a state, deployed program by program."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.aws = Memory()
        self.state: Deployment | None = None

    def deploy(self, program: str) -> list[tuple[str, str]]:
        """Deploy a program over the last state; return actions and names."""
        self.aws.calls.clear()
        (self.project / "__main__.py").write_text(IMPORTS + program)
        self.state = deploy(self.project, STACK, self.aws, before=self.state)
        return [(step.action, step.name) for step in self.state.steps]

    def refresh(self) -> None:
        """Bring the state to what is there."""
        assert self.state
        self.aws.may_look = True
        self.state = refresh(self.state, STACK, self.aws)
        self.aws.may_look = False

    def fail(self, program: str) -> list[str]:
        """Deploy a program that fails in part; return the lines."""
        with pytest.raises(DeployFailed) as failed:
            self.deploy(program)
        self.state = failed.value.deployment
        return [str(failure) for failure in failed.value.failures]

    @property
    def names(self) -> list[str]:
        assert self.state
        return [made.name for made in self.state.resources.values()]

    def step(self, name: str) -> Step:
        assert self.state
        (found,) = [step for step in self.state.steps if step.name == name]
        return found


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


TWO = (
    "a = aws.sqs.Queue('a', delay_seconds={})\n"
    "b = aws.sqs.Queue('b', tags={{'a': a.arn}})\npulumi.export('b', b.arn)\n"
)


def test_nothing_changed_is_nothing_done(stack: Stack) -> None:
    assert stack.deploy(TWO.format(1)) == [("create", "a"), ("create", "b")]
    first = stack.state
    assert stack.deploy(TWO.format(1)) == []
    assert stack.aws.calls == []
    assert first
    assert stack.state
    assert stack.state.outputs == first.outputs == {"b": "arn:b-2"}
    for urn, made in first.resources.items():
        assert (stack.state.resources[urn].id, stack.state.resources[urn].outputs) == (
            made.id,
            made.outputs,
        )


def test_a_changed_resource_is_updated_and_nothing_else(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    assert stack.deploy(TWO.format(2)) == [("update", "a")]
    assert stack.aws.calls == ["update a-1"]
    step = stack.step("a")
    assert (step.changed, step.old, step.new) == (
        ("delaySeconds",),
        {"delaySeconds": 1},
        {"delaySeconds": 2},
    )
    assert stack.deploy(TWO.format(2)) == []


def test_what_the_program_no_longer_has_is_deleted_after_everything_else(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    assert stack.deploy("aws.sqs.Queue('c')") == [
        ("create", "c"),
        ("delete", "b"),
        ("delete", "a"),
    ]
    assert stack.names == ["c"]
    assert list(stack.aws.there) == ["c-3"]


def test_a_replacement_is_made_first_and_the_old_one_deleted_last(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    program = TWO.format(1).replace("delay_seconds=1", "delay_seconds=1, fifo_queue=True")
    assert stack.deploy(program) == [("replace", "a"), ("update", "b")]
    assert stack.aws.calls == ["create a", "update b-2", "delete a-1"]
    assert stack.step("a").replaces == ("fifoQueue",)
    assert stack.aws.there["b-2"] == {"tags": {"a": "arn:a-3"}}  # it sees the new one
    assert stack.deploy(program) == []


def test_a_replacement_of_the_same_name_waits_and_so_do_those_it_replaces_too(
    stack: Stack,
) -> None:
    program = (
        "a = aws.sqs.Queue('a', name='one', fifo_queue={})\n"
        "aws.sqs.Queue('child', policy=a.arn)\n"
        "aws.sqs.Queue('friend', tags={{'a': a.arn}})\n"
    )
    stack.deploy(program.format(False))
    assert stack.deploy(program.format(True)) == [
        ("replace", "a"),
        ("replace", "child"),
        ("update", "friend"),
    ]
    assert stack.aws.calls[:3] == ["delete child-2", "delete a-1", "create a"]
    assert sorted(stack.aws.calls[3:]) == ["create child", "update friend-3"]
    assert stack.deploy(program.format(True)) == []


@pytest.mark.parametrize(
    ("option", "calls"),
    [
        ("True", ["delete a-1", "create a"]),
        ("False", ["create a", "delete a-1"]),
    ],
)
def test_the_program_may_say_what_comes_first(stack: Stack, option: str, calls: list[str]) -> None:
    program = (
        "aws.sqs.Queue('a', {}fifo_queue={{}}, opts=options(delete_before_replace={}))"
    ).format("" if option == "True" else "name='n', ", option)
    stack.deploy(program.format(False))
    stack.deploy(program.format(True))
    assert stack.aws.calls == calls


def test_a_failed_change_leaves_the_old_state_and_a_second_deployment_heals_it(
    stack: Stack,
) -> None:
    stack.deploy(TWO.format(1) + "aws.sqs.Queue('gone')")
    stack.aws.refuses = {"update a-1"}
    assert stack.fail(TWO.format(2) + "aws.sqs.Queue('new')") == [
        "aws:sqs/queue:Queue a: no update a-1",
        "aws:sqs/queue:Queue b: skipped, because it needs a, which failed",
    ]
    assert sorted(stack.names) == ["a", "b", "gone", "new"]
    assert stack.aws.there["a-1"] == {"delaySeconds": 1}
    stack.aws.refuses = set()
    program = TWO.format(2) + "aws.sqs.Queue('new')"
    assert stack.deploy(program) == [("update", "a"), ("delete", "gone")]
    assert stack.deploy(program) == []


def test_what_was_replaced_before_a_failure_is_deleted_by_the_next_deployment(
    stack: Stack,
) -> None:
    stack.deploy("aws.sqs.Queue('a')")
    changed = "aws.sqs.Queue('a', fifo_queue=True)\n"
    stack.aws.refuses = {"create bad"}
    stack.fail(changed + "aws.sqs.Queue('bad')")
    assert sorted(stack.aws.there) == ["a-1", "a-2"]
    stack.deploy(changed)
    assert list(stack.aws.there) == ["a-2"]
    assert stack.state
    assert stack.state.replaced == []


def test_a_replaced_one_that_cannot_be_deleted_is_tried_again(stack: Stack) -> None:
    stack.deploy("aws.sqs.Queue('a')")
    changed = "aws.sqs.Queue('a', fifo_queue=True)"
    stack.aws.refuses = {"delete a-1"}
    assert stack.fail(changed) == ["aws:sqs/queue:Queue a: no delete a-1"]
    stack.aws.refuses = set()
    assert stack.deploy(changed) == []
    assert list(stack.aws.there) == ["a-2"]


def test_what_cannot_be_deleted_keeps_what_it_needs(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    stack.aws.refuses = {"delete b-2"}
    assert stack.fail("") == [
        "aws:sqs/queue:Queue b: no delete b-2",
        "aws:sqs/queue:Queue a: not deleted, because b needs it and is still there",
    ]
    assert sorted(stack.names) == ["a", "b"]
    stack.aws.refuses = set()
    assert stack.deploy("") == [("delete", "b"), ("delete", "a")]


def test_what_is_retained_leaves_the_stack_and_stays_in_aws(stack: Stack) -> None:
    stack.deploy("aws.sqs.Queue('a', opts=options(retain_on_delete=True))")
    assert stack.deploy("") == [("retain", "a")]
    assert stack.names == []
    assert list(stack.aws.there) == ["a-1"]


def test_what_is_protected_is_neither_deleted_nor_replaced(stack: Stack) -> None:
    program = "aws.sqs.Queue('a', fifo_queue={}, opts=options(protect=True))"
    stack.deploy(program.format(False))
    assert stack.fail("") == ["aws:sqs/queue:Queue a: protected, and so not deleted"]
    assert stack.fail(program.format(True)) == [
        "aws:sqs/queue:Queue a: protected, but fifoQueue would replace it"
    ]
    assert list(stack.aws.there) == ["a-1"]


def test_a_change_to_be_ignored_is_none(stack: Stack) -> None:
    program = "aws.sqs.Queue('a', delay_seconds={}, opts=options(ignore_changes=['delaySeconds']))"
    stack.deploy(program.format(1))
    assert stack.deploy(program.format(2)) == []
    assert stack.aws.there == {"a-1": {"delaySeconds": 1}}


def test_an_ignored_change_by_hand_is_undone_by_another_one_unless_it_was_seen(
    stack: Stack,
) -> None:
    """An update says all of a resource, and of what is ignored what the state says."""
    program = (
        "aws.sqs.Queue('a', delay_seconds=1, max_message_size={},"
        " opts=options(ignore_changes=['delaySeconds']))"
    )
    stack.deploy(program.format(1_024))
    stack.aws.there["a-1"]["delaySeconds"] = 5
    stack.refresh()
    assert stack.deploy(program.format(2_048)) == [("update", "a")]
    assert stack.aws.there["a-1"] == {"delaySeconds": 5, "maxMessageSize": 2_048}
    stack.aws.there["a-1"] = {"delaySeconds": 7, "maxMessageSize": 2_048}
    stack.deploy(program.format(4_096))
    assert stack.aws.there["a-1"] == {"delaySeconds": 5, "maxMessageSize": 4_096}


def test_after_a_refresh_what_was_deleted_by_hand_is_made_anew(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    del stack.aws.there["a-1"]
    assert stack.deploy(TWO.format(1)) == []
    stack.refresh()
    assert stack.deploy(TWO.format(1))[0] == ("create", "a")


def test_a_program_is_told_what_time_it_is_there(stack: Stack) -> None:
    (stack.project / "__main__.py").write_text(
        "import pulumi\npulumi.export('now', pulumi.Config('rehearsal').get('now'))"
    )
    there = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    told = deploy(stack.project, STACK, stack.aws, now=there)
    assert told.outputs["now"] == "2026-11-23T01:02:03+00:00"
    assert "now" not in deploy(stack.project, STACK, stack.aws).outputs


def test_a_resource_is_found_under_its_former_name(stack: Stack) -> None:
    stack.deploy("a = aws.sqs.Queue('a')\naws.sqs.Queue('b', tags={'a': a.arn})")
    program = (
        "a = aws.sqs.Queue('z', opts=options(aliases=[pulumi.Alias(name='a')]))\n"
        "aws.sqs.Queue('b', tags={'a': a.arn})"
    )
    assert stack.deploy(program) == []
    assert sorted(stack.names) == ["b", "z"]
    assert stack.deploy("") == [("delete", "b"), ("delete", "z")]


def test_an_option_that_would_change_a_deployment_unseen_is_refused(stack: Stack) -> None:
    assert stack.fail("aws.sqs.Queue('a', opts=options(replace_on_changes=['tags']))") == [
        "aws:sqs/queue:Queue a: replace_on_changes is not known to the rehearsal: "
        "leave the option out"
    ]


def test_a_component_goes_with_its_children(stack: Stack) -> None:
    stack.deploy(
        "class C(pulumi.ComponentResource):\n"
        "    def __init__(self, name):\n"
        "        super().__init__('test:index:C', name)\n"
        "        aws.sqs.Queue('inner', opts=options(parent=self))\n"
        "C('outer')\n"
    )
    assert stack.deploy("") == [("delete", "inner")]
    assert stack.names == []


def test_a_refused_program_deletes_nothing(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    with pytest.raises(ZeroDivisionError):
        stack.deploy("1 / 0")
    assert stack.deploy(TWO.format(1)) == []


def test_destroy_deletes_all_in_reverse(stack: Stack) -> None:
    stack.deploy(TWO.format(1))
    assert stack.state
    destroyed = destroy(stack.state, STACK, stack.aws)
    assert [(step.action, step.name) for step in destroyed.steps] == [
        ("delete", "b"),
        ("delete", "a"),
    ]
    assert destroyed.resources == {}
    assert stack.aws.there == {}

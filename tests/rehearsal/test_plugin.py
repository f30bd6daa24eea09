"""What the plugins answer the engine, without the engine: secrets, unknowns, connections."""

import json
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from rehearsal import wire
from rehearsal.engine import Diff
from rehearsal.provider.plugin import AwsPlugin

TYPE = "aws:sns/topic:Topic"


class Recording:
    """A provider that remembers what it was asked and answers with the inputs."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.settings = settings or {}
        self.asked: list[Any] = []

    def configure(self, variables: dict[str, Any]) -> "Recording":
        return Recording(variables)

    def check(self, _type: str, inputs: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(inputs)
        text = {key: json.dumps(value) for key, value in inputs.items() if key == "policy"}
        return {**inputs, **text}

    def diff(self, *_: Any) -> Diff:
        return Diff(changed=("name", "policy"), replaces=("name",), delete_before_replace=True)

    def create(self, _type: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self.asked.append(inputs)
        return name, {"arn": f"arn:{self.settings.get('region')}", "said": f"is {inputs}"}

    def read(
        self, _type: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return None if id_ == "gone" else (inputs, outputs)

    def update(
        self,
        _type: str,
        _id: str,
        inputs: dict[str, Any],
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
    ) -> dict[str, Any]:
        self.asked.append((inputs, old_inputs, old_outputs))
        return {"arn": "arn:new"}

    def delete(self, *asked: Any) -> None:
        self.asked.append(asked)

    def invoke(self, _token: str, args: dict[str, Any]) -> dict[str, Any]:
        return args


@pytest.fixture
def provider() -> Recording:
    return Recording()


@pytest.fixture
def plugin(provider: Recording) -> AwsPlugin:
    return AwsPlugin(provider)


def struct(**values: Any) -> struct_pb2.Struct:
    return wire.to_struct(values)


def ask(plugin: AwsPlugin, method: str, request: Any, peer: str = "one") -> Any:
    return plugin.answers()[method](request, peer)


def test_the_provider_sees_no_wrapping_and_the_state_keeps_it(
    plugin: AwsPlugin, provider: Recording
) -> None:
    given = struct(name=wire.secret("hush"), count=3, nested={"a": wire.secret("hush"), "b": "c"})
    answer = ask(plugin, "Check", provider_pb2.CheckRequest(type=TYPE, news=given))
    assert provider.asked == [{"name": "hush", "count": 3, "nested": {"a": "hush", "b": "c"}}]
    assert answer.inputs == given


def test_an_output_that_shows_a_secret_is_one(plugin: AwsPlugin) -> None:
    request = provider_pb2.CreateRequest(
        type=TYPE, name="told", properties=struct(name=wire.secret("hush"))
    )
    outputs = wire.from_struct(ask(plugin, "Create", request).properties)
    assert outputs["said"] == wire.secret("is {'name': 'hush'}")
    assert outputs["arn"] == "arn:None"


def test_a_policy_with_a_secret_is_a_secret_text(plugin: AwsPlugin) -> None:
    request = provider_pb2.CheckRequest(
        type=TYPE, news=struct(policy={"Id": wire.secret("hush"), "Version": "1"})
    )
    inputs = wire.from_struct(ask(plugin, "Check", request).inputs)
    assert inputs["policy"] == wire.secret('{"Id": "hush", "Version": "1"}')


def test_a_policy_with_something_unknown_is_unknown_in_a_preview(plugin: AwsPlugin) -> None:
    request = provider_pb2.CheckRequest(
        type=TYPE, news=struct(policy={"Id": rpc.UNKNOWN}, tags={"a": rpc.UNKNOWN})
    )
    inputs = wire.from_struct(ask(plugin, "Check", request).inputs)
    assert inputs == {"policy": rpc.UNKNOWN, "tags": {"a": rpc.UNKNOWN}}


def test_a_preview_makes_nothing(plugin: AwsPlugin, provider: Recording) -> None:
    create = provider_pb2.CreateRequest(type=TYPE, properties=struct(name="x"), preview=True)
    assert ask(plugin, "Create", create).properties == create.properties
    update = provider_pb2.UpdateRequest(
        type=TYPE,
        olds=struct(name="x", left="out", arn="arn:old"),
        old_inputs=struct(name="x", left="out"),
        news=struct(name="y"),
        preview=True,
    )
    assert ask(plugin, "Update", update).properties == struct(name="y", arn="arn:old")
    assert provider.asked == []


def test_an_update_hands_over_old_and_new(plugin: AwsPlugin, provider: Recording) -> None:
    request = provider_pb2.UpdateRequest(
        type=TYPE,
        olds=struct(name=wire.secret("x"), arn="arn:old"),
        old_inputs=struct(name=wire.secret("x")),
        news=struct(name=wire.secret("y")),
    )
    answer = ask(plugin, "Update", request)
    assert provider.asked == [({"name": "y"}, {"name": "x"}, {"name": "x", "arn": "arn:old"})]
    assert answer.properties == struct(name=wire.secret("y"), arn="arn:new")


def test_a_difference_is_told_with_what_it_replaces(plugin: AwsPlugin) -> None:
    answer = ask(plugin, "Diff", provider_pb2.DiffRequest(type=TYPE))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert (answer.diffs, answer.replaces) == (["name", "policy"], ["name"])
    assert answer.deleteBeforeReplace


def test_a_resource_that_is_gone_has_no_id(plugin: AwsPlugin) -> None:
    gone = provider_pb2.ReadRequest(type=TYPE, id="gone", properties=struct(arn="a"))
    assert ask(plugin, "Read", gone) == provider_pb2.ReadResponse()
    there = provider_pb2.ReadRequest(
        type=TYPE, id="there", inputs=struct(name=wire.secret("x")), properties=struct(name="x")
    )
    answer = ask(plugin, "Read", there)
    assert (answer.id, answer.properties) == ("there", struct(name=wire.secret("x")))


def test_each_connection_has_the_settings_of_its_own_provider(plugin: AwsPlugin) -> None:
    for peer, region in (("one", "eu-west-1"), ("other", "us-east-1")):
        request = provider_pb2.ConfigureRequest(args=struct(region=region, version="7.0.0"))
        ask(plugin, "Configure", request, peer)
    create = provider_pb2.CreateRequest(type=TYPE, name="told", properties=struct(name="x"))
    outputs = wire.from_struct(ask(plugin, "Create", create, "one").properties)
    assert outputs["arn"] == "arn:eu-west-1"


def test_unknown_stands_for_a_secret_that_is_not_known_yet() -> None:
    output = {rpc._special_sig_key: rpc._special_output_value_sig, "secret": True}  # noqa: SLF001 - as on the wire
    assert wire.plain({"a": output}) == {"a": wire.UNKNOWN}
    assert wire.masked({"a": output}) == {"a": wire.MASK}

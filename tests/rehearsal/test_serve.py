"""``python -m rehearsal serve`` as everybody on this machine meets it; tests/engine has the CLI."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from rehearsal.serve import PASSPHRASE, SALT, ServeError, passphrase_of
from stacks.stack_file import StackFile
from tests.deploying import ROOT
from tests.serving import Server, copy_project

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": "arn:aws:sns:ap-northeast-1:123456789012:told",
        }
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    with Server(project) as serving:
        yield serving
        assert serving.end(signal.SIGINT) == 0


@pytest.fixture(scope="module")
def plugin(server: Server) -> Iterator[Any]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port + 1}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)


def client(server: Server, service: str) -> Any:
    exports = server.environment()
    return boto3.Session().client(
        service,
        endpoint_url=exports["AWS_ENDPOINT_URL"],
        region_name=exports["AWS_REGION"],
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
    )


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def refused(project: Path, *arguments: str) -> str:
    """Serve in vain; return what was said."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "rehearsal", "serve", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stderr == ""
    (line,) = ended.stdout.splitlines()
    return line


def test_it_says_what_to_type_next(server: Server) -> None:
    said = [line.strip() for line in server.said]
    typed = said.index("source .rehearsal/env")
    assert said[typed + 1 : typed + 3] == ["pulumi stack select --create dev", "pulumi up"]


def test_the_exports_are_for_their_owners_eyes(server: Server) -> None:
    assert stat.S_IMODE((server.project / ".rehearsal/env").stat().st_mode) == 0o600


def test_the_exports_lead_the_cli_and_every_sdk_here(server: Server) -> None:
    exports = server.environment()
    backend = server.project / ".rehearsal/backend"
    assert exports["PULUMI_DEBUG_PROVIDERS"] == f"aws:{server.port + 1},awsx:{server.port + 2}"
    assert exports["PULUMI_BACKEND_URL"] == backend.as_uri()
    assert exports["PULUMI_CONFIG_PASSPHRASE"] == PASSPHRASE
    assert exports["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{server.port}"
    assert exports["AWS_REGION"] == exports["AWS_DEFAULT_REGION"] == "ap-northeast-1"
    assert list(backend.iterdir()) == []


def test_nothing_of_the_developers_own_account_is_left_in_that_shell(server: Server) -> None:
    exports = server.environment(
        AWS_PROFILE="production",
        AWS_SESSION_TOKEN="real",
        AWS_ENDPOINT_URL_S3="https://s3.amazonaws.com",
        AWS_ACCESS_KEY_ID="AKIAREAL",
        AWS_CONFIG_FILE="/home/me/.aws/config",
    )
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & exports.keys()
    assert exports["AWS_ACCESS_KEY_ID"] != "AKIAREAL"
    assert exports["AWS_CONFIG_FILE"] == "/dev/null"


def test_all_three_ports_listen_on_this_machine_alone(server: Server) -> None:
    for port in range(server.port, server.port + 3):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        # Who listens everywhere would have this address, too.
        socket.create_server(("127.0.0.2", port)).close()


def test_a_state_machine_started_over_http_runs_and_its_end_is_shown(server: Server) -> None:
    states = client(server, "stepfunctions")
    definition = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 0, "End": True}},
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = client(server, "iam").create_role(
        RoleName="any",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    machine = states.create_state_machine(
        name="waits", definition=json.dumps(definition), roleArn=role
    )
    states.start_execution(stateMachineArn=machine["stateMachineArn"], name="once")
    (line,) = [line for line in server.wait_for("once") if "once" in line]
    assert re.fullmatch(r"\d\d:\d\d:\d\d waits · once succeeded", line)


def test_the_plugin_shakes_hands_as_the_engine_wants(plugin: Any) -> None:
    answer = plugin.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert answer.accept_secrets
    assert answer.accept_resources


def test_what_the_plugin_creates_is_there_over_http(server: Server, plugin: Any) -> None:
    checked = plugin.Check(
        provider_pb2.CheckRequest(
            type="aws:sns/topic:Topic",
            name="told",
            news=struct({"name": "told", "policy": POLICY}),
        )
    ).inputs
    assert json.loads(checked["policy"]) == POLICY
    made = plugin.Create(
        provider_pb2.CreateRequest(type="aws:sns/topic:Topic", name="told", properties=checked)
    )
    (topic,) = client(server, "sns").list_topics()["Topics"]
    assert made.id == json_format.MessageToDict(made.properties)["arn"] == topic["TopicArn"]


def test_what_the_provider_refuses_is_told_in_one_line_without_its_secrets(plugin: Any) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    with pytest.raises(grpc.RpcError) as refusal:
        plugin.Create(
            provider_pb2.CreateRequest(
                type="aws:sns/topic:Topic",
                name="told",
                properties=struct(
                    {"tagsAll": {"aws:hush": "x"}, "name": secret | {"value": "hush"}}
                ),
            )
        )
    told: Any = refusal.value
    assert told.code() == grpc.StatusCode.UNKNOWN
    assert told.details() == "tag 'aws:[secret]': names that begin with aws: belong to AWS"


def test_a_second_server_in_the_folder_is_refused_with_the_process_of_the_first(
    server: Server,
) -> None:
    said = refused(server.project)
    assert said == f"error: a server runs here already (process {server.process.pid}): end it first"


def test_a_port_in_use_is_named_with_the_remedy(server: Server, tmp_path: Path) -> None:
    other = copy_project(tmp_path)
    said = refused(other, "--port", str(server.port - 1))  # its second one is taken
    assert said.startswith(f"error: port {server.port}: Address already in use")
    assert "--port 7600" in said
    assert not (other / ".rehearsal/env").exists()


def test_exports_that_cannot_be_written_end_it(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    missing = tmp_path / "missing" / "env"
    said = refused(project, "--port", "7650", "--env", str(missing))
    assert said.startswith(f"error: {missing} cannot be written (No such file or directory)")
    assert (project / "Pulumi.dev.yaml").read_bytes() == (ROOT / "Pulumi.dev.yaml").read_bytes()


def test_a_signal_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    with Server(copy_project(tmp_path), "--env", "exports") as server:
        assert f"encryptionsalt: {SALT}" in (server.project / "Pulumi.dev.yaml").read_text()
        idle = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        assert server.end(signal.SIGTERM) == 0
        idle.close()
    for port in range(server.port, server.port + 3):
        socket.create_server(("127.0.0.1", port)).close()
    assert not (server.project / "exports").exists()
    before = (ROOT / "Pulumi.dev.yaml").read_bytes()
    assert (server.project / "Pulumi.dev.yaml").read_bytes() == before


def test_a_stack_without_secrets_has_the_rehearsals_own_passphrase() -> None:
    given = {"PULUMI_CONFIG_PASSPHRASE": "really secret"}
    assert passphrase_of(StackFile("test", "dev", {}, []), given) == PASSPHRASE
    left = StackFile("test", "dev", {}, [], encryption_salt=SALT)
    assert passphrase_of(left, given) == PASSPHRASE


def test_a_stack_with_a_salt_has_the_developers_passphrase(tmp_path: Path) -> None:
    salted = StackFile("test", "dev", {}, [], encryption_salt="v1:other")
    assert passphrase_of(salted, {"PULUMI_CONFIG_PASSPHRASE": "given"}) == "given"
    (tmp_path / "phrase").write_text("in a file\n")
    in_file = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "phrase")}
    assert passphrase_of(salted, in_file) == "in a file"
    with pytest.raises(ServeError, match=r"^Pulumi.dev.yaml .*: set PULUMI_CONFIG_PASSPHRASE;"):
        passphrase_of(salted, {})


@pytest.mark.parametrize(
    ("stack_file", "keeper"),
    [
        (StackFile("test", "dev", {}, ["test:key"]), "Pulumi Cloud"),
        (StackFile("test", "dev", {}, [], secrets_provider="awskms://alias/a"), "awskms://alias/a"),
    ],
)
def test_secrets_that_no_passphrase_opens_are_refused(stack_file: StackFile, keeper: str) -> None:
    with pytest.raises(ServeError, match=f"encrypted by {keeper}, which nobody asks here"):
        passphrase_of(stack_file, {"PULUMI_CONFIG_PASSPHRASE": "given"})

"""A rehearsal on a machine with real credentials uses none of them and sends nothing outside."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud import Played
from tests.rehearsal.living_stack import living_stack

KEY = "AKIAREALREALREALREAL"
SHOW = ["python", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """Serve as the endpoint that the environment names; give its address and what it heard."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.requestline)
            self.send_error(500)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815 - as inherited

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as inherited
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every host that this process connects to or looks up, and refuse all but this one."""
    seen: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def note(host: Any) -> None:
        seen.append(str(host))
        if str(host) not in ("127.0.0.1", "localhost"):
            raise AssertionError(f"something reaches out to {host}")

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            note(address[0])
        connect(self, address)

    def look_up_here(host: Any, *args: Any, **more: Any) -> Any:
        note(host)
        return look_up(host, *args, **more)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    return seen


def test_real_credentials_and_endpoints_in_the_environment_are_never_used(
    trap: tuple[str, list[str]],
    addresses: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    endpoint, heard = trap
    profile = f"[production]\naws_access_key_id = {KEY}\naws_secret_access_key = s3cr3t\n"
    (tmp_path / "credentials").write_text(profile)
    (tmp_path / "config").write_text(f"[profile production]\nendpoint_url = {endpoint}\n")
    theirs = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "s3cr3t",
        "AWS_SESSION_TOKEN": "t0k3n",
        "AWS_PROFILE": "production",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "HTTPS_PROXY": endpoint,
        "HTTP_PROXY": endpoint,
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    with living_stack("dev") as stack:
        stack.aws.play = lambda _: Played()
        assert (
            stack.run(command=None)["status"] == "SUCCEEDED"
        )  # the program itself, which calls S3
        stack.run(SHOW)
        logs, group = stack.aws.client("logs"), stack.exports["logGroups"]["default"]
        lines = [
            event["message"]
            for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"]
            )["events"]
        ]
    (shown,) = [json.loads(line) for line in lines if '"PATH": ' in line]
    values = " ".join(f"{name}={value}" for name, value in shown.items())
    for secret in (KEY, "s3cr3t", "t0k3n", "production", endpoint):
        assert secret not in values
    assert not heard
    assert set(addresses) <= {"127.0.0.1", "localhost"}

"""The program as ECS runs it: a process, its lines, its exit code, its signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from .conftest import APP

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def environment(**variables: str) -> dict[str, str]:
    """Return what a task has in its environment, and nothing of the developer's own."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "ap-northeast-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "JOB_NAME": "list-files",
        "JOB_RUN_ID": "list-files-2026-11-22T033000Z",
        "JOB_ATTEMPT": "2",
        **variables,
    }


def start(**variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "list_files"],
        cwd=APP,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run(**variables: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the program to its end: its exit code, its lines; it writes nothing else."""
    with start(**variables) as process:
        out, err = process.communicate()
    assert err == "", "a traceback or warning is not a structured line"
    return process.returncode, [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def moto_s3() -> Iterator[str]:
    """Return the address of an S3 with three files in the bucket ``files``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_bucket(Bucket="files")
    for key, body in {"a.txt": b"1", "b.txt": b"22", "請求書.csv": b"333"}.items():
        client.put_object(Bucket="files", Key=key, Body=body)
    client.close()
    yield endpoint
    server.stop()


@contextmanager
def s3_that(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve an S3 that answers every GET so, and return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def reply(request: BaseHTTPRequestHandler, status: int, xml: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(xml)))
    request.end_headers()
    request.wfile.write(xml.encode())


FIRST_OF_TWO_PAGES = (
    "<ListBucketResult><IsTruncated>true</IsTruncated>"
    "<NextContinuationToken>next</NextContinuationToken>"
    "<Contents><Key>a.txt</Key><Size>5</Size>"
    "<LastModified>2026-11-22T03:30:00.000Z</LastModified></Contents></ListBucketResult>"
)


def test_every_file_is_a_line_and_the_last_line_is_the_sum(moto_s3: str) -> None:
    code, lines = run(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=moto_s3, **CREDENTIALS)
    assert code == 0
    files, summary = lines[:-1], lines[-1]
    assert [(line["key"], line["size_bytes"]) for line in files] == [
        ("a.txt", 1),
        ("b.txt", 2),
        ("請求書.csv", 3),
    ]
    assert all(datetime.fromisoformat(line["last_modified"]).tzinfo for line in files)
    assert (summary["files"], summary["bytes"]) == (3, 6)


def test_every_line_says_when_how_grave_and_for_which_attempt_of_which_run(moto_s3: str) -> None:
    _, lines = run(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=moto_s3, **CREDENTIALS)
    for line in lines:
        assert datetime.fromisoformat(line["time"]).tzinfo is not None
        assert (line["level"], line["job"], line["run"], line["attempt"]) == (
            "INFO",
            "list-files",
            "list-files-2026-11-22T033000Z",
            "2",
        )


def failing_line(**variables: str) -> tuple[int, dict[str, Any]]:
    """Run a program that cannot work: its exit code and its one line."""
    code, [line] = run(**variables)
    assert line["level"] == "ERROR"
    assert line["exit_code"] == code
    assert line["remedy"]
    return code, line


@pytest.mark.parametrize("variables", [{}, {"S3_BUCKET_NAME": ""}], ids=["missing", "empty"])
def test_without_a_bucket_name_it_says_which_variable_is_missing(variables: dict[str, str]) -> None:
    code, line = failing_line(**variables, **CREDENTIALS)
    assert code == 64
    assert line["message"] == "The variable S3_BUCKET_NAME is not set."


def test_a_bucket_that_does_not_exist_is_named(moto_s3: str) -> None:
    code, line = failing_line(S3_BUCKET_NAME="filez", AWS_ENDPOINT_URL=moto_s3, **CREDENTIALS)
    assert (code, line["message"]) == (64, "There is no bucket 'filez'.")


def test_without_credentials_it_says_so(moto_s3: str) -> None:
    code, line = failing_line(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=moto_s3)
    assert code == 77
    assert "no usable AWS credentials" in line["message"]


def test_who_is_refused_reads_it_as_a_matter_of_access() -> None:
    denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    with s3_that(lambda request: reply(request, 403, denied)) as endpoint:
        code, line = failing_line(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=endpoint, **CREDENTIALS)
    assert (code, line["message"]) == (
        77,
        "Listing the bucket 'files' was refused: AccessDenied",
    )


def test_an_endpoint_that_nobody_listens_at_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    code, line = failing_line(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=endpoint, **CREDENTIALS)
    assert code == 69
    assert endpoint in line["message"]


def test_an_error_that_nobody_foresaw_is_one_line_as_well() -> None:
    code, line = failing_line(
        S3_BUCKET_NAME="files", AWS_ENDPOINT_URL="not an address", **CREDENTIALS
    )
    assert code == 1
    assert "not an address" in line["message"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_told_to_stop_while_it_waits_for_a_page_it_says_how_far_it_got(
    number: signal.Signals, code: int
) -> None:
    asked, done = threading.Event(), threading.Event()

    def first_page_then_silence(request: BaseHTTPRequestHandler) -> None:
        if "continuation-token" in request.path:
            asked.set()
            done.wait(timeout=60)
        else:
            reply(request, 200, FIRST_OF_TWO_PAGES)

    with (
        s3_that(first_page_then_silence) as endpoint,
        start(S3_BUCKET_NAME="files", AWS_ENDPOINT_URL=endpoint, **CREDENTIALS) as process,
    ):
        try:
            assert asked.wait(timeout=60)
            process.send_signal(number)
            out, err = process.communicate()
        finally:
            done.set()
    assert (process.returncode, err) == (code, "")
    last = json.loads(out.splitlines()[-1])
    assert (last["level"], last["files"], last["bytes"], last["exit_code"]) == (
        "WARNING",
        1,
        5,
        code,
    )
    assert last["message"] == f"Told to stop by {number.name}: the list is not complete."

"""The sample worker as ECS runs it: a process that fetches a task, says that it lives, answers."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sum_files.worker import CLIENT, POLLS

from .conftest import APP
from .test_program import CREDENTIALS, environment, reply

ACTIVITY = "arn:aws:states:ap-northeast-1:123456789012:activity:fargate-batch-dev--sum-files"
TASK = {"taskToken": "the-token", "input": '{"job": "sum-files", "bucket": "files"}'}
FILES = (
    "<ListBucketResult><IsTruncated>false</IsTruncated>"
    + "".join(
        f"<Contents><Key>{key}</Key><Size>{size}</Size>"
        "<LastModified>2026-11-22T03:30:00.000Z</LastModified></Contents>"
        for key, size in {"2026/a.csv": 5, "2026/b.csv": 6, "README.txt": 1}.items()
    )
    + "</ListBucketResult>"
)
SLOW = 10.0
"""Seconds after which something is missing that another thread should have done at once."""

Answer = Callable[[int], dict[str, Any] | str]
"""What an operation answers the n-th time: a body, or the code of a refusal."""


class Aws:
    """Step Functions and S3 at one address, which remembers what it was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = {"GetActivityTask": lambda _: TASK, **answers}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.heard = threading.Condition()
        self.listing: Callable[[], None] = lambda: None
        """Called before a bucket is listed."""
        self.listed = threading.Event()
        self.address = ""

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def wait_for(self, operation: str, times: int) -> None:
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.asked(operation)) >= times, SLOW), operation

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | str:
        with self.heard:
            self.calls.append((operation, request))
            self.heard.notify_all()
        answer: Answer = self.answers.get(operation, lambda _: {})
        return answer(len(self.asked(operation)))


@contextmanager
def served(aws: Aws) -> Iterator[Aws]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = aws.answer(operation, json.loads(body))
            if isinstance(answer, str):
                reply(self, 400, json.dumps({"__type": answer, "message": "said so"}))
            else:
                reply(self, 200, json.dumps(answer))

        def do_GET(self) -> None:
            aws.listed.set()
            aws.listing()
            reply(self, 200, FILES)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        aws.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()


def start(aws: Aws, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sum_files"],
        cwd=APP,
        env=environment(
            **{
                "AWS_ENDPOINT_URL": aws.address,
                "JOB_ACTIVITY_ARN": ACTIVITY,
                "JOB_HEARTBEAT_SECONDS": "0.15",
                **CREDENTIALS,
                **variables,
            }
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """Wait for the program's end: its exit code and its lines; it writes nothing else."""
    out, err = process.communicate()
    assert err == "", "a traceback or warning is not a structured line"
    return process.returncode, [json.loads(line) for line in out.splitlines()]


def test_a_worker_lives_while_it_works_and_answers_with_the_sums() -> None:
    with served(Aws()) as aws:
        aws.listing = lambda: aws.wait_for("SendTaskHeartbeat", 4)
        with start(aws) as process:
            code, lines = ended(process)
    assert (code, lines[-1]["message"]) == (0, "All files added up.")
    (fetched,) = aws.asked("GetActivityTask")
    assert fetched == {"activityArn": ACTIVITY, "workerName": "list-files-2026-11-22T033000Z"}
    assert aws.asked("SendTaskHeartbeat")[0] == {"taskToken": "the-token"}
    (answer,) = aws.asked("SendTaskSuccess")
    assert answer["taskToken"] == "the-token"
    assert json.loads(answer["output"]) == {
        "bucket": "files",
        "files": 3,
        "bytes": 12,
        "folders": {"/": {"files": 1, "bytes": 1}, "2026/": {"files": 2, "bytes": 11}},
    }


def test_a_worker_asks_again_while_there_is_no_task_and_ends_in_the_end() -> None:
    with served(Aws(GetActivityTask=lambda _: {})) as aws, start(aws) as process:
        code, (line,) = ended(process)
    assert (code, line["message"]) == (69, "There was no task to work on.")
    assert len(aws.asked("GetActivityTask")) == POLLS


def test_the_client_waits_longer_than_a_poll_takes() -> None:
    settings: Any = CLIENT
    assert settings.read_timeout >= 65, "GetActivityTask, API reference"


def test_a_worker_that_cannot_do_its_work_answers_why() -> None:
    task = {**TASK, "input": "{}"}
    with served(Aws(GetActivityTask=lambda _: task)) as aws, start(aws) as process:
        code, (line,) = ended(process)
    assert code == line["exit_code"] == 64
    (answer,) = aws.asked("SendTaskFailure")
    assert (answer["error"], answer["cause"]) == (
        "SumFilesFailed",
        "The variable S3_BUCKET_NAME is not set.",
    )
    assert aws.asked("SendTaskSuccess") == []


def test_a_worker_that_is_told_to_stop_says_so_before_it_ends() -> None:
    with served(Aws()) as aws:
        aws.listing = lambda: aws.wait_for("SendTaskFailure", 1)
        with start(aws) as process:
            assert aws.listed.wait(SLOW)
            process.send_signal(signal.SIGTERM)
            code, lines = ended(process)
    assert (code, lines[-1]["message"]) == (143, "Told to stop by SIGTERM.")
    (answer,) = aws.asked("SendTaskFailure")
    assert (answer["error"], answer["cause"]) == ("SumFilesStopped", "Told to stop by SIGTERM.")


def test_a_worker_stops_when_nobody_waits_for_it_any_more() -> None:
    def beat(times: int) -> dict[str, Any] | str:
        return {} if times == 1 else "TaskTimedOut"

    gone = Aws(SendTaskHeartbeat=beat, SendTaskFailure=lambda _: "TaskTimedOut")
    with served(gone) as aws:
        aws.listing = lambda: aws.wait_for("SendTaskFailure", 1)
        with start(aws) as process:
            code, lines = ended(process)
    assert code == 143
    assert [line["message"] for line in lines] == [
        "Nobody waits for this task any more.",
        "Told to stop by SIGTERM.",
    ]


def test_a_heartbeat_that_fails_is_no_reason_to_give_up() -> None:
    def beat(times: int) -> dict[str, Any] | str:
        return "InvalidRequest" if times == 2 else {}

    with served(Aws(SendTaskHeartbeat=beat)) as aws:
        aws.listing = lambda: aws.wait_for("SendTaskHeartbeat", 3)
        with start(aws) as process:
            code, lines = ended(process)
    assert code == 0
    assert lines[0]["message"] == "A heartbeat failed: ClientError."


@pytest.mark.parametrize(
    ("refused", "code", "message"),
    [
        ("AccessDeniedException", 77, "GetActivityTask was refused: AccessDeniedException"),
        ("ActivityDoesNotExist", 64, f"There is no activity {ACTIVITY}."),
    ],
)
def test_who_may_not_fetch_or_finds_no_activity_is_told(
    refused: str, code: int, message: str
) -> None:
    with served(Aws(GetActivityTask=lambda _: refused)) as aws, start(aws) as process:
        exit_code, (line,) = ended(process)
    assert (exit_code, line["message"], bool(line["remedy"])) == (code, message, True)


def test_without_an_activity_it_says_what_is_missing() -> None:
    with start(Aws(), JOB_ACTIVITY_ARN="") as process:
        code, (line,) = ended(process)
    assert (code, line["message"]) == (64, "The variable JOB_ACTIVITY_ARN is not set.")

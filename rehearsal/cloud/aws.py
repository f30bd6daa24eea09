"""An AWS in this process, in virtual time."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.sts.models import sts_backends
from werkzeug.serving import make_server

from rehearsal.cloud import (
    arguments,
    chatbot_api,
    ecs_exec,
    iam_api,
    s3,
    secretsmanager,
    sns,
    sqs,
    stepfunctions,
    strict,
    tracing,
    updates,
)
from rehearsal.cloud.alarms import Alarms
from rehearsal.cloud.chatbot import Chatbot, SlackMessage
from rehearsal.cloud.clock import LatchedEvent, VirtualClock
from rehearsal.cloud.ecs import Attempt, Fargate, Played
from rehearsal.cloud.events import EventBus
from rehearsal.cloud.iam import ADMINISTRATOR_KEY, Iam
from rehearsal.cloud.network import Front, Network
from rehearsal.cloud.pipes import Pipes
from rehearsal.cloud.repairs import (
    Repairs,
    answer_receives_at_once,
    find_methods_once,
    leave_out_machine_images,
    put_time_on_the_clock,
    read_service_models_once,
)
from rehearsal.cloud.scheduler import Schedules
from rehearsal.cloud.sns import Mail
from rehearsal.cloud.stepfunctions.registrations import Registration
from rehearsal.cloud.webhooks import Webhooks

ADMINISTRATOR = {
    "AccessKeyId": ADMINISTRATOR_KEY,
    "SecretAccessKey": "rehearsal",
}
"""Credentials that may do everything, over HTTP too."""

_SETTINGS = {"stepfunctions": {"execute_state_machine": True}}
_SESSION_SECONDS = 3_600
_NO_FILES = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Kept in the environment meanwhile, so that no profile of the developer is ever read."""


_open = threading.Event()
_lock = threading.RLock()
"""Held while something is made once: botocore lets no two threads make clients at a time."""


class ClosedError(ConnectionError):
    """A request came after the embedded AWS was left, or moto does not know its address."""


class EmbeddedAws:
    """Moto and its repairs, as a context manager; entering again makes an empty account.

    Only one can be open at a time in a process, for moto is one.
    """

    def __init__(self, *, region: str, start: datetime, port: int = 0) -> None:
        """``port`` is that of :attr:`endpoint`; 0 takes a free one.

        Entering raises ``OSError`` when the port is taken.
        """
        self.account = DEFAULT_ACCOUNT_ID
        self.region = region
        self.clock = VirtualClock(start)
        self.endpoint = ""
        """Address of the same AWS for child processes, on 127.0.0.1."""
        self.images: dict[str, Path] = {}
        """Directory of the program behind each image URI, digest included."""
        self.slack: list[SlackMessage] = []
        self.mail: list[Mail] = []
        self.traces: list[str] = []
        """Executions whose trace reached X-Ray."""
        self.unheard: list[str] = []
        """What a service was not allowed to do and tells nobody of: a line each."""
        self.registrations: Counter[Registration] = Counter()
        """How many state machines each call made or changed at one instant."""
        self.iam = Iam(self)
        self.network = Network(self)
        self.events = EventBus(self)
        self.schedules = Schedules(self)
        self.pipes = Pipes(self)
        self.alarms = Alarms(self)
        self.chatbot = Chatbot(self)
        self.fargate = Fargate(self)
        self.webhooks = Webhooks(self)
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._credentials: dict[tuple[str, str], dict[str, Any]] = {}
        self._ends: dict[str, LatchedEvent] = {}
        self._port = port
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        if _open.is_set():
            raise RuntimeError("another embedded AWS is open in this process, and moto is only one")
        with ExitStack() as stack:
            _open.set()
            stack.callback(_open.clear)
            stack.callback(_restore_environment, _take_environment())
            repairs = Repairs()
            stack.callback(repairs.undo)
            leave_out_machine_images(repairs)
            mock = mock_aws(config=_SETTINGS)  # pyright: ignore[reportArgumentType] - a part of it
            mock.start()
            stack.callback(mock.stop)
            stack.callback(stepfunctions.forget_threads)
            stack.callback(stepfunctions.silence())
            self.endpoint = _serve(stack, self, self._port)
            stack.callback(self.clock.close)
            self.fargate.open()
            stack.callback(self.fargate.close)
            put_time_on_the_clock(repairs, self.clock)
            answer_receives_at_once(repairs)
            read_service_models_once(repairs)
            arguments.repair(repairs)
            stepfunctions.repair(repairs, self)
            self.fargate.repair(repairs)
            ecs_exec.repair(repairs, self)
            self.events.repair(repairs)
            self.webhooks.repair(repairs)
            self.schedules.repair(repairs)
            self.alarms.repair(repairs)
            s3.repair(repairs, self)
            secretsmanager.repair(repairs)
            self.iam.repair(repairs)
            tracing.repair(repairs, self)
            sns.repair(repairs, self)
            iam_api.repair(repairs)
            sqs.repair(repairs)
            self.pipes.repair(repairs)
            updates.repair(repairs)
            find_methods_once(repairs)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    @property
    def play(self) -> Callable[[Attempt], Played]:
        """What decides how each task goes: assign a function of your own to inject faults."""
        return self.fargate.play

    @play.setter
    def play(self, play: Callable[[Attempt], Played]) -> None:
        self.fargate.play = play

    def client(self, service: str, region: str | None = None, *, role: str | None = None) -> Any:
        """Return a boto3 client, the same for the same arguments.

        With ``role`` (an ARN) it calls as an assumed role; else as the account's administrator.
        """
        key = (service, region or self.region, role)
        with _lock:
            if key not in self._clients:
                if role is None:
                    self._clients[key] = _administrator(*key[:2])
                else:
                    self._clients[key] = _new_client(*key[:2], self.credentials(role, "rehearsal"))
            return self._clients[key]

    def allow(self, action: str, resource: str) -> None:
        """Let the administrator do what there is no call for; see :class:`AsRole` for others."""

    def credentials(self, role: str, session: str) -> dict[str, Any]:
        """Return credentials of a role. Whether it trusts who asks is for ``Iam.assume`` to say."""
        with _lock:
            if (role, session) not in self._credentials:
                made = sts_backends[self.account]["aws"].assume_role(
                    region_name=self.region,
                    role_session_name=session,
                    role_arn=role,
                    policy="",
                    duration=_SESSION_SECONDS,
                    external_id="",
                )
                self._credentials[role, session] = {
                    "AccessKeyId": made.access_key_id,
                    "SecretAccessKey": made.secret_access_key,
                    "SessionToken": made.session_token,
                }
            return self._credentials[role, session]

    def end_of(self, arn: str) -> LatchedEvent:
        """Return what is set when this execution or task ends."""
        with _lock:
            return self._ends.setdefault(arn, LatchedEvent(self.clock))

    def forget_end(self, arn: str) -> None:
        """Let what has ended go on, as a redriven execution does."""
        with _lock:
            self._ends.pop(arn, None)

    def wait_for(self, execution_arn: str, within: timedelta = timedelta(days=7)) -> dict[str, Any]:
        """Move time until an execution has ended; return what DescribeExecution says of it.

        Raises:
            TimeoutError: it goes on after ``within``.
        """
        ended = self.end_of(execution_arn)
        self.clock.run_until(self.clock.now() + within, ended.is_set)
        if not ended.is_set():
            raise TimeoutError(f"{execution_arn} goes on after {within}")
        region = execution_arn.split(":")[3]
        return self.client("stepfunctions", region).describe_execution(executionArn=execution_arn)

    def send_to_queue(
        self,
        arn: str,
        text: str,
        attributes: dict[str, str],
        role: str | None = None,
        *,
        group: str | None = None,
    ) -> None:
        """Send a message to a queue with text attributes; ``group`` where a queue keeps order."""
        _, _, _, region, _, name = arn.split(":")
        sqs = self.client("sqs", region, role=role)
        sqs.send_message(
            QueueUrl=self.client("sqs", region).get_queue_url(QueueName=name)["QueueUrl"],
            MessageBody=text,
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value}
                for key, value in attributes.items()
            },
            **({} if group is None else {"MessageGroupId": group}),
        )


@functools.cache
def _session() -> Any:
    """Return the session of every embedded AWS of this process: making one takes 20 ms."""
    session = botocore.session.Session()
    session.register_component("data_loader", strict.loader())
    strict.install(session)
    emitter: Any = session.get_component("event_emitter")
    emitter.register_first("before-send", _refuse_when_closed)
    return boto3.Session(botocore_session=session)


def _refuse_when_closed(request: AWSPreparedRequest, **_: Any) -> None:
    if not _open.is_set():
        raise ClosedError(f"the embedded AWS is closed: {request.url}")


@functools.cache
def _administrator(service: str, region: str) -> Any:
    """Return a client of whichever embedded AWS is open; making one takes 10 ms."""
    return _new_client(
        service,
        region,
        {**ADMINISTRATOR, "SessionToken": None},
    )


def _new_client(service: str, region: str, credentials: dict[str, Any]) -> Any:
    client: Any = _session().client(
        service,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        # Retries belong to whoever is rehearsed, not to the machinery below.
        config=Config(
            retries={"total_max_attempts": 1},
            ignore_configured_endpoint_urls=True,
            user_agent="rehearsal",  # botocore composes its own anew for each call, a tenth of it
            inject_host_prefix=False,  # moto does not know sync-states.…, as of StartSyncExecution
        ),
    )
    client._endpoint.http_session = _NoNetwork()  # noqa: SLF001 - the last step before the world
    return client


class _NoNetwork:
    """Takes the requests that moto did not answer, which botocore would really send."""

    def send(self, request: AWSPreparedRequest) -> None:
        """Refuse.

        Raises:
            ClosedError: always.
        """
        raise ClosedError(f"the embedded AWS does not know {request.url}")

    def close(self) -> None:
        """Do nothing."""


def _take_environment() -> dict[str, str]:
    taken = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in taken:
        del os.environ[name]
    os.environ.update(_NO_FILES)
    return taken


def _restore_environment(taken: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(taken)


def _serve(stack: ExitStack, aws: EmbeddedAws, port: int) -> str:
    """Serve the same AWS over HTTP on this port of 127.0.0.1, or a free one."""

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.0"  # no connection outlives its answer, nor the server
        timeout = 1.0  # seconds: closing waits for those who opened a connection and said nothing

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - as inherited
            """Say nothing of requests."""

    with socket.create_server(("127.0.0.1", port)) as listening:  # werkzeug would exit by itself
        server = make_server(
            "127.0.0.1",
            port,
            Front(
                chatbot_api.Front(DomainDispatcherApplication(create_backend_app), aws),
                aws.network,
            ),
            threaded=True,
            request_handler=Handler,
            fd=listening.fileno(),
        )
        port = listening.getsockname()[1]
    server.daemon_threads = False  # pyright: ignore[reportAttributeAccessIssue] - of ThreadingMixIn: close waits for requests
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="embedded AWS")
    thread.start()

    def close() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    stack.callback(close)
    return f"http://127.0.0.1:{port}"

"""Fargate: a task is a process on this machine, with its secrets, credentials and log stream.

What a program does really happens, at the instant its task starts; how long the task takes in
virtual time, and what goes wrong with it, is decided by ``EmbeddedAws.play``.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError, InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs import models
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse

from definitions.sizes import check_size
from rehearsal.cloud.clock import Deadline
from rehearsal.cloud.ecs_exec import managed_agents
from rehearsal.cloud.network import Place, UnreachableError, Way, as_agent
from rehearsal.cloud.repairs import Repairs, text_of

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

OVERRIDES_CHARACTERS = 8_192
"""Most characters of JSON in RunTask's overrides (API reference)."""
TASKS_PER_CALL = 10
"""Most tasks that one RunTask starts (API reference)."""
KILL_AFTER_SECONDS = 1.0
"""Real seconds between SIGTERM and SIGKILL."""
SIGTERM_EXIT_CODE = 143
DEFAULT_EPHEMERAL_STORAGE_GIB = 20
"""What a Fargate task has without asking (Amazon ECS Developer Guide)."""

CONNECT_TIMEOUT_SECONDS = 120.0
"""Virtual seconds until a task is given up that reaches nothing: four attempts of 30 s. No page of
AWS says it; tasks that meet this are seen to stop after some minutes."""

_UNABLE_TO_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: "
_HANG = [sys.executable, "-S", "-c", "import signal; signal.pause()"]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One task that is about to start: what ``EmbeddedAws.play`` decides by.

    ``job``, ``run`` and ``attempt`` are what the job machine wrote into the environment; of a
    task that it did not start, the family, the task's id and 1.
    """

    job: str
    run: str
    attempt: int
    command: tuple[str, ...]
    environment: Mapping[str, str]
    image: str
    capacity: str = "FARGATE"
    """``FARGATE`` or ``FARGATE_SPOT``."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """How an attempt goes. Without arguments: the real program runs, and takes 20 seconds."""

    seconds: float | None = 20.0
    """Virtual seconds from start to exit; ``None`` lets its process decide, which only a clock that
    follows the machine's waits for."""
    error: tuple[str, str] | None = None
    """RunTask fails with this error code and message."""
    refused: str | None = None
    """RunTask answers with this failure reason and no task."""
    start_failure: str | None = None
    """The task stops with this reason before its container ran (``TaskFailedToStart``)."""
    killed: tuple[int, str] | None = None
    """Exit code and reason of the container; the program does not run."""
    exit_code: int | None = None
    """The container ends with this exit code; the program does not run."""
    taken: tuple[str, str] | None = None
    """AWS stops the task after its ``seconds``, with this stop code and reason."""
    hangs: bool = False
    """A process that does nothing but wait for SIGTERM takes the program's place.

    The program itself does not run: what it did before it hung would be a guess.
    """
    listens: bool = False
    """The program itself runs until it is told to stop; time goes on once it wrote a line."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to the process's environment."""

    @property
    def runs_program(self) -> bool:
        """Whether there is a process at all."""
        if self.listens:
            return True
        return self.killed is None and self.exit_code is None and self.taken is None

    @property
    def waits_for_signal(self) -> bool:
        """Whether the process does not end by itself."""
        return self.hangs or self.listens


class _StartFailedError(Exception):
    """The task stops with this reason before its container ran, some virtual seconds later."""

    def __init__(self, reason: str, after_seconds: float = 0) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


@dataclass
class _Run:
    """A task and its process."""

    backend: Any
    task: Any
    definition: Any
    container: dict[str, Any]
    overrides: dict[str, Any]
    played: Played
    place: Place
    attachments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The task's network interfaces, as they are once it has them."""
    process: subprocess.Popen[bytes] | None = None
    output: threading.Thread | None = None
    end: Deadline | None = None

    @property
    def region(self) -> str:
        return self.backend.region_name

    @property
    def command(self) -> list[str]:
        given = self.overrides.get("command") or self.container.get("command") or []
        return [*(self.container.get("entryPoint") or []), *given]

    @property
    def environment(self) -> dict[str, str]:
        named: list[dict[str, str]] = [
            *(self.container.get("environment") or []),
            *(self.overrides.get("environment") or []),
        ]
        return {variable["name"]: variable["value"] for variable in named}

    @property
    def attempt(self) -> Attempt:
        environment = self.environment
        return Attempt(
            job=environment.get("JOB_NAME") or self.definition.family,
            run=environment.get("JOB_RUN_ID") or self.task.id,
            attempt=int(environment.get("JOB_ATTEMPT", "1")),
            command=tuple(self.command),
            environment=environment,
            image=self.container["image"],
            capacity=self.task.capacity_provider_name or "FARGATE",
        )


class Fargate:
    """Runs and stops the tasks of one embedded AWS."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._runs: dict[str, _Run] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._credentials: CredentialsAddress
        self.play: Callable[[Attempt], Played] = lambda _: Played()
        """Decides how each task goes; ``EmbeddedAws.play`` is the same."""

    def open(self) -> None:
        """Open the credentials address."""
        self._credentials = CredentialsAddress()

    def repair(self, repairs: Repairs) -> None:
        """Let RunTask and StopTask come here, and moto's tasks change state only from here."""
        fargate = self

        def run_task(self: Any) -> ActionResult:
            return fargate.run_task(self)

        def stop_task(self: Any) -> ActionResult:
            return fargate.stop_task(self)

        def stay(_: Any) -> None:
            return None

        def nothing_to_reserve(_: Any) -> dict[str, Any]:
            return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}

        repairs.put(EC2ContainerServiceResponse, "run_task", run_task)
        repairs.put(EC2ContainerServiceResponse, "stop_task", stop_task)
        # Each DescribeTasks would move a task towards STOPPED.
        repairs.put(models.Task, "advance", stay)
        # Adds up the memory of containers, which is optional on Fargate.
        repairs.put(
            models.EC2ContainerServiceBackend,
            "_calculate_task_resource_requirements",
            staticmethod(nothing_to_reserve),
        )
        # Read of every interface, set only in a VPC with DNS host names.
        repairs.add(NetworkInterface, "private_dns_name", "")

    def close(self) -> None:
        """End every process and the credentials address."""
        for run in self._runs.values():
            if run.process is not None:
                with suppress(ProcessLookupError):  # what it started may outlive it
                    os.killpg(run.process.pid, signal.SIGKILL)
                run.process.wait()
            if run.output is not None:
                run.output.join()
        self._credentials.close()

    def place_of(self, task_id: str) -> Place:
        """Return where a task stands."""
        return next(run.place for run in self._runs.values() if run.task.id == task_id)

    def run_task(self, request: Any) -> ActionResult:
        """Answer RunTask: check as Fargate does, and start the tasks when all is quiet."""
        wanted = _Request.of(request)
        backend = request.ecs_backend
        backend._get_cluster(wanted.cluster)  # noqa: SLF001 - refuses an unknown one, as AWS first
        definition = _task_definition(backend, wanted.task_definition)
        _check_capacity(backend, wanted)
        _check_request(backend, definition, wanted)
        self._assume_roles(definition, backend._get_cluster(wanted.cluster))  # noqa: SLF001 - as above
        tasks: list[Any] = []
        for _ in range(wanted.count):
            (task,) = backend.run_task(
                wanted.cluster,
                definition.arn,
                1,
                wanted.overrides,
                wanted.started_by,
                wanted.tags,
                wanted.launch_type,
                wanted.network,
                wanted.group,
                wanted.platform_version,
                wanted.capacity_provider_strategy,
            )
            run = self._new_run(backend, task, definition, wanted)
            if run.played.error is not None:
                del backend.tasks[task.cluster_name][task.task_arn]
                raise JsonRESTError(*run.played.error)  # a model may lack the code
            if run.played.refused is not None:
                _delete_interface(run)
                del backend.tasks[task.cluster_name][task.task_arn]
                return ActionResult(
                    {
                        "tasks": tasks,
                        "failures": [{"arn": definition.arn, "reason": run.played.refused}],
                    }
                )
            self._runs[task.task_arn] = run
            self._aws.clock.soon(lambda run=run: self._start(run), task.group)
            tasks.append(task)
        return ActionResult({"tasks": tasks, "failures": []})

    def _assume_roles(self, definition: Any, cluster: Any) -> None:
        """Refuse a task whose roles ECS may not use."""
        for role in filter(None, (definition.execution_role_arn, definition.task_role_arn)):
            try:
                self._aws.iam.assume(
                    role=role, service="ecs-tasks.amazonaws.com", source_arn=cluster.arn
                )
            except ClientError as error:
                raise EcsClientException(
                    f"ECS was unable to assume the role '{role}' that was provided for this task. "
                    "Please verify that the role being passed has the proper trust relationship "
                    "and permissions and that your IAM user has permissions to pass this role."
                ) from error

    def stop_task(self, request: Any) -> ActionResult:
        """Answer StopTask: SIGTERM when all is quiet, and the task ends at this instant."""
        named: str = request._get_param("task")  # noqa: SLF001 - moto's way to read a request
        task_id = named.rsplit("/", 1)[-1]
        run = next((run for run in self._runs.values() if run.task.id == task_id), None)
        if run is None:
            raise InvalidParameterException("The referenced task was not found.")
        if run.task.desired_status != "STOPPED":
            run.task.desired_status = "STOPPED"
            run.task.stop_code = "UserInitiated"
            run.task.stopped_reason = request._get_param("reason")  # noqa: SLF001 - as above
            if run.end is not None:
                run.end.cancel()
            self._aws.clock.soon(lambda: self._stop(run), run.task.group)
        return ActionResult({"task": run.task})

    def _new_run(self, backend: Any, task: Any, definition: Any, wanted: "_Request") -> _Run:
        container = definition.container_definitions[0]
        container_overrides = wanted.overrides.get("containerOverrides", [])
        run = _Run(
            backend=backend,
            task=task,
            definition=definition,
            container=container,
            overrides=container_overrides[0] if container_overrides else {},
            played=Played(),
            place=_place(task, wanted),
        )
        del backend.tasks[task.cluster_name][task.task_arn]
        task.id = self._task_id(run.environment)
        backend.tasks[task.cluster_name][task.task_arn] = task
        run.played = self.play(run.attempt)
        architecture = (definition.runtime_platform or {}).get("cpuArchitecture", "X86_64")
        vars(task).update(
            attributes=[{"name": "ecs.cpu-architecture", "value": architecture.lower()}],
            availability_zone=_zone(backend, wanted),
            cpu=wanted.overrides.get("cpu") or definition.cpu,
            memory=wanted.overrides.get("memory") or definition.memory,
            created_at=self._aws.clock.now(),
            enable_execute_command=wanted.enable_execute_command,
            ephemeral_storage=definition.ephemeral_storage
            or {"sizeInGiB": DEFAULT_EPHEMERAL_STORAGE_GIB},
            inference_accelerators=[],
            launch_type=wanted.launch_type or "FARGATE",
            overrides=_overrides(container, wanted),
            platform_family="Linux",
            platform_version=wanted.platform_version or "1.4.0",
            started_by=wanted.started_by or None,
            stop_code=None,
            stopped_reason=None,
            version=1,
        )
        run.attachments = task.attachments
        task.attachments = [_precreated(attachment) for attachment in task.attachments]
        if wanted.propagate_tags == "TASK_DEFINITION":
            task.tags = [*definition.tags, *task.tags]
        task.last_status = "PROVISIONING"
        vars(task.containers[0]).update(
            container_arn=task.task_arn.replace(":task/", ":container/") + f"/{uuid.uuid4()}",
            task_arn=task.task_arn,
            cpu=str(container.get("cpu", 0)),
            exitCode=None,
            gpu_ids=[],
            health_status=None,
            managed_agents=[],
            network_bindings=[],
            network_interfaces=[],
            reason=None,
        )
        return run

    def _task_id(self, environment: Mapping[str, str]) -> str:
        """Make an id of 32 digits, as on AWS; the same for the same attempt in every rehearsal."""
        attempt = environment.get("JOB_RUN_ID", ""), environment.get("JOB_ATTEMPT", "")
        self._attempts[attempt] += 1
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{attempt} {self._attempts[attempt]}").hex

    def _start(self, run: _Run) -> None:
        task, now = run.task, self._aws.clock.now()
        if task.desired_status == "STOPPED":  # stopped before it started
            return
        _connect(run, now)
        try:
            environment = self._prepare(run)
        except _StartFailedError as error:
            failed_at = now + timedelta(seconds=error.after_seconds)
            reason = str(error)
            run.end = self._aws.clock.at(
                failed_at, lambda: self._failed_to_start(run, reason), task.group
            )
            return
        vars(task).update(pull_started_at=now, pull_stopped_at=now, started_at=now, version=4)
        task.containers[0].image_digest = (
            "sha256:" + sha256(run.container["image"].encode()).hexdigest()
        )
        try:
            if run.played.runs_program:
                self._start_process(run, environment)
        except OSError as error:
            task.stop_code = "TaskFailedToStart"
            task.stopped_reason = f"CannotStartContainerError: exec {run.command}: {error.strerror}"
            del task.started_at
            self._ended(run)
            return
        task.last_status = task.containers[0].last_status = "RUNNING"
        if task.enable_execute_command:
            task.containers[0].managed_agents = managed_agents(
                self._aws, run.place, run.definition, now
            )
        self._tell(task)
        ends = not run.played.waits_for_signal or run.played.taken is not None
        if ends and run.played.seconds is not None:
            run.end = self._aws.clock.at(
                now + timedelta(seconds=run.played.seconds), lambda: self._exit(run), task.group
            )

    def _failed_to_start(self, run: _Run, reason: str) -> None:
        run.task.stop_code, run.task.stopped_reason = "TaskFailedToStart", reason
        self._ended(run)

    def _prepare(self, run: _Run) -> dict[str, str]:
        """Do what comes before the container, in Fargate's order; return its environment."""
        if run.played.start_failure is not None:
            raise _StartFailedError(run.played.start_failure)
        self._log_in_to_registry(run)
        secrets = self._secrets(run)
        home = self._image(run)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),  # not the developer's, which may hold ~/.aws
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **run.environment,
            **secrets,
            "AWS_REGION": run.region,
            "AWS_DEFAULT_REGION": run.region,
            "AWS_ENDPOINT_URL": self._aws.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._role_credentials(run),
            **self._credentials.tell(run.task.id, run.task.task_arn),
            **run.played.environment,
        }
        self._log_stream(run)
        return environment

    def _reach(self, run: _Run, service: str | None, failure: str) -> Way:
        """Return how the task reaches a service, or the internet; else let it fail as it does."""
        try:
            return self._aws.network.reach(run.place, service)
        except UnreachableError as error:
            raise _StartFailedError(failure, CONNECT_TIMEOUT_SECONDS) from error

    def _log_in_to_registry(self, run: _Run) -> None:
        """Get a token from ECR, for an image that is there."""
        if not _is_in_ecr(run.container["image"]):
            return
        failed = f"{_UNABLE_TO_PULL}The task cannot pull registry auth from Amazon ECR: "
        self._reach(
            run,
            "ecr.api",
            f"{failed}There is a connection issue between the task and Amazon ECR. Check your task "
            f"network configuration. {_request_error(f'api.ecr.{run.region}.amazonaws.com')}",
        )
        ecr = self._aws.client("ecr", run.region, role=run.definition.execution_role_arn)
        try:
            with as_agent(run.place):
                ecr.get_authorization_token()
        except ClientError as error:
            raise _StartFailedError(
                f"{_UNABLE_TO_PULL}execution resource retrieval failed: unable to retrieve ecr "
                f"registry auth: service call has been retried 1 time(s): {_said(error)}"
            ) from error

    def _image(self, run: _Run) -> Path:
        """Find the program of the image, as long as the registry has it too."""
        image: str = run.container["image"]
        directory = self._aws.images.get(image)
        if _is_in_ecr(image):
            known = self._pull(run, image)
        else:
            known = True
            registry = image.partition("/")[0]
            self._reach(run, None, _pull_error(run, f"https://{registry}/v2/"))
        if directory is None or not known:
            raise _StartFailedError(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {_not_found(image)}"
            )
        return directory

    def _pull(self, run: _Run, image: str) -> bool:
        """Return whether ECR has the image, once its manifest and layers were fetched."""
        registry, _, name = image.partition("/")
        region = registry.split(".")[3]
        repository, _, digest = name.partition("@")
        repository, _, tag = repository.partition(":")
        self._reach(
            run,
            "ecr.dkr",
            _pull_error(run, f"https://{registry}/v2/{repository}/manifests/{digest or tag}"),
        )
        role = run.definition.execution_role_arn
        ecr = self._aws.client("ecr", region, role=role)
        layers = f"prod-{region}-starport-layer-bucket"
        try:
            with as_agent(run.place, "ecr.dkr"):
                answer = ecr.batch_get_image(
                    repositoryName=repository,
                    imageIds=[{"imageDigest": digest} if digest else {"imageTag": tag or "latest"}],
                )
                if not answer["images"]:
                    return False
                # moto knows no layers
                self._aws.iam.allow_role(
                    role=role,
                    action="ecr:GetDownloadUrlForLayer",
                    resource=f"arn:aws:ecr:{region}:{self._aws.account}:repository/{repository}",
                )
            way = self._reach(
                run, "s3", _pull_error(run, f"https://{layers}.s3.{region}.amazonaws.com/")
            )
            self._aws.iam.pass_endpoint(
                way, action="s3:GetObject", resource=f"arn:aws:s3:::{layers}/layer"
            )
        except ClientError as error:
            raise _StartFailedError(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {image}: {_said(error)}"
            ) from error
        return True

    def _secrets(self, run: _Run) -> dict[str, str]:
        return {
            secret["name"]: self._secret(run, secret["valueFrom"])
            for secret in run.container.get("secrets") or []
        }

    def _secret(self, run: _Run, reference: str) -> str:
        parts = reference.split(":")
        if parts[2:3] != ["secretsmanager"]:
            return self._parameter(run, reference)
        arn, key = ":".join(parts[:7]), parts[7] if len(parts) > 7 else ""
        failed = (
            f"{_UNABLE_TO_PULL}execution resource retrieval failed: unable to retrieve secret from "
            "asm: service call has been retried 1 time(s): "
        )
        self._reach(
            run,
            "secretsmanager",
            f"{_UNABLE_TO_PULL}unable to retrieve secret from asm: There is a connection issue "
            "between the task and AWS Secrets Manager. Check your task network configuration. "
            f"failed to fetch secret {arn} from secrets manager: "
            f"{_request_error(f'secretsmanager.{parts[3]}.amazonaws.com')}",
        )
        client = self._aws.client(
            "secretsmanager", parts[3], role=run.definition.execution_role_arn
        )
        try:
            with as_agent(run.place):
                text: str = client.get_secret_value(SecretId=arn)["SecretString"]
            return str(json.loads(text)[key]) if key else text
        except ClientError as error:
            raise _StartFailedError(
                f"{failed}failed to fetch secret {arn} from secrets manager: {_said(error)}"
            ) from error
        except (KeyError, ValueError, TypeError) as error:
            raise _StartFailedError(
                f"{failed}retrieved secret from Secrets Manager did not contain json key {key}"
            ) from error

    def _parameter(self, run: _Run, reference: str) -> str:
        """Read a parameter of Systems Manager: by its name, or by its ARN."""
        region = reference.split(":")[3] if reference.startswith("arn:") else run.region
        failed = f"{_UNABLE_TO_PULL}execution resource retrieval failed: unable to retrieve "
        self._reach(
            run,
            "ssm",
            f"{failed}secrets from ssm: service call has been retried 1 time(s): "
            f"{_request_error(f'ssm.{region}.amazonaws.com')}",
        )
        ssm = self._aws.client("ssm", region, role=run.definition.execution_role_arn)
        name = reference.partition(":parameter")[2] or reference
        try:
            with as_agent(run.place):
                answer = ssm.get_parameters(Names=[name], WithDecryption=True)
        except ClientError as error:
            raise _StartFailedError(
                f"{failed}secrets from ssm: service call has been retried 1 time(s): {_said(error)}"
            ) from error
        if not answer["Parameters"]:
            raise _StartFailedError(f"{failed}secrets from ssm: invalid parameters: {name}")
        return str(answer["Parameters"][0]["Value"])

    def _role_credentials(self, run: _Run) -> dict[str, str]:
        role = run.definition.task_role_arn
        if not role:
            return {}
        credentials = self._aws.credentials(role, run.task.id)
        self._aws.network.put(credentials["AccessKeyId"], run.place)
        return self._credentials.offer(run.task.id, role, credentials)

    def _log_stream(self, run: _Run) -> None:
        configuration = run.container.get("logConfiguration")
        if not configuration:
            return
        if configuration["logDriver"] != "awslogs":
            raise NotImplementedError(f"log driver {configuration['logDriver']} is not rehearsed")
        failed = (
            "ResourceInitializationError: failed to validate logger args: create stream has been "
            "retried 1 times: failed to create Cloudwatch log stream: "
        )
        host = f"logs.{run.region}.amazonaws.com"
        self._reach(run, "logs", f"{failed}{_request_error(host)}: exit status 1")
        try:
            with as_agent(run.place):
                self._logs(run).create_log_stream(**_stream_of(run))
        except ClientError as error:
            raise _StartFailedError(f"{failed}{_said(error)}: exit status 1") from error

    def _logs(self, run: _Run) -> Any:
        region = run.container["logConfiguration"]["options"].get("awslogs-region", run.region)
        return self._aws.client("logs", region, role=run.definition.execution_role_arn)

    def _start_process(self, run: _Run, environment: dict[str, str]) -> None:
        command = _HANG if run.played.hangs else _on_this_machine(run.command)
        if not command:
            raise OSError(errno.EINVAL, "no command specified")
        run.process = subprocess.Popen(  # noqa: S603 - the job's own command is what is rehearsed
            command,
            cwd=self._aws.images[run.container["image"]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
        if not run.played.hangs:
            self._aws.clock.process_started()
        run.output = threading.Thread(
            target=self._follow, args=(run, run.process), name=f"output of {run.task.id}"
        )
        run.output.start()

    def _follow(self, run: _Run, process: "subprocess.Popen[bytes]") -> None:
        """Send the output to CloudWatch Logs as it comes, until the process ends."""
        working = not run.played.hangs

        def quiet() -> None:
            nonlocal working
            if working:
                self._aws.clock.process_ended()
            working = False

        try:
            if process.stdout is not None:
                with process.stdout as output:
                    rest = b""
                    while chunk := os.read(output.fileno(), 65_536):
                        *lines, rest = (rest + chunk).split(b"\n")
                        self._log(run, lines)
                        if lines and run.played.listens:
                            quiet()
                    self._log(run, [rest] if rest else [])
            process.wait()
        finally:
            quiet()
            if run.played.seconds is None:
                self._aws.clock.soon(lambda: self._exit(run), run.task.group)

    def _log(self, run: _Run, lines: list[bytes]) -> None:
        texts = [line.decode(errors="replace").rstrip("\r") for line in lines]
        now = round(self._aws.clock.now().timestamp() * 1_000)
        events = [{"timestamp": now, "message": text} for text in texts if text]
        if not events or "logConfiguration" not in run.container:
            return
        # The awslogs driver drops what CloudWatch does not take, or does not hear.
        with suppress(ClientError, UnreachableError), as_agent(run.place):
            self._logs(run).put_log_events(**_stream_of(run), logEvents=events)

    def _exit(self, run: _Run) -> None:
        if run.task.desired_status == "STOPPED":  # it ended by the signal: _stop tells of that
            return
        container = run.task.containers[0]
        if run.played.taken is not None:
            run.task.desired_status = "STOPPED"
            run.task.stop_code, run.task.stopped_reason = run.played.taken
            self._stop(run)
            return
        if run.played.killed is not None:
            container.exitCode, container.reason = run.played.killed
        elif run.played.exit_code is not None:
            container.exitCode = run.played.exit_code
        elif run.process is not None and run.output is not None:
            run.output.join()
            container.exitCode = _exit_code(run.process.returncode)
        run.task.stop_code = "EssentialContainerExited"
        run.task.stopped_reason = "Essential container in task exited"
        self._ended(run)

    def _stop(self, run: _Run) -> None:
        if run.process is not None and run.output is not None:
            container = run.task.containers[0]
            if run.process.poll() is None:
                run.process.terminate()
                try:
                    run.process.wait(KILL_AFTER_SECONDS)
                except subprocess.TimeoutExpired:
                    run.process.kill()
                run.output.join()
                container.exitCode = _exit_code(run.process.returncode)
            else:  # done in reality, but in virtual time the signal came first
                container.exitCode = SIGTERM_EXIT_CODE
        elif not run.played.runs_program and hasattr(run.task, "started_at"):
            run.task.containers[0].exitCode = SIGTERM_EXIT_CODE
        self._ended(run)

    def _ended(self, run: _Run) -> None:
        task, now = run.task, self._aws.clock.now()
        vars(task).update(
            desired_status="STOPPED",
            execution_stopped_at=now,
            stopping_at=now,
            stopped_at=now,
            version=task.version + 1,
        )
        task.last_status = task.containers[0].last_status = "STOPPED"
        _delete_interface(run)
        self._tell(task)
        self._aws.end_of(task.task_arn).set()

    def _tell(self, task: Any) -> None:
        """Let the change of a task's state be an event, if anybody listens."""
        arn: str = task.task_arn
        region = arn.split(":")[3]
        if not self._aws.events.is_heard("aws.ecs", region, lastStatus=task.last_status):
            return
        answer = self._aws.client("ecs", region).describe_tasks(
            cluster=task.cluster_arn, tasks=[arn]
        )
        detail = json.loads(json.dumps(answer["tasks"][0], default=text_of))
        self._aws.events.publish(
            source="aws.ecs",
            detail_type="ECS Task State Change",
            resources=[arn],
            detail=detail,
            region=region,
        )


@dataclass(frozen=True, kw_only=True)
class _Request:
    """RunTask's parameters, as far as moto or we know them."""

    cluster: str
    task_definition: str
    count: int
    overrides: dict[str, Any]
    started_by: str
    tags: list[dict[str, str]]
    launch_type: str | None
    network: dict[str, Any]
    group: str | None
    platform_version: str | None
    capacity_provider_strategy: list[dict[str, Any]] | None
    propagate_tags: str | None
    enable_execute_command: bool

    @classmethod
    def of(cls, request: Any) -> "_Request":
        get = request._get_param  # noqa: SLF001 - moto's way to read a request
        return cls(
            cluster=get("cluster", "default"),
            task_definition=get("taskDefinition"),
            count=int(get("count", 1)),
            overrides=get("overrides") or {},
            started_by=get("startedBy") or "",
            tags=get("tags") or [],
            launch_type=get("launchType"),
            network=get("networkConfiguration") or {},
            group=get("group"),
            platform_version=get("platformVersion"),
            capacity_provider_strategy=get("capacityProviderStrategy"),
            propagate_tags=get("propagateTags"),
            enable_execute_command=bool(get("enableExecuteCommand")),
        )


class CredentialsAddress:
    """An address on 127.0.0.1 where a container learns who it is.

    There it fetches the credentials of its task role, which take a token, and asks which task it is
    in ("Task metadata endpoint version 4"; of its answer, the task's ARN).
    """

    def __init__(self) -> None:
        offers: dict[str, tuple[str, bytes]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token, body = offers.get(self.path, ("", b""))
                known = bool(body) and self.headers.get("Authorization", "") == token
                self.send_response(200 if known else 403)
                self.end_headers()
                self.wfile.write(body if known else b'{"code": "AccessDenied"}')

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as inherited
                """Say nothing."""

        self._offers = offers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="container credentials"
        )
        self._thread.start()

    def offer(self, task_id: str, role: str, credentials: Mapping[str, Any]) -> dict[str, str]:
        """Return the environment by which the AWS SDK finds these credentials."""
        token = uuid.uuid4().hex
        body = {
            "RoleArn": role,
            "AccessKeyId": credentials["AccessKeyId"],
            "SecretAccessKey": credentials["SecretAccessKey"],
            "Token": credentials["SessionToken"],
            # The SDK compares with the real time, which virtual time may be far ahead of.
            "Expiration": "2999-01-01T00:00:00Z",
        }
        self._offers[f"/{task_id}"] = (token, json.dumps(body).encode())
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
                f"http://127.0.0.1:{self._server.server_port}/{task_id}"
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        }

    def tell(self, task_id: str, task_arn: str) -> dict[str, str]:
        """Return the environment by which a container finds out about its task."""
        self._offers[f"/v4/{task_id}/task"] = ("", json.dumps({"TaskARN": task_arn}).encode())
        address = f"http://127.0.0.1:{self._server.server_port}/v4/{task_id}"
        return {"ECS_CONTAINER_METADATA_URI_V4": address}

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _task_definition(backend: Any, named: str) -> Any:
    try:
        definition = backend.describe_task_definition(named)
    except ServiceException as error:
        raise EcsClientException("TaskDefinition not found.") from error
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition


def _delete_interface(run: _Run) -> None:
    """Moto keeps a task's network interface for good, and with it the subnet and the groups."""
    interfaces = ec2_backends[run.backend.account_id][run.region].enis
    for attachment in run.attachments:  # the task's own do not name it before it is there
        for detail in attachment["details"]:
            interfaces.pop(detail["value"], None)
    for attachment in run.task.attachments:
        attachment["status"] = "DELETED"


def _check_request(backend: Any, definition: Any, wanted: _Request) -> None:
    """Refuse what Fargate refuses and moto lets pass."""
    if wanted.count > TASKS_PER_CALL:
        raise InvalidParameterException("count cannot be greater than 10.")
    if len(json.dumps(wanted.overrides, separators=(",", ":"))) > OVERRIDES_CHARACTERS:
        raise InvalidParameterException(f"Overrides length must be at most {OVERRIDES_CHARACTERS}.")
    if len(definition.container_definitions) != 1:
        raise NotImplementedError(f"{definition.family}: only tasks of one container are rehearsed")
    container = definition.container_definitions[0]
    for override in wanted.overrides.get("containerOverrides", []):
        if override["name"] != container["name"]:
            raise InvalidParameterException(
                f"Override for container named {override['name']} is not a container in the "
                "TaskDefinition."
            )
    cpu = wanted.overrides.get("cpu") or definition.cpu
    memory = wanted.overrides.get("memory") or definition.memory
    try:
        check_size(int(cpu), int(memory))
    except (TypeError, ValueError) as error:
        raise EcsClientException(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
        ) from error
    if not definition.execution_role_arn and (
        container.get("secrets") or ".dkr.ecr." in container["image"]
    ):
        raise EcsClientException(
            "Fargate requires task definition to have execution role ARN to support secrets "
            "and ECR images."
        )
    _check_network(backend, wanted)


def _check_capacity(backend: Any, wanted: _Request) -> None:
    """Refuse a task for which there is neither launch type nor strategy: ECS looks for instances.

    Moto says so in other words.
    """
    cluster = backend._get_cluster(wanted.cluster)  # noqa: SLF001 - moto's way to find one
    if wanted.launch_type and wanted.capacity_provider_strategy:
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. "
            "Remove one and try again."
        )
    strategy = wanted.capacity_provider_strategy or cluster.default_capacity_provider_strategy
    if not wanted.launch_type and not strategy:
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    for part in wanted.capacity_provider_strategy or ():
        if part["capacityProvider"] not in (cluster.capacity_providers or ()):
            raise InvalidParameterException(
                f"The specified capacity provider '{part['capacityProvider']}' is not associated "
                "with the cluster."
            )


def _check_network(backend: Any, wanted: _Request) -> None:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    network = wanted.network.setdefault("awsvpcConfiguration", {})
    if not network.get("subnets"):
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    network.setdefault("securityGroups", [])
    try:
        ec2.describe_subnets(subnet_ids=network["subnets"])
        if network["securityGroups"]:
            ec2.describe_security_groups(group_ids=network["securityGroups"])
    except InvalidSubnetIdError as error:
        raise InvalidParameterException(
            f"Error retrieving subnet information for {network['subnets']}: {error.message}"
        ) from error
    except InvalidSecurityGroupNotFoundError as error:
        raise InvalidParameterException(
            "Error retrieving security group information for "
            f"{network['securityGroups']}: {error.message}"
        ) from error


def _place(task: Any, wanted: _Request) -> Place:
    """Return where the task stands. ECS chooses one of its subnets; here it is the first."""
    network = wanted.network["awsvpcConfiguration"]
    return Place(
        region=task.task_arn.split(":")[3],
        subnet_id=network["subnets"][0],
        group_ids=tuple(network["securityGroups"]),
        public_address=network.get("assignPublicIp") == "ENABLED",
        task_id=task.id,
    )


def _is_in_ecr(image: str) -> bool:
    return ".dkr.ecr." in image.partition("/")[0]


def _request_error(host: str) -> str:
    """Return what an SDK of Go says of an address that does not answer."""
    return (
        f'RequestError: send request failed caused by: Post "https://{host}/": '
        f"dial tcp: {host}:443: i/o timeout"
    )


def _pull_error(run: _Run, url: str) -> str:
    host = url.split("/")[2]
    return (
        f"CannotPullContainerError: The task cannot pull {run.container['image']}: There is a "
        "connection issue between the task and the registry. Check your task network "
        f'configuration. failed to do request: Get "{url}": dial tcp: {host}:443: i/o timeout'
    )


def _zone(backend: Any, wanted: _Request) -> str:
    subnet = wanted.network["awsvpcConfiguration"]["subnets"][0]
    return (
        ec2_backends[backend.account_id][backend.region_name].get_subnet(subnet).availability_zone
    )


def _not_found(image: str) -> str:
    """Name an image that its registry does not have, in the words of the registry."""
    if "." in image.partition("/")[0]:
        return f"{image}: {image}: not found"
    name = image if "/" in image else f"library/{image}"
    tagged = name if ":" in name or "@" in name else f"{name}:latest"
    return (
        f"docker.io/{tagged}: pull access denied, repository does not exist or may require "
        "authorization: server message: insufficient_scope: authorization failed"
    )


def _precreated(attachment: dict[str, Any]) -> dict[str, Any]:
    """Return a network interface as RunTask answers it: not there yet."""
    details: list[dict[str, str]] = attachment["details"]
    subnet = [detail for detail in details if detail["name"] == "subnetId"]
    return {
        **attachment,
        "type": "ElasticNetworkInterface",
        "status": "PRECREATED",
        "details": subnet,
    }


def _connect(run: _Run, now: datetime) -> None:
    """Give the task its network interface."""
    task = run.task
    task.attachments = [
        {**attachment, "type": "eni", "status": "ATTACHED"} for attachment in run.attachments
    ]
    attachments: list[dict[str, Any]] = task.attachments
    for attachment in attachments:
        details: dict[str, Any] = {detail["name"]: detail for detail in attachment["details"]}
        address = details["privateIPv4Address"]["value"].replace(".", "-")
        details["privateDnsName"]["value"] = f"ip-{address}.{run.region}.compute.internal"
    vars(task).update(
        connectivity="CONNECTED", connectivity_at=now, platform_family=None, version=3
    )
    vars(task.containers[0]).update(
        runtime_id=f"{task.id}-{crc32(task.id.encode())}",
        network_interfaces=[
            {
                "attachmentId": attachment["id"],
                "privateIpv4Address": detail["value"],
            }
            for attachment in attachments
            for detail in attachment["details"]
            if detail["name"] == "privateIPv4Address"
        ],
    )


def _overrides(container: dict[str, Any], wanted: _Request) -> dict[str, Any]:
    """Return the overrides as ECS answers them: with what was not overridden as empty lists."""
    given = {
        override["name"]: override for override in wanted.overrides.get("containerOverrides", [])
    }
    unchanged = {"command": [], "environment": [], "environmentFiles": []}
    named = {"name": container["name"], "resourceRequirements": []}
    return {
        **wanted.overrides,
        "containerOverrides": [{**unchanged, **named, **given.get(container["name"], {})}],
        "inferenceAcceleratorOverrides": [],
    }


def _stream_of(run: _Run) -> dict[str, str]:
    options = run.container["logConfiguration"]["options"]
    prefix = options["awslogs-stream-prefix"]
    return {
        "logGroupName": options["awslogs-group"],
        "logStreamName": f"{prefix}/{run.container['name']}/{run.task.id}",
    }


def _on_this_machine(command: list[str]) -> list[str]:
    """Let the image's Python be ours."""
    return [
        sys.executable if at == 0 and part in ("python", "python3") else part
        for at, part in enumerate(command)
    ]


def _exit_code(return_code: int) -> int:
    """Turn "ended by signal n" (-n) into the 128 + n that ECS shows."""
    return return_code if return_code >= 0 else 128 - return_code


def _said(error: ClientError) -> str:
    said: Any = error.response["Error"]
    return f"{said['Code']}: {said['Message']}"

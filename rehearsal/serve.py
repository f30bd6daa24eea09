"""Keep an embedded AWS up in real time, for the real Pulumi CLI and everybody else on this machine.

Three consecutive ports of 127.0.0.1 answer: AWS over HTTP, and the plugins ``aws`` and ``awsx`` for
the CLI. A file of shell exports says so to whoever sources it. Or a stack is deployed already and
has lived some hours: then only AWS answers, and whoever comes is the stack's operator.
"""

import fcntl
import os
import shlex
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, chdir, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rehearsal.cloud import Attempt, EmbeddedAws, Played
from rehearsal.cloud.aws import ADMINISTRATOR
from rehearsal.engine import DeployFailed, ProgramRefused, deploy
from rehearsal.existing_network import make_existing_network
from rehearsal.live import Live
from rehearsal.operator import operator_credentials
from rehearsal.provider import AwsProvider
from rehearsal.provider.plugin import AwsPlugin, AwsxPlugin, listen
from rehearsal.stage import Stage, deployed_again
from rehearsal.wire import reason
from stacks.stack_file import StackFile

FOLDER = ".rehearsal"
"""Where all lies that a server writes, beside the program."""
PORT = 7500
"""Of AWS; the plugins have the next two."""
PASSPHRASE = "rehearsal"  # noqa: S105 - protects nothing: what it encrypts goes with the server
"""Of stacks that have no secrets of their own."""

LIVED = timedelta(hours=3)
"""What a stack that is served deployed has behind it, so that there is something to look at."""
SALT = "v1:99FdGt0mBbw=:v1:Dfr8H0DaMeqelazq:Dz+qeUTQOaUmrGzhlt0bhiIup6Zy1A=="
"""By which the CLI knows that passphrase (``encryptionsalt`` of a stack file)."""


class ServeError(Exception):
    """Why nothing can be served, in one line."""


def serve_deployed(
    project: Path, stack_file: StackFile, port: int, env_file: Path, live: Live
) -> None:
    """Serve an AWS in which a stack has lived some hours, until a signal ends it.

    Raises:
        ServeError: a port is taken, another server runs, the stack file cannot be deployed.
        KeyboardInterrupt: the signal came before everything listened.
    """
    folder, region = project / FOLDER, stack_file.config.get("aws:region", "us-east-1")
    with ExitStack() as stack:
        signals = _interrupt_by_every_signal(stack)
        _take_folder(stack, folder)
        Ports(port).check()
        began = datetime.now(UTC) - LIVED
        aws = stack.enter_context(EmbeddedAws(region=region, start=began, port=port))
        _live(aws, project, stack_file)
        operator = operator_credentials(aws, stack_file.project, stack_file.stack)
        live.forget(aws)
        _run(stack, aws, live)
        variables = {"OPS_STACK": stack_file.stack, **_way_to_aws(port, region, operator)}
        _write(stack, env_file, _exports(variables))
        _until_the_end(
            signals,
            lambda: live.serving_deployed(stack_file.stack, region, aws.endpoint, env_file),
        )
    live.ended()


def serve(project: Path, stack_file: StackFile, port: int, env_file: Path, live: Live) -> None:
    """Serve an empty AWS until SIGINT, SIGTERM or SIGHUP comes, which is the normal end.

    Raises:
        ServeError: a port is taken, another server runs, a passphrase or a permission is missing.
        KeyboardInterrupt: the signal came before everything listened.
    """
    ports = Ports(port)
    folder, region = project / FOLDER, stack_file.config.get("aws:region", "us-east-1")
    with ExitStack() as stack:
        signals = _interrupt_by_every_signal(stack)
        _take_folder(stack, folder)
        passphrase = passphrase_of(stack_file, os.environ)
        stack.enter_context(chdir(project))  # programs name their build contexts from there
        aws = _listen(stack, ports, region)
        _run(stack, aws, live)
        if passphrase == PASSPHRASE:
            _keep_as_it_is(stack, project / f"Pulumi.{stack_file.stack}.yaml")
        variables = {
            **_way_to_the_cli(ports, folder, passphrase),
            **_way_to_aws(port, region, ADMINISTRATOR),
        }
        _write(stack, env_file, _exports(variables))
        _until_the_end(
            signals, lambda: live.serving(stack_file.stack, region, aws.endpoint, env_file)
        )
    live.ended()


def _until_the_end(signals: socket.socket, say: Callable[[], None]) -> None:
    """Say that everything listens and wait for a signal, and let none disturb the end.

    Whoever reads that may send the signal before its last word is printed.
    """
    with suppress(KeyboardInterrupt):
        say()
        while True:
            signals.recv(1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _live(aws: EmbeddedAws, project: Path, stack_file: StackFile) -> None:
    """Deploy a stack and let its schedules fire until the present."""
    make_existing_network(aws, stack_file)
    try:
        deployment = deploy(project, stack_file, AwsProvider(aws), now=aws.clock.now())
    except ProgramRefused as refused:
        raise ServeError("; ".join(refused.lines)) from None
    except DeployFailed as failed:
        raise ServeError("; ".join(map(str, failed.failures))) from None
    up = deployed_again(project, stack_file, aws, deployment)
    Stage(aws, deployment.outputs, up).prepare()
    while (present := datetime.now(UTC)) > aws.clock.now() + timedelta(seconds=1):
        aws.clock.run_until(present)
    aws.play = _in_real_time


@dataclass(frozen=True)
class Ports:
    """Three consecutive ports of 127.0.0.1."""

    cloud: int

    @property
    def aws(self) -> int:
        """Of the plugin ``aws``."""
        return self.cloud + 1

    @property
    def awsx(self) -> int:
        """Of the plugin ``awsx``."""
        return self.cloud + 2

    def check(self) -> None:
        """Refuse ports that somebody else has.

        Raises:
            ServeError: a port is taken, or the system keeps it for others.
        """
        for port in (self.cloud, self.aws, self.awsx):
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError as error:
                raise ServeError(
                    f"port {port}: {error.strerror}; name three free ones by the first: --port 7600"
                ) from None


def passphrase_of(stack_file: StackFile, environment: Mapping[str, str]) -> str:
    """Return the passphrase that opens the stack's secrets; our own where there are none.

    Raises:
        ServeError: it is not in the environment, or no passphrase opens them.
    """
    file, salt = f"Pulumi.{stack_file.stack}.yaml", stack_file.encryption_salt
    if stack_file.secrets_provider or (stack_file.secret_keys and not salt):
        keeper = stack_file.secrets_provider or "Pulumi Cloud"
        raise ServeError(
            f"{file}: its secrets are encrypted by {keeper}, which nobody asks here; "
            "serve a stack without secrets, or with a passphrase"
        )
    if salt in ("", SALT):
        return PASSPHRASE
    given = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if given is None and (path := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")):
        with suppress(OSError):
            given = Path(path).read_text().strip()
    if given is None:
        raise ServeError(
            f"{file} is encrypted with a passphrase: set PULUMI_CONFIG_PASSPHRASE; or remove its "
            f"encryptionsalt, if the CLI wrote that in a rehearsal (the passphrase is {PASSPHRASE})"
        )
    return given


def _keep_as_it_is(stack: ExitStack, path: Path) -> None:
    """Lend the stack file a salt until the end: without one, the CLI writes the whole file anew.

    The salt stays if something was encrypted with it meanwhile.
    """
    line = f"encryptionsalt: {SALT}\n".encode()

    def take_back() -> None:
        with suppress(FileNotFoundError):
            text = path.read_bytes()
            if line in text and b"secure:" not in text:
                path.write_bytes(text.replace(line, b""))

    try:
        text = path.read_bytes()
        if line not in text:
            path.write_bytes(text + (b"" if text.endswith(b"\n") else b"\n") + line)
    except OSError as error:
        raise ServeError(f"{path} cannot be written ({error.strerror}): the CLI must") from None
    stack.callback(take_back)


def _take_folder(stack: ExitStack, folder: Path) -> None:
    """Keep other servers out of the folder until the end, and empty its backend."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = stack.enter_context((folder / "serve.lock").open("a+"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServeError(
                f"a server runs here already (process {lock.read().strip()}): end it first"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        shutil.rmtree(folder / "backend", ignore_errors=True)
        (folder / "backend").mkdir()
    except OSError as error:
        raise ServeError(f"{error.filename}: {error.strerror}") from None


def _listen(stack: ExitStack, ports: Ports, region: str) -> EmbeddedAws:
    ports.check()
    aws = stack.enter_context(EmbeddedAws(region=region, start=datetime.now(UTC), port=ports.cloud))
    aws.play = _in_real_time
    provider = AwsProvider(aws)
    stack.callback(listen(AwsPlugin(provider).answers(), ports.aws))
    stack.callback(listen(AwsxPlugin(provider, aws).answers(), ports.awsx))
    return aws


def _in_real_time(_attempt: Attempt) -> Played:
    return Played(seconds=None)


def _run(stack: ExitStack, aws: EmbeddedAws, live: Live) -> None:
    """Let time pass in a thread of its own, and tell what happens."""
    ends = threading.Event()

    def failed(error: BaseException) -> None:
        live.failed(reason(error, []))

    def drive() -> None:
        aws.clock.follow(ends.is_set, failed, lambda: live.look(aws))

    def end() -> None:
        ends.set()
        aws.clock.soon(lambda: None)
        driver.join()

    driver = threading.Thread(target=drive, name="clock")
    driver.start()
    stack.callback(end)


def _way_to_the_cli(ports: Ports, folder: Path, passphrase: str) -> dict[str, str]:
    """Return the variables by which the Pulumi CLI comes here alone."""
    return {
        "PULUMI_DEBUG_PROVIDERS": f"aws:{ports.aws},awsx:{ports.awsx}",
        "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        # Which stack is selected in the real world stays as it is.
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _way_to_aws(port: int, region: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which SDKs, the AWS CLI and ``ops`` come here alone."""
    token = credentials.get("SessionToken")
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        **({"AWS_SESSION_TOKEN": token} if token else {}),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _exports(variables: Mapping[str, str]) -> str:
    """Return the lines of shell that set these variables, and no others of AWS."""
    return "\n".join(
        [
            "# Of `python -m rehearsal serve`, and gone with it: source it in a shell of its own.",
            # No profile, role or address of the real world is left.
            "unset AWS_PROFILE $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p')",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            "",
        ]
    )


def _write(stack: ExitStack, path: Path, text: str) -> None:
    """Put the file there at once and whole, for its owner's eyes, and remove it at the end."""
    written: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f"{path.name}.", delete=False
        ) as file:
            written = file.name
            file.write(text)
        Path(written).replace(path)
    except OSError as error:
        if written is not None:
            Path(written).unlink()
        raise ServeError(
            f"{path} cannot be written ({error.strerror}): name another file with --env"
        ) from None
    stack.callback(path.unlink, missing_ok=True)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt_by_every_signal(stack: ExitStack) -> socket.socket:
    """Let every signal that asks to end do what Ctrl-C does; ``nohup`` goes on meaning it.

    Returns what has a byte to read for each: unlike ``signal.pause``, it misses none.
    """

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    read, written = (stack.enter_context(end) for end in socket.socketpair())
    written.setblocking(False)
    signal.set_wakeup_fd(written.fileno())
    stack.callback(signal.set_wakeup_fd, -1)
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    return read

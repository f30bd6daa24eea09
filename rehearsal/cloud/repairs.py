"""Changes to moto's own code that are taken back on exit."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import datetime as real_datetime
import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from types import ModuleType
from typing import Any

import moto.core.utils
import moto.settings
from moto.core import responses
from moto.core.exceptions import ServiceException
from moto.core.loaders import create_loader
from moto.sqs.models import SQSBackend
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.backend import execution

from rehearsal.cloud.clock import VirtualClock

_ABSENT = object()


class Refusal(ServiceException):
    """A code and a message with which a service refuses a call, thrown inside of moto.

    Moto looks for the model of an error by the module of its class, and its own has none.
    """


class Repairs:
    """Attributes replaced on foreign modules and classes, and what stood there before."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def put(self, owner: Any, name: str, replacement: Any) -> None:
        """Replace an attribute until :meth:`undo`.

        Raises:
            AttributeError: there is none, any more: the repair is for another moto.
        """
        if not hasattr(owner, name):
            raise AttributeError(f"moto has no {name} in {owner}: see what became of it")
        self._set(owner, name, replacement)

    def add(self, owner: Any, name: str, addition: Any) -> None:
        """Add an attribute that moto lacks until :meth:`undo`.

        Raises:
            AttributeError: moto has it by now, and perhaps no need of the repair.
        """
        if hasattr(owner, name):
            raise AttributeError(f"moto has {name} in {owner} by now: is the repair still needed?")
        self._set(owner, name, addition)

    def _set(self, owner: Any, name: str, replacement: Any) -> None:
        self._before.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Put back everything, the latest first."""
        while self._before:
            owner, name, before = self._before.pop()
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def check_requests(
    repairs: Repairs,
    response_class: Any,
    checks: Mapping[str, Callable[[Any, dict[str, Any]], None]],
) -> None:
    """Let each operation be checked before moto does it: by backend and parameters."""
    for operation, check in checks.items():
        otherwise = getattr(response_class, operation)

        def checked(
            self: Any,
            otherwise: Any = otherwise,
            check: Callable[[Any, dict[str, Any]], None] = check,
        ) -> Any:
            check(self.backend, self.params)
            return otherwise(self)

        repairs.put(response_class, operation, checked)


def put_time_on_the_clock(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto reads the machine's clock for every date it stores or compares."""
    virtual = _virtual_datetime_module(clock)
    modules: list[ModuleType] = [
        moto.core.utils,  # utcnow, unix_time: nearly all services
        execution,
        event_manager,
    ]
    for module in modules:
        repairs.put(module, "datetime", virtual)


def answer_receives_at_once(repairs: Repairs) -> None:
    """A long poll of SQS would wait for a time that does not pass meanwhile."""
    receive_message = SQSBackend.receive_message

    def without_waiting(
        self: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,  # noqa: ARG001 - the signature is moto's
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        return receive_message(self, queue_name, count, 0, *args, **kwargs)

    repairs.put(SQSBackend, "receive_message", without_waiting)


def read_service_models_once(repairs: Repairs) -> None:
    """Moto makes a new loader for each model, and each lists all 400 services first."""

    def load(service_name: str, model_name: str) -> Any:
        return _moto_loader().load_service_model(service_name, model_name)

    repairs.put(moto.core.utils, "_load_service_model", load)


def find_methods_once(repairs: Repairs) -> None:
    """Moto looks through all methods of a service for each call: a tenth of the call's time.

    It must come when no other repair adds a method any more.
    """
    core = moto.core.utils
    for function in (core.method_names_from_class, core.camelcase_to_underscores):
        repairs.put(responses, function.__name__, functools.cache(function))


@functools.cache
def _moto_loader() -> Any:
    """Return moto's own loader, whose models hold more than botocore's: SQS's older protocol."""
    return create_loader()


def leave_out_machine_images(repairs: Repairs) -> None:
    """Moto makes a thousand disk images and their volumes, which Fargate never looks at."""
    repairs.put(moto.settings, "ec2_load_default_amis", lambda: False)


def _virtual_datetime_module(clock: VirtualClock) -> Any:
    """Return a stand-in for the ``datetime`` module whose ``now`` asks the clock."""

    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock.now() if tz else clock.now().replace(tzinfo=None)

    module = ModuleType("datetime")
    module.__dict__.update(vars(real_datetime))
    module.__dict__["datetime"] = VirtualDatetime
    return module


def text_of(instant: datetime) -> str:
    """Write an instant as Step Functions does: UTC, milliseconds, ``Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{instant.microsecond // 1_000:03d}Z"
    )

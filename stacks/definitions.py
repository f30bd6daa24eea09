"""Definitions of state machines and what starts them, from the settings: without Pulumi.

A deploy makes the machines by the components, from the same parts; `python -m ops doctor` compares
what is live with what these functions give. The tests of the examples hold both the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from definitions.dispatcher_machine import JOB_REPLACED, dispatcher_machine, trigger
from definitions.events import hearing_events, job_ended, object_created
from definitions.flow_machine import FlowStep, flow_machine
from definitions.job_array import JobArray
from definitions.job_machine import SPOT_WAITS, RetryBudgets, TaskPlacement, job_machine
from definitions.names import Names
from definitions.watcher_machine import warned
from definitions.worker_machine import worker_machine
from stacks.references import told_environment
from stacks.settings import Settings
from stacks.settings.events import EventSettings
from stacks.settings.flows import FlowJobSettings, FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.notify import JobNotifySettings

Definition = dict[str, Any]
"""Of a state machine."""

# -- parts, of which the components make the same


def retries_of(job: JobSettings) -> RetryBudgets:
    """Return the waits before a job's further attempts."""
    return RetryBudgets(
        app=job.retries.app,
        start=job.retries.start,
        memory=job.retries.memory,
        timeout=job.retries.timeout,
        spot=SPOT_WAITS[job.capacity],
        heartbeat=job.retries.timeout if job.progress else None,
        exit_codes=job.retries.exit_codes,
    )


def array_of(job: JobSettings) -> JobArray | None:
    """Return the elements that a job's runs fan out into; ``None`` for one task a run."""
    array = job.array
    return array and JobArray(
        size=array.elements,
        items=array.items,
        max_concurrency=array.max_concurrency,
        tolerated_count=array.tolerate_failures.count,
        tolerated_percentage=array.tolerate_failures.percentage,
    )


def steps_of(flow: FlowSettings, settings: Settings, names: Names) -> dict[str, FlowStep]:
    """Return the jobs of a flow as its machine starts them, by name."""
    return {
        job: _step(step, settings.jobs[job], settings, names) for job, step in flow.jobs.items()
    }


def _step(step: FlowJobSettings, job: JobSettings, settings: Settings, names: Names) -> FlowStep:
    goes_on = step.on_failure == "continue"
    notify = step.notify or (job.notify if goes_on else JobNotifySettings(on="none"))
    given: dict[str, Any] = {
        "notify": notify.in_trigger(),
        **warned(job.warn_after_seconds),
    }
    if step.command is not None:
        given["command"] = list(step.command)
    if step.environment:
        given["environment"] = told_environment(step.environment, settings, names)
    return FlowStep(
        container=job.container,
        after=step.after,
        goes_on=goes_on,
        given=given,
        **(
            {}
            if step.retry is None
            else {"retries": step.retry.times, "retry_seconds": step.retry.wait_seconds}
        ),
    )


def event_patterns(on: Sequence[EventSettings], names: Names) -> Iterator[Mapping[str, Any]]:
    """Return the patterns of EventBridge that a job's events become; messages come by pipes."""
    for event in on:
        if created := event.object_created:
            yield object_created(
                names.bucket(created.bucket), prefix=created.prefix, suffix=created.suffix
            )
        elif ended := event.job_ended:
            arn = names.machine_arn(names.chosen(ended.job))
            yield job_ended(arn, ended.result, replaced=JOB_REPLACED)
        elif event.pattern is not None:
            yield event.pattern


# -- whole machines


def machine_definition(
    name: str, settings: Settings, names: Names, placement: TaskPlacement
) -> Definition:
    """Return the definition of the machine of a job, flow or worker.

    ``placement`` is known after a deploy only; a flow does without it.
    """
    if name in settings.flows:
        return flow_machine(
            flow=name,
            steps=steps_of(settings.flows[name], settings, names),
            job_machines_arn=names.job_machines_arn,
        )
    entry = settings.jobs[name] if name in settings.jobs else settings.workers[name]
    common: dict[str, Any] = {
        "command": entry.command,
        "environment": told_environment(entry.environment, settings, names),
        "family": names.family_arn(entry.container),
        "log_group": names.log_group(entry.container),
        "timeout_seconds": entry.timeout_seconds,
        "placement": placement,
        "debug": bool(settings.containers[entry.container].debug),
    }
    if isinstance(entry, JobSettings):
        return job_machine(
            job=name,
            cpu_units=entry.cpu_units,
            memory_mib=entry.memory_mib,
            retries=retries_of(entry),
            array=array_of(entry),
            capacity=entry.capacity,
            heartbeat_seconds=entry.progress and entry.progress.heartbeat_seconds,
            **common,
        )
    return worker_machine(
        worker=name,
        activity_arn=names.activity_arn(name),
        heartbeat_seconds=entry.heartbeat_seconds,
        **common,
    )


def job_trigger(name: str, job: JobSettings) -> dict[str, Any]:
    """Return what the dispatcher is handed to start a job by an event, without the event."""
    return trigger(
        job=name,
        container=job.container,
        overlap=job.overlap,
        notify=job.notify.in_trigger(),
        **warned(job.warn_after_seconds),
    )


def dispatcher_definition(
    settings: Settings, names: Names, task_definition_arns: Mapping[str, str]
) -> Definition:
    """Return the definition of the dispatcher; task definitions are known after a deploy only."""
    listens = any(job.on for job in settings.jobs.values())
    machine = dispatcher_machine(
        job_machines_arn=names.job_machines_arn,
        task_definition_arns=task_definition_arns,
        skipped_machine_arn=names.machine_arn(names.of("skipped")),
        schedule_group=names.prefix,
        events=listens,
        calendars=settings.calendar_tables,
    )
    if not listens:
        return machine
    return hearing_events(
        machine,
        {
            names.queue_arn(event.message.queue): job_trigger(name, job)
            for name, job in settings.jobs.items()
            for event in job.on
            if event.message
        },
    )

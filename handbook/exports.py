"""The reference of what a stack exports."""

from collections.abc import Mapping
from typing import Any, cast

from handbook.deployed import everything

MEANINGS: Mapping[str, str] = {
    "clusterArn": "The ECS cluster in which tasks run.",
    "dispatcherArn": "The state machine that starts every run: `{job, input}` starts one by hand.",
    "jobMachineArns": "Each job's state machine; its executions are the job's runs.",
    "flowMachineArns": "Each flow's state machine.",
    "workerMachineArns": "Each worker's state machine.",
    "scheduleGroup": "The group of EventBridge Scheduler that holds the stack's schedules.",
    "successTopicArn": "The topic of successes.",
    "failureTopicArn": "The topic of failures and alarms.",
    "deadLetterQueueUrl": "Where everything undeliverable is kept.",
    "bucketNames": "Each bucket of `buckets`.",
    "queueUrls": "Each queue of `queues`.",
    "topicArns": "Each topic of `topics`: who wants to hear subscribes to it.",
    "tableNames": "Each table of `tables`.",
    "repositoryUrls": "The repository of each image, as `<build>-<architecture>`.",
    "logGroups": "The log group of each container.",
    "operatorRoleArn": "The role by which people operate the stack; only with `access.operators`.",
    "githubRoleArns": "The roles of GitHub's workflows; only with `access.github`.",
}
"""What is behind each name."""


def exports() -> str:
    """Write a row for each name, with a value as a stack of every feature has it.

    Raises:
        LookupError: a name has no meaning here, or a meaning no name.
    """
    values = everything().exports
    if strange := values.keys() ^ MEANINGS.keys():
        raise LookupError(f"{__name__}.MEANINGS and the exports differ: {', '.join(strange)}")
    rows = (f"| `{name}` | {MEANINGS[name]} | {_value(values[name])} |" for name in values)
    return "\n".join(["| name | what it is | as |", "| --- | --- | --- |", *rows])


def _value(value: Any) -> str:
    """Return an example: of a map the first entry."""
    if isinstance(value, dict):
        key, inner = next(iter(cast("dict[str, str]", value).items()))
        return f"by name: `{key}`: `{inner}`"
    return f"`{value}`"

"""The reference of the stack's alarms: what each is on, and its own words."""

import re
from collections.abc import Mapping
from typing import Any

from handbook.deployed import everything


def alarms() -> str:
    """Write a row for each alarm of the stack that uses every feature."""
    made = everything()
    rows = (_row(alarm, made.prefix) for alarm in made.alarms)
    return "\n".join(["| alarm | on | says |", "| --- | --- | --- |", *rows])


def _row(alarm: Mapping[str, Any], prefix: str) -> str:
    name = alarm["AlarmName"].removeprefix(f"{prefix}-")
    on = "<br>".join(f"`{metric}`" for metric in _metrics(alarm))
    description, _, _ = alarm["AlarmDescription"].rpartition(" Runbook: ")
    says = re.sub(rf"{prefix}([\w-]*)", r"`<stack>\1`", description)
    return f"| [`{name}`](../runbooks/alarms.md#{name}) | {on} | {says} |"


def _metrics(alarm: Mapping[str, Any]) -> list[str]:
    """Return the metrics that an alarm is on, or the sum of which it is on."""
    if "MetricName" in alarm:
        return [f"{alarm['Namespace']} {alarm['MetricName']}"]
    stats = (query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query)
    return [f"{metric['Namespace']} {metric['MetricName']}" for metric in stats]

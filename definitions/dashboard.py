"""A stack's CloudWatch dashboard, as the text that PutDashboard takes.

It names no job: CloudWatch searches the metrics by the names' common start, so that the text does
not grow with the jobs. The search compares words, not prefixes ("CloudWatch search expression
syntax"): the machines that are no jobs are left out one by one, and a stack whose name goes on
after this one's (``dev-eu`` beside ``dev``) shows in the same graphs.
"""

import json
from collections.abc import Sequence
from typing import Any

from definitions.names import Names

MAX_SEARCH_CHARACTERS = 1_024
"""Of the text of one search (CloudWatch search expression syntax)."""

PERIOD_SECONDS = 3_600
OWN_MACHINES = ("dispatcher", "notifier", "watcher", "skipped")
"""State machines whose executions are no runs."""

_COLUMNS = 24
_HEIGHT = 6
_GREEN, _RED, _ORANGE, _GREY, _BLUE = "#2ca02c", "#d62728", "#ff7f0e", "#7f7f7f", "#1f77b4"

Widget = dict[str, Any]


def dashboard(names: Names, *, alarm_arns: Sequence[str], attempts_rule: str) -> str:
    """Return the body of the dashboard.

    ``attempts_rule`` is the name of the rule that matches the end of each of the stack's tasks: a
    rule counts what it matches, and nothing else counts the tasks of a cluster for nothing.
    """
    rows = [
        [_words(names), _alarms(alarm_arns)],
        [_results(names), _attempts(names, attempts_rule)],
        [_durations(names), _slowest(names)],
        [_triggers(names), _undelivered(names)],
    ]
    widgets: list[Widget] = []
    for number, row in enumerate(rows):
        width = _COLUMNS // len(row)
        widgets += [
            {
                **widget,
                "x": width * column,
                "y": _HEIGHT * number,
                "width": width,
                "height": _HEIGHT,
            }
            for column, widget in enumerate(row)
        ]
    return json.dumps({"start": "-P7D", "periodOverride": "inherit", "widgets": widgets})


def _words(names: Names) -> Widget:
    """Say where to go from here."""
    console = f"https://{names.region}.console.aws.amazon.com"

    def executions(role: str) -> str:
        arn = names.machine_arn(names.of(role))
        return f"{console}/states/home?region={names.region}#/statemachines/view/{arn}"

    schedules = f"{console}/scheduler/home?region={names.region}#schedules"
    text = f"""# {names.prefix}
Runs of a job: the [state machine](\
{console}/states/home?region={names.region}#/statemachines) `{names.chosen("<job>")}`.

* [What started, was a duplicate or was skipped]({executions("dispatcher")})
* [Skipped runs with their reasons]({executions("skipped")})
* [What people were told]({executions("notifier")})
* [Schedules]({schedules}): group `{names.prefix}`
* Undelivered: queue `{names.of("dead-letters")}`

What to do when it calls: `docs/runbooks` in the repository; what features do: `docs/features`."""
    return {"type": "text", "properties": {"markdown": text}}


def _alarms(arns: Sequence[str]) -> Widget:
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(arns)}}


def _results(names: Names) -> Widget:
    """Count runs; one that took too long has failed, as its job's machine says it."""
    colours = {
        "Succeeded": _GREEN,
        "Failed": _RED,
        "Aborted": _GREY,
    }
    ended = [
        _math(
            f"SUM({_runs(names, f'Executions{how}', 'Sum')})", _in_words(how), f"e{number}", colour
        )
        for number, (how, colour) in enumerate(colours.items())
    ]
    skipped: list[Any] = [
        "AWS/States",
        "ExecutionsSucceeded",
        "StateMachineArn",
        names.machine_arn(names.of("skipped")),
        {"label": "skipped", "stat": "Sum", "color": _BLUE},
    ]
    return _graph(names, "Runs an hour, by how they ended", [*ended, skipped], stacked=True)


def _in_words(how: str) -> str:
    return {"Aborted": "stopped"}.get(how, how.lower())


def _attempts(names: Names, attempts_rule: str) -> Widget:
    def matched(rule: str, metric_id: str, **more: Any) -> list[Any]:
        options = {"id": metric_id, "stat": "Sum", **more}
        return ["AWS/Events", "MatchedEvents", "RuleName", rule, options]

    return _graph(
        names,
        "Attempts: tasks that ended, and how many a run took",
        [
            matched(attempts_rule, "tasks", label="attempts", color=_BLUE),
            matched(names.of("ended"), "runs", visible=False),
            _math("tasks / runs", "attempts a run", "each", _ORANGE, yAxis="right"),
        ],
    )


def _durations(names: Names) -> Widget:
    return _graph(
        names,
        "Seconds that runs took",
        [
            _math(
                f"{function}({_runs(names, 'ExecutionTime', statistic)}) / 1000", label, id_, colour
            )
            for function, statistic, label, id_, colour in (
                ("MAX", "Maximum", "longest", "longest", _ORANGE),
                ("AVG", "Average", "average of the jobs", "average", _BLUE),
            )
        ],
    )


def _slowest(names: Names) -> Widget:
    slowest = f"SORT({_runs(names, 'ExecutionTime', 'Maximum')} / 1000, MAX, DESC, 10)"
    return _graph(
        names, "The ten slowest jobs, in seconds", [_math(slowest, None, "slowest", None)]
    )


def _triggers(names: Names) -> Widget:
    def of_group(metric: str, label: str, colour: str) -> list[Any]:
        options = {"label": label, "stat": "Sum", "color": colour}
        return ["AWS/Scheduler", metric, "ScheduleGroup", names.prefix, options]

    return _graph(
        names,
        "Triggers an hour",
        [
            of_group("InvocationAttemptCount", "attempts to deliver", _BLUE),
            of_group("TargetErrorCount", "refused, most to be tried again", _ORANGE),
            of_group("InvocationDroppedCount", "dropped", _RED),
        ],
    )


def _undelivered(names: Names) -> Widget:
    letters = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    options = {"label": "dead letters", "stat": "Maximum", "color": _RED}
    return _graph(names, "Dead letters", [[*letters, names.of("dead-letters"), options]])


def _runs(names: Names, metric: str, statistic: str) -> str:
    """Search a metric of all runs: jobs, flows and workers."""
    others = " ".join(
        f'NOT StateMachineArn="{names.machine_arn(names.of(role))}"' for role in OWN_MACHINES
    )
    terms = f'MetricName="{metric}" StateMachineArn={names.prefix} {others}'
    return f"SEARCH('{{AWS/States,StateMachineArn}} {terms}', '{statistic}', {PERIOD_SECONDS})"


def _math(
    expression: str, label: str | None, id_: str, colour: str | None, **more: Any
) -> list[Any]:
    said = {"expression": expression, "label": label, "id": id_, "color": colour, **more}
    return [{key: value for key, value in said.items() if value is not None}]


def _graph(names: Names, title: str, metrics: list[list[Any]], *, stacked: bool = False) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": names.region,
            "view": "timeSeries",
            "stacked": stacked,
            "period": PERIOD_SECONDS,
            "yAxis": {"left": {"min": 0, "showUnits": False}},
            "metrics": metrics,
        },
    }

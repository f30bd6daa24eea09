"""CloudWatch alarms on virtual metrics: moto stores alarms and never looks at them.

An alarm is looked at when data come in, and at the ends of periods until nothing can change any
more without new data. So alarms on what never happens cost nothing, however long a rehearsal is.
Sources: "Using Amazon CloudWatch alarms" of the user guide, and the messages that AWS sends.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import json
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.sqs.models import Queue, SQSBackend

from rehearsal.cloud import strict
from rehearsal.cloud.clock import Deadline
from rehearsal.cloud.repairs import Refusal, Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

MAX_SUBJECT = 100
"""Characters (Publish, SNS API reference)."""

_MINUTE = 60
"""Seconds between two looks of CloudWatch at an alarm."""
_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (lambda a, b: a > b, "greater than"),
    "GreaterThanOrEqualToThreshold": (lambda a, b: a >= b, "greater than or equal to"),
    "LessThanThreshold": (lambda a, b: a < b, "less than"),
    "LessThanOrEqualToThreshold": (lambda a, b: a <= b, "less than or equal to"),
}
_TREATED_AS = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
_OF_EXECUTIONS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}

_SUM = re.compile(r"SUM\(\[(FILL\(\w+, 0\)(?:, FILL\(\w+, 0\))*)\]\)")
"""The one form of metric math that is rehearsed: counts added up, where none came it is 0."""

Metric = tuple[str, str, dict[str, str]]
"""Namespace, name and dimensions."""
_Key = tuple[str, str, str, frozenset[tuple[str, str]]]
"""Region, namespace, name and dimensions of a metric."""


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """A metric that an alarm is on, and how the values of a period become one."""

    key: _Key
    statistic: str
    period: int
    """Seconds."""
    id: str = "m1"
    """By which an expression names it."""


@dataclass
class _Series:
    """The data of a metric, in the order of time (seconds since 1970)."""

    is_level: bool = False
    """Whether a value holds until the next one, as the length of a queue does."""
    times: list[float] = field(default_factory=list[float])
    values: list[float] = field(default_factory=list[float])

    def add(self, time: float, value: float) -> None:
        at = bisect_left(self.times, time)
        while at < len(self.times) and self.times[at] == time:
            at += 1
        self.times.insert(at, time)
        self.values.insert(at, value)

    def expected(self) -> float | None:
        """Return what later periods hold when nothing happens."""
        return self.values[-1] if self.is_level and self.values else None

    def between(self, start: float, end: float) -> list[float]:
        """Return the values from ``start`` to ``end``, that one not included."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        held = self.values[first - 1 : first] if self.is_level else []
        return [*held, *self.values[first:last]]


class Alarms:
    """The metrics of one embedded AWS and the alarms on them."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._series: dict[_Key, _Series] = {}
        self._watching: dict[_Key, set[str]] = {}
        """Names of alarms by metric."""
        self._next: dict[tuple[str, str], Deadline] = {}

    def repair(self, repairs: Repairs) -> None:
        """Evaluate alarms, let them act, and measure queues: moto does nothing of it."""
        put_alarm = CloudWatchBackend.put_metric_alarm
        put_data = CloudWatchBackend.put_metric_data
        alarms = self

        def put_metric_alarm(backend: Any, **given: Any) -> Any:
            _refuse_unknown_kinds(given)
            before = backend.alarms.get(given["name"])
            alarm = put_alarm(backend, **given)
            # Moto begins with OK, and forgets the state of an alarm that is changed.
            alarm.state_value = "INSUFFICIENT_DATA" if before is None else before.state_value
            alarms._watch(alarm)
            return alarm

        def put_metric_data(
            backend: Any, namespace: str, metric_data: list[dict[str, Any]]
        ) -> None:
            put_data(backend, namespace, metric_data)
            for datum in metric_data:
                alarms._take(backend.region_name, namespace, datum)

        def set_alarm_state(
            backend: Any, alarm_name: str, reason: str, reason_data: str, state_value: str
        ) -> None:
            if alarm_name not in backend.alarms:
                raise Refusal("ResourceNotFound", f"Alarm {alarm_name} does not exist")
            alarms._change(backend.alarms[alarm_name], state_value, reason, reason_data or "{}")

        repairs.put(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
        repairs.put(CloudWatchBackend, "put_metric_data", put_metric_data)
        repairs.put(CloudWatchBackend, "set_alarm_state", set_alarm_state)
        self._measure_queues(repairs)

    def count(
        self,
        namespace: str,
        name: str,
        dimensions: dict[str, str],
        *,
        region: str,
        value: float = 1,
    ) -> None:
        """Add to a metric of an AWS service, now."""
        datum = {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
            "Value": value,
        }
        backend = cloudwatch_backends[self._aws.account][region]
        backend.put_metric_data(namespace, [datum])

    def hear(self, event: dict[str, Any]) -> None:
        """Count what an event of an AWS service tells of."""
        detail = event["detail"]
        if event["source"] != "aws.states" or detail.get("status") not in _OF_EXECUTIONS:
            return
        machine, region = {"StateMachineArn": detail["stateMachineArn"]}, event["region"]
        self.count("AWS/States", _OF_EXECUTIONS[detail["status"]], machine, region=region)
        if detail.get("stopDate") is not None:
            milliseconds = detail["stopDate"] - detail["startDate"]
            self.count("AWS/States", "ExecutionTime", machine, region=region, value=milliseconds)

    def metrics(self, region: str) -> list[Metric]:
        """Return every metric of a region that has had data."""
        return [
            (namespace, name, dict(dimensions))
            for of, namespace, name, dimensions in self._series
            if of == region
        ]

    # -- data

    def _take(self, region: str, namespace: str, datum: dict[str, Any]) -> None:
        dimensions = {one["Name"]: one["Value"] for one in datum.get("Dimensions", ())}
        key = _key(region, namespace, datum["MetricName"], dimensions)
        series = self._series.setdefault(key, _Series())
        time = datum.get("Timestamp") or self._aws.clock.now()
        seconds = time.replace(tzinfo=time.tzinfo or UTC).timestamp()
        if "StatisticValues" in datum:
            statistics = datum["StatisticValues"]
            values = [float(statistics["Minimum"]), float(statistics["Maximum"])]
        else:
            values = [float(value) for value in datum.get("Values") or [datum.get("Value", 0)]]
        for value in values:
            series.add(seconds, value)
        self._look_soon(key)

    def _look_soon(self, key: _Key) -> None:
        for name in sorted(self._watching.get(key, ())):
            self._look_at(key[0], name, self._next_end(_MINUTE))

    def _measure_queues(self, repairs: Repairs) -> None:
        add, delete = Queue.add_message, Queue.delete_message
        receive, purge = SQSBackend.receive_message, SQSBackend.purge_queue
        alarms = self

        def add_message(queue: Any, message: Any) -> None:
            add(queue, message)
            alarms._measure(queue)

        def delete_message(queue: Any, receipt_handle: str) -> None:
            delete(queue, receipt_handle)
            alarms._measure(queue)

        def receive_message(backend: Any, queue_name: str, *args: Any, **more: Any) -> Any:
            messages = receive(backend, queue_name, *args, **more)
            queue = backend.get_queue(queue_name)
            alarms._measure(queue)
            for message in messages:  # they come back when nobody deletes them
                back = datetime.fromtimestamp((message.visible_at + 1) / 1_000, UTC)
                alarms._aws.clock.at(back, lambda: alarms._measure(queue), queue.queue_arn)
            return messages

        def purge_queue(backend: Any, queue_name: str) -> None:
            purge(backend, queue_name)
            alarms._measure(backend.get_queue(queue_name))

        repairs.put(Queue, "add_message", add_message)
        repairs.put(Queue, "delete_message", delete_message)
        repairs.put(SQSBackend, "receive_message", receive_message)
        repairs.put(SQSBackend, "purge_queue", purge_queue)

    def _measure(self, queue: Any) -> None:
        """Note how many messages of a queue can be seen, if an alarm is on that."""
        name = "ApproximateNumberOfMessagesVisible"
        key = _key(queue.region, "AWS/SQS", name, {"QueueName": queue.name})
        if key not in self._watching:
            return
        series = self._series.setdefault(key, _Series(is_level=True))
        series.add(self._aws.clock.now().timestamp(), queue.approximate_number_of_messages)
        self._look_soon(key)

    # -- looking

    def _watch(self, alarm: Any) -> None:
        self._forget(alarm.region_name, alarm.name)
        for measure in _measures(alarm):
            self._watching.setdefault(measure.key, set()).add(alarm.name)
        self._look_at(alarm.region_name, alarm.name, self._next_end(_MINUTE))

    def _forget(self, region: str, name: str) -> None:
        for key in [key for key, names in self._watching.items() if name in names]:
            if key[0] == region:
                self._watching[key].discard(name)
        pending = self._next.pop((region, name), None)
        if pending is not None:
            pending.cancel()

    def _next_end(self, period_seconds: int) -> datetime:
        """Return the next end of a period: all of them count from midnight, UTC."""
        now = self._aws.clock.now().timestamp()
        return datetime.fromtimestamp((now // period_seconds + 1) * period_seconds, UTC)

    def _look_at(self, region: str, name: str, when: datetime) -> None:
        pending = self._next.get((region, name))
        if pending is not None and pending.action is not None and pending.when <= when:
            return
        if pending is not None:
            pending.cancel()
        self._next[region, name] = self._aws.clock.at(
            when, lambda: self._look(region, name), f"alarm {name}"
        )

    def _look(self, region: str, name: str) -> None:
        """Evaluate an alarm, and again at the end of its period if that could say otherwise."""
        del self._next[region, name]
        alarm = cloudwatch_backends[self._aws.account][region].alarms.get(name)
        if alarm is None:
            return
        data = self._data(alarm)
        state, reason = _judge(alarm, data)
        if state is not None and state != alarm.state_value:
            self._change(alarm, state, reason, _reason_data(alarm, data, self._aws.clock.now()))
        measures = _measures(alarm)
        expected = _added_up(self._series_of(measure).expected() for measure in measures)
        if any(value != expected for _, value in data):
            self._look_at(region, name, self._next_end(measures[0].period))

    def _series_of(self, measure: _Measure) -> _Series:
        return self._series.get(measure.key, _Series())

    def _data(self, alarm: Any) -> list[tuple[float, float | None]]:
        """Return start and value of the last periods, the latest first.

        The present one counts as soon as it has a value.
        """
        measures = _measures(alarm)
        period = measures[0].period
        now = self._aws.clock.now().timestamp()
        present = now // period * period

        def value(start: float) -> float | None:
            return _added_up(
                _statistic(measure, self._series_of(measure), start) for measure in measures
            )

        count = int(alarm.evaluation_periods)
        starts = [present - period * number for number in range(1, count + 1)]
        if present < now and value(present) is not None:
            starts = [present, *starts[:-1]]
        return [(start, value(start)) for start in starts]

    # -- what comes of it

    def _change(self, alarm: Any, state: str, reason: str, reason_data: str) -> None:
        before = {
            "value": alarm.state_value,
            "reason": alarm.state_reason,
            "timestamp": _text(alarm.state_updated_timestamp),
        }
        changed = state != alarm.state_value
        alarm.update_state(reason, reason_data, state)
        if not changed:
            return
        self._aws.events.publish(
            source="aws.cloudwatch",
            detail_type="CloudWatch Alarm State Change",
            resources=[alarm.alarm_arn],
            detail=_detail(alarm, before),
            region=alarm.region_name,
        )
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[state]
        if alarm.actions_enabled:
            for action in actions:
                self._act(alarm, action, before["value"])

    def _act(self, alarm: Any, action: str, old_state: str) -> None:
        if ":sns:" not in action:
            raise NotImplementedError(f"alarm action {action} of {alarm.name} is not rehearsed")
        region = _region_name(alarm.region_name)
        try:
            self._aws.iam.admit(source=alarm.alarm_arn, role=None, target=action)
        except ClientError:
            return  # the alarm's history would say so, and nobody else
        self._aws.client("sns", action.split(":")[3]).publish(
            TopicArn=action,
            Subject=f'{alarm.state_value}: "{alarm.name}" in {region}'[:MAX_SUBJECT],
            Message=json.dumps(_message(alarm, old_state, self._aws.account, region)),
        )


def _key(region: str, namespace: str, name: str, dimensions: dict[str, str]) -> _Key:
    return region, namespace, name, frozenset(dimensions.items())


def _measures(alarm: Any) -> list[_Measure]:
    """Return the metrics that an alarm is on; their values are added up if they are several."""
    if not alarm.metric_data_queries:
        return [
            _Measure(
                key=_key_of(alarm.region_name, alarm),
                statistic=alarm.extended_statistic or alarm.statistic,
                period=int(alarm.period),
            )
        ]
    (total,) = (query for query in alarm.metric_data_queries if query.expression)
    (added,) = _SUM.findall(total.expression)
    return [
        _Measure(
            key=_key_of(alarm.region_name, query.metric_stat.metric),
            statistic=query.metric_stat.stat,
            period=int(query.metric_stat.period),
            id=query.id,
        )
        for query in alarm.metric_data_queries
        if f"FILL({query.id}, 0)" in added
    ]


def _key_of(region: str, metric: Any) -> _Key:
    named = {dimension.name: dimension.value for dimension in metric.dimensions}
    return _key(region, metric.namespace, metric.metric_name, named)


def _added_up(values: Iterable[float | None]) -> float | None:
    """Add up what there is; nothing if there is nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _refuse_unknown_kinds(given: dict[str, Any]) -> None:
    name, queries = given["name"], given["metric_data_queries"] or []
    sums = [query.expression for query in queries if query.expression]
    rehearsed = not queries or (len(sums) == 1 and _SUM.fullmatch(sums[0]))
    if given["rule"] or not rehearsed:
        raise Refusal(
            "ValidationError",
            f"Alarm {name}: only one metric or SUM([FILL(a, 0), FILL(b, 0)]) is rehearsed.",
        )
    if given["comparison_operator"] not in _COMPARISONS:
        raise Refusal(
            "ValidationError",
            f"Alarm {name}: {given['comparison_operator']} is not rehearsed.",
        )


def _statistic(measure: _Measure, series: _Series, start: float) -> float | None:
    values = series.between(start, start + measure.period)
    if not values:
        return None
    if measure.statistic.startswith("p"):
        share = float(measure.statistic[1:]) / 100
        return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    statistics: dict[str, Callable[[list[float]], float]] = {
        "SampleCount": len,
        "Sum": sum,
        "Average": lambda all_: sum(all_) / len(all_),
        "Minimum": min,
        "Maximum": max,
    }
    return float(statistics[measure.statistic](values))


def _judge(alarm: Any, data: list[tuple[float, float | None]]) -> tuple[str | None, str]:
    """Return the state that the data mean (``None``: as before) and the reason of it."""
    breaches, words = _COMPARISONS[alarm.comparison_operator]
    known = [(start, value) for start, value in data if value is not None]
    breaching = [start for start, value in known if breaches(value, float(alarm.threshold))]
    missing = len(data) - len(known)
    treatment = alarm.treat_missing_data or "missing"
    if missing == len(data) and treatment == "ignore":
        return None, ""
    if missing == len(data) and treatment == "missing":
        periods = "datapoint was" if missing == 1 else "datapoints were"
        return "INSUFFICIENT_DATA", f"Insufficient Data: {missing} {periods} unknown."
    count = len(breaching) + (missing if treatment == "breaching" else 0)
    wanted = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    state = "ALARM" if count >= wanted else "OK"
    if not known:
        return state, (
            f"Threshold Crossed: no datapoints were received for {missing} "
            f"{'period' if missing == 1 else 'periods'} and {missing} missing "
            f"{'datapoint was' if missing == 1 else 'datapoints were'} treated as "
            f"[{_TREATED_AS[treatment]}]."
        )
    shown = ", ".join(
        f"{value} ({datetime.fromtimestamp(start, UTC):%d/%m/%y %H:%M:%S})"
        for start, value in known
    )
    number = f"{len(breaching if state == 'ALARM' else known)} out of the last {len(data)}"
    verb = "was" if len(known) == 1 else "were"
    return state, (
        f"Threshold Crossed: {number} datapoints [{shown}] {verb} "
        f"{'' if state == 'ALARM' else 'not '}{words} the threshold ({float(alarm.threshold)}) "
        f"(minimum {wanted} datapoint{'' if wanted == 1 else 's'} for "
        f"{'OK -> ALARM' if state == 'ALARM' else 'ALARM -> OK'} transition)."
    )


def _reason_data(alarm: Any, data: list[tuple[float, float | None]], now: datetime) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _text(now),
            **_told_once(alarm),
            "recentDatapoints": [value for _, value in reversed(data) if value is not None],
            "threshold": float(alarm.threshold),
        }
    )


def _told_once(alarm: Any) -> dict[str, Any]:
    """Return statistic and period; metric math says them of each metric."""
    (measure, *more) = _measures(alarm)
    return {} if more else {"statistic": measure.statistic, "period": measure.period}


def _detail(alarm: Any, before: dict[str, str]) -> dict[str, Any]:
    """Return what the event of a change tells ("Alarm events and EventBridge")."""
    return {
        "alarmName": alarm.name,
        "state": {
            "value": alarm.state_value,
            "reason": alarm.state_reason,
            "reasonData": alarm.state_reason_data,
            "timestamp": _text(alarm.state_updated_timestamp),
        },
        "previousState": before,
        "configuration": {
            "description": alarm.description,
            "metrics": _queries(alarm),
        },
    }


def _queries(alarm: Any) -> list[dict[str, Any]]:
    """Return the metrics of an alarm, and the expression over them, as its event tells them."""
    total = [
        {"id": query.id, "expression": query.expression, "label": query.label, "returnData": True}
        for query in alarm.metric_data_queries
        if query.expression
    ]
    return total + [
        {
            "id": measure.id,
            "metricStat": {
                "metric": {
                    "namespace": measure.key[1],
                    "name": measure.key[2],
                    "dimensions": dict(measure.key[3]),
                },
                "period": measure.period,
                "stat": measure.statistic,
            },
            "returnData": not total,
        }
        for measure in _measures(alarm)
    ]


def _trigger(alarm: Any) -> dict[str, Any]:
    """Return what the message to a topic says that the alarm is on."""
    if alarm.metric_data_queries:
        return {"Metrics": [_pascal(query) for query in _queries(alarm)]}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "ExtendedStatistic" if alarm.extended_statistic else "Statistic",
        "Statistic": (alarm.extended_statistic or alarm.statistic).upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
    }


def _pascal(query: dict[str, Any]) -> dict[str, Any]:
    """Write the names of members as the message has them; the event's begin in lower case."""
    return {f"{key[0].upper()}{key[1:]}": value for key, value in query.items()}


def _message(alarm: Any, old_state: str, account: str, region: str) -> dict[str, Any]:
    """Return what CloudWatch publishes to a topic."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": _text(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _text(alarm.state_updated_timestamp),
        "Region": region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            **_trigger(alarm),
            "Period": _measures(alarm)[0].period,
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "DatapointsToAlarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": float(alarm.threshold),
            "TreatMissingData": alarm.treat_missing_data or "missing",
            "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
        },
    }


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@functools.cache
def _region_name(region: str) -> str:
    """Return the name of a region as alarms write it, "EU (Ireland)"."""
    for partition in strict.loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            name: str = partition["regions"][region]["description"]
            return name.replace("Europe (", "EU (")
    return region

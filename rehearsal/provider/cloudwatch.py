"""Metric alarms and dashboards."""

import re
from typing import Any

from rehearsal.provider.registry import (
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    json_object,
    known,
    one_of,
    reads,
    tagging,
    updates,
)

MAX_ACTIONS = 5
SHORT_PERIODS = (10, 20, 30)
"""Seconds; other periods are whole minutes."""
MAX_WATCHED_SECONDS = 604_800
"""Period times evaluation periods, with periods of an hour and more (PutMetricAlarm)."""
MAX_WATCHED_SECONDS_SHORT = 86_400
"""The same with shorter periods."""

MAX_BODY_BYTES = 1_048_576
"""Of a dashboard's body (PutDashboard)."""
GRID_COLUMNS = 24
"""Of a dashboard (CloudWatch API reference, "Dashboard body structure and syntax")."""

_DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_HOUR = 3_600
_MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")


DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

_READ_AS_GIVEN = (
    # ... with a small letter at the beginning.
    *("ActionsEnabled", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm"),
    *("EvaluationPeriods", "ExtendedStatistic", "MetricName", "Namespace", "Period"),
    *("Statistic", "Threshold", "TreatMissingData", "Unit"),
)


@updates(METRIC_ALARM)
@creates(METRIC_ALARM, replaces={"name"}, tags=tagging("cloudwatch", "ResourceARN"))
def put_metric_alarm(call: Call) -> str:
    """Make an alarm or change it, checked as CloudWatch does."""
    args, name = call.args, call.id or call.physical_name("name", "")
    cloudwatch = call.client("cloudwatch")
    model = cloudwatch.meta.service_model
    comparison = one_of(
        "comparisonOperator",
        args.need("comparisonOperator"),
        model.shape_for("ComparisonOperator").enum,
    )
    missing = one_of("treatMissingData", args.get("treatMissingData", "missing"), _MISSING_DATA)
    periods, datapoints = args.need("evaluationPeriods"), args.get("datapointsToAlarm")
    queries = args.parts("metricQueries")
    measured = _math(queries) if queries else _one_metric(args, model)
    period = measured.get("Period") or measured["Metrics"][-1]["MetricStat"]["Period"]
    _check_window(period, periods, datapoints)
    actions = {
        parameter: _check_actions(key, args.get(key, []))
        for parameter, key in (
            ("AlarmActions", "alarmActions"),
            ("OKActions", "okActions"),
            ("InsufficientDataActions", "insufficientDataActions"),
        )
    }
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ActionsEnabled=args.get("actionsEnabled", True),
        Threshold=args.need("threshold"),
        ComparisonOperator=comparison,
        EvaluationPeriods=periods,
        TreatMissingData=missing,
        **measured,
        **known(
            {
                "AlarmDescription": args.get("alarmDescription"),
                "DatapointsToAlarm": datapoints,
                "Tags": [] if call.id else call.tag_list(),
                **actions,
            }
        ),
    )
    return name


@reads(METRIC_ALARM)
def read_metric_alarm(call: Call) -> Found | None:
    """Look at an alarm."""
    alarms = call.client("cloudwatch").describe_alarms(AlarmNames=[call.id])["MetricAlarms"]
    if not alarms:
        return None
    (found,) = alarms
    return {
        **{key[:1].lower() + key[1:]: found.get(key) for key in _READ_AS_GIVEN},
        "alarmActions": found["AlarmActions"],
        "okActions": found["OKActions"],
        "insufficientDataActions": found["InsufficientDataActions"],
        "dimensions": {each["Name"]: each["Value"] for each in found["Dimensions"]},
        "metricQueries": [_query_as_given(query) for query in found.get("Metrics", [])],
    }, {"arn": found["AlarmArn"], "name": call.id}


@deletes(METRIC_ALARM)
def delete_metric_alarm(call: Call) -> None:
    """Delete an alarm; one that is not there is deleted already, for CloudWatch too."""
    call.client("cloudwatch").delete_alarms(AlarmNames=[call.id])


def _one_metric(args: Arguments, model: Any) -> dict[str, Any]:
    """Return what an alarm on one metric says of it."""
    statistic = one_of("statistic", args.get("statistic"), model.shape_for("Statistic").enum)
    unit = one_of("unit", args.get("unit"), model.shape_for("StandardUnit").enum)
    extended = args.get("extendedStatistic")
    if bool(statistic) == bool(extended):
        raise ValueError("give one of 'statistic' and 'extendedStatistic'")
    return known(
        {
            "MetricName": args.need("metricName"),
            "Namespace": args.need("namespace"),
            "Period": args.need("period"),
            "Statistic": statistic,
            "ExtendedStatistic": extended,
            "Unit": unit,
            "Dimensions": _dimensions(args.get("dimensions", {})),
        }
    )


def _math(queries: list[Arguments]) -> dict[str, Any]:
    """Return what an alarm on metric math says: an expression, then the metrics that it names."""
    math: list[dict[str, Any]] = []
    for query in queries:
        said = {"Id": query.need("id"), "ReturnData": query.get("returnData", False)}
        metric = query.part("metric")
        if metric is None:
            said |= {"Expression": query.need("expression")} | query.some(Label="label")
        else:
            said["MetricStat"] = {
                "Metric": {
                    "Namespace": metric.need("namespace"),
                    "MetricName": metric.need("metricName"),
                    "Dimensions": _dimensions(metric.get("dimensions", {})),
                },
                "Period": metric.need("period"),
                "Stat": metric.need("stat"),
            }
        math.append(said)
    math.sort(key=lambda query: "MetricStat" in query)
    if len([query for query in math if query["ReturnData"]]) != 1:
        raise ValueError("metricQueries: exactly one of them returns data")
    return {"Metrics": math}


def _query_as_given(query: dict[str, Any]) -> dict[str, Any]:
    """Write a query of metric math as the program does."""
    said = {"id": query["Id"], "returnData": query["ReturnData"]}
    if "MetricStat" not in query:
        return said | known({"expression": query["Expression"], "label": query.get("Label")})
    stat = query["MetricStat"]
    metric = stat["Metric"]
    return said | {
        "metric": {
            "namespace": metric["Namespace"],
            "metricName": metric["MetricName"],
            "dimensions": {each["Name"]: each["Value"] for each in metric["Dimensions"]},
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    }


def _dimensions(named: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": key, "Value": value} for key, value in named.items()]


def _check_window(period: int, periods: int, datapoints: int | None) -> None:
    if period not in SHORT_PERIODS and (period < 60 or period % 60):
        raise ValueError(f"period is {period}: 10, 20, 30 or a multiple of 60 seconds")
    most = MAX_WATCHED_SECONDS if period >= _HOUR else MAX_WATCHED_SECONDS_SHORT
    if not periods >= 1 or period * periods > most:
        raise ValueError(
            f"period {period} times evaluationPeriods {periods}: CloudWatch looks back at most "
            f"{most:,} seconds"
        )
    if datapoints is not None and not 1 <= datapoints <= periods:
        raise ValueError(f"datapointsToAlarm is {datapoints}: 1 to evaluationPeriods, {periods}")


def _check_actions(key: str, actions: list[str]) -> list[str]:
    if len(actions) > MAX_ACTIONS:
        raise ValueError(f"{key} has {len(actions)} actions, CloudWatch takes {MAX_ACTIONS}")
    for action in actions:
        if not action.startswith("arn:"):
            raise ValueError(f"{key}: {action!r} is no ARN")
    return actions


# -- dashboards


@updates(DASHBOARD)
@creates(DASHBOARD, replaces={"dashboardName"})
def put_dashboard(call: Call) -> str:
    """Make a dashboard or change it, its body checked as far as CloudWatch refuses one."""
    name, body = call.args.need("dashboardName"), call.args.need("dashboardBody")
    if not _DASHBOARD_NAME.fullmatch(name):
        raise ValueError(f"dashboardName is {name!r}: letters, digits, - and _, at most 255")
    if len(body.encode()) > MAX_BODY_BYTES:
        raise ValueError(f"dashboardBody has {len(body):,} bytes, AWS takes {MAX_BODY_BYTES:,}")
    for number, widget in enumerate(json_object("dashboardBody", body).get("widgets", [])):
        missing = {"type", "properties"} - set(widget)
        if missing:
            raise ValueError(f"dashboardBody: widget {number} has no {sorted(missing)[0]}")
        if widget.get("x", 0) + widget.get("width", 6) > GRID_COLUMNS:
            raise ValueError(f"dashboardBody: widget {number} ends beyond column {GRID_COLUMNS}")
    call.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return name


@reads(DASHBOARD)
def read_dashboard(call: Call) -> Found:
    """Look at a dashboard."""
    found = call.client("cloudwatch").get_dashboard(DashboardName=call.id)
    return {"dashboardBody": found["DashboardBody"]}, {
        "dashboardArn": found["DashboardArn"],
        "dashboardName": call.id,
    }


@deletes(DASHBOARD)
def delete_dashboard(call: Call) -> None:
    """Delete a dashboard."""
    call.client("cloudwatch").delete_dashboards(DashboardNames=[call.id])

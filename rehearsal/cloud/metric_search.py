"""Which metrics a graph of a dashboard shows: what CloudWatch's search expressions find.

A search is ``SEARCH('{Namespace,Dimension} Name="exact" Dimension=words NOT Dimension="exact"',
'Statistic', Period)``; terms side by side must all hold (CloudWatch user guide, "CloudWatch search
expression syntax"). No other form is rehearsed.
"""

import re
from collections.abc import Iterable

from rehearsal.cloud.alarms import Metric

STATISTICS = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})

_SEARCH = re.compile(r"SEARCH\('\{([^{}']+)\} ([^']+)', '(\w+)', (\d+)\)")
_TERM = re.compile(r'(NOT )?(\w+)=(?:"([^"]+)"|([^\s"]+))')
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def found_by(expression: str, metrics: Iterable[Metric]) -> list[Metric]:
    """Return the metrics that the searches in an expression find.

    Raises:
        ValueError: there is no search, or one that CloudWatch would not take.
    """
    searches = _SEARCH.findall(expression)
    if not searches or len(searches) != expression.count("SEARCH"):
        raise ValueError(f"no search that is rehearsed: {expression}")
    all_metrics = list(metrics)
    return [
        metric
        for schema, terms, statistic, _ in searches
        for metric in all_metrics
        if _matches(metric, schema, terms, statistic)
    ]


def _matches(metric: Metric, schema: str, terms: str, statistic: str) -> bool:
    if statistic not in STATISTICS:
        raise ValueError(f"{statistic} is no statistic")
    if _TERM.sub("", terms).strip():
        raise ValueError(f"no terms that are rehearsed: {terms}")
    namespace, name, dimensions = metric
    wanted, *named = (part.strip() for part in schema.split(","))
    if namespace != wanted or set(dimensions) != set(named):
        return False
    properties = {"MetricName": name, "Namespace": namespace, **dimensions}
    return all(
        bool(absent) != _holds(properties.get(key), exact, words)
        for absent, key, exact, words in _TERM.findall(terms)
    )


def _holds(value: str | None, exact: str, words: str) -> bool:
    """Compare a property: exactly, or by words that stand side by side in it."""
    if value is None:
        return False
    if exact:
        return value == exact
    found, sought = _WORD.findall(value), _WORD.findall(words)
    return any(found[start : start + len(sought)] == sought for start in range(len(found)))

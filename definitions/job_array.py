"""Fan-out: a job's states inside of a Map, one iteration for each element of its array.

An element never fails the Map: it ends with a verdict of a few characters, and the states behind
the Map count them. So all elements run, whatever becomes of one of them; what is tolerated is
decided in one place for both kinds of Map; and the message can say which elements failed, which
neither kind tells by itself (``States.ExceedToleratedFailureThreshold`` names none).

Up to 40 elements are iterations of the run itself (an inline Map, which runs no more at once).
Beyond, and wherever their history could reach 25,000 events, each is an execution of its own (a
distributed Map). Those see none of the run's variables: everything they need is in their input.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from definitions.jsonata import expression, literal

JOB_ELEMENTS_FAILED = "JobElementsFailed"
LABEL = "elements"
"""Executions of a distributed Map belong to ``<machine>/elements``."""

MAX_INLINE = 40
"""Iterations that an inline Map runs at once (Step Functions guide, "Map state in Inline mode")."""
MAX_HISTORY_EVENTS = 25_000
"""Of an execution, which fails there (Step Functions quotas)."""
EVENTS_OF_A_RUN = 16
"""Of its own: started, Map entered, started, succeeded, exited, two states behind it, ended."""
EVENTS_OF_AN_ELEMENT = 8
"""Iteration started and succeeded; Prepare, and Failed or the last exit, entered and exited."""
EVENTS_OF_AN_ATTEMPT = 29
"""Of the longest one, which lost its heartbeat on Spot: each of four tasks entered, scheduled,
started, submitted (the first), ended, exited; four other states entered and exited."""

MAX_ELEMENTS = 10_000
MAX_DATA_BYTES = 256 * 1_024
"""Of what a state gets or gives (Step Functions quotas): the elements, and all verdicts."""
MAX_ELEMENTS_WITH_LOG = 4_000
"""Elements whose verdicts can all name their log stream."""
NAMED = 10
"""Elements that a message names; it counts the others."""

_CLASSES = (
    "not started",
    "spot reclaimed",
    "stopped",
    "timed out",
    "heartbeat lost",
    "out of memory",
    "failed",
)
SUCCEEDED = 0
"""Verdict of an element that succeeded. That of another is a text of four words: its index, the
number of its class in the list above, its exit code, the last part of its log stream."""


@dataclass(frozen=True, kw_only=True)
class JobArray:
    """How many elements there are, how many run at once, and how many may fail."""

    size: int
    """2 to 10,000."""
    items: tuple[str, ...] | None = None
    """What each element is given as ``JOB_ARRAY_ITEM``; ``None`` for its index alone."""
    max_concurrency: int = MAX_INLINE
    """Elements that run at once."""
    tolerated_count: int | None = None
    """Elements that may fail without failing the run."""
    tolerated_percentage: int | None = None
    """The same in percent of the elements; at most one of the two."""


def longest_history(size: int, attempts: int) -> int:
    """Count the events of an inline run whose elements make all their attempts, at most."""
    return EVENTS_OF_A_RUN + size * (EVENTS_OF_AN_ELEMENT + attempts * EVENTS_OF_AN_ATTEMPT)


def is_inline(size: int, attempts: int) -> bool:
    """Tell whether the elements can be iterations of the run itself."""
    return size <= MAX_INLINE and longest_history(size, attempts) <= MAX_HISTORY_EVENTS


def elements_bytes(items: Sequence[str]) -> int:
    """Measure what the Map is given: the elements, as JSON."""
    elements = [{"index": index, "item": item} for index, item in enumerate(items)]
    return len(json.dumps(elements, separators=(",", ":"), ensure_ascii=False).encode())


def failed_element(array: JobArray) -> dict[str, Any]:
    """Return the state in which an element ends that did not succeed."""
    stream = "$split($failure.cause.logStream, '/')[-1]"
    return {
        "Type": "Pass",
        "Comment": "The verdict: index, number of the class, exit code, log",
        "Output": expression(f"""$join([
            $string($index),
            $string($lookup({literal(_numbers())}, $failure.cause.class)),
            $exists($failure.cause.exitCode) ? $string($failure.cause.exitCode) : '-',
            {
            f"$exists($failure.cause.logStream) ? {stream} : '-'"
            if array.size <= MAX_ELEMENTS_WITH_LOG
            else "'-'"
        }
        ], ' ')"""),
        "End": True,
    }


def around(
    element: dict[str, Any],
    array: JobArray,
    *,
    attempts: int,
    log_group: str,
    log_stream_prefix: str,
) -> dict[str, Any]:
    """Put the states of one element into a Map, and behind it those that judge the run.

    ``attempts`` is the most that an element makes.
    """
    inline = is_inline(array.size, attempts)
    mode: dict[str, Any] = (
        {"Mode": "INLINE"} if inline else {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    )
    # Of a distributed Map. Only a person who stops an element, or a failure of Step Functions
    # itself, fails one: the others go on, and the run counts what gave no verdict.
    more = {} if inline else {"Label": LABEL, "ToleratedFailureCount": array.size}
    return {
        "StartAt": "Elements",
        "States": {
            "Elements": {
                "Type": "Map",
                "Items": _items(array),
                "ItemSelector": {
                    "element": expression("$states.context.Map.Item.Value"),
                    "size": array.size,
                    "run": expression("$states.context.Execution.Name"),
                    "startTime": expression("$states.context.Execution.StartTime"),
                    "given": _GIVEN,
                    "notify": "none",  # should anybody hear of an element's end, it is no news
                },
                "MaxConcurrency": min(array.max_concurrency, array.size),
                "ItemProcessor": {"ProcessorConfig": mode, **element},
                **more,
                "Output": _summary(array, log_group, log_stream_prefix),
                "Next": "Enough?",
            },
            "Enough?": {
                "Type": "Choice",
                "Comment": "Did more elements fail than are tolerated?",
                "Choices": [{"Condition": _too_many(array), "Next": "Too many failed"}],
                "Default": "Done",
            },
            "Done": {
                "Type": "Succeed",
                "Output": expression("$merge([$states.input, {'class': 'succeeded'}])"),
            },
            "Too many failed": {
                "Type": "Fail",
                "Error": JOB_ELEMENTS_FAILED,
                "Cause": expression("$string($merge([$states.input, {'class': 'failed'}]))"),
            },
        },
    }


# The context's input means the same wherever an expression of the Map stands, $states.input not.
_INPUT = """$input := $states.context.Execution.Input;
  $input := $type($input) = 'object' ? $input : {};"""

_GIVEN = expression(f"""({_INPUT}
  $merge([{{}}, $sift($input, function($value, $key) {{
    $not($key in ['notify', 'warnAfterSeconds', 'indexes'])
  }})])
)""")


def _numbers() -> dict[str, int]:
    return {kind: number for number, kind in enumerate(_CLASSES)}


def _wanted(array: JobArray) -> str:
    """Return the expression of the indexes that a run is for: all, or those that it names."""
    return f"""({_INPUT}
      $exists($input.indexes)
        ? [$filter([$input.indexes], function($index) {{
            $type($index) = 'number' and $index >= 0 and $index < {array.size}
              and $floor($index) = $index
          }})]
        : [0..{array.size - 1}]
    )"""


def _items(array: JobArray) -> str:
    item = "" if array.items is None else ", 'item': $items[$index]"
    items = "" if array.items is None else f"$items := {literal(list(array.items))};"
    return expression(f"""({items}
      [$map({_wanted(array)}, function($index) {{ {{'index': $index{item}}} }})]
    )""")


def _summary(array: JobArray, log_group: str, log_stream_prefix: str) -> str:
    """Return the expression of what is said about a run, from the verdicts of its elements."""
    return expression(f"""(
      $classes := {literal(_CLASSES)};
      $wanted := $count({_wanted(array)});
      $good := $count($filter([$states.result], function($one) {{ $one = {SUCCEEDED} }}));
      $bad := [$filter([$states.result], function($one) {{ $type($one) = 'string' }})];
      $silent := $wanted - $good - $count($bad);
      $named := $map($filter($bad, function($one, $at) {{ $at < {NAMED} }}), function($one) {{(
        $words := $split($one, ' ');
        $words[0] & ' (' & $classes[$number($words[1])]
          & ($words[2] = '-' ? '' : ', exit code ' & $words[2]) & ')'
      )}});
      $streams := $filter($bad, function($one) {{ $split($one, ' ')[3] != '-' }});
      $all := $wanted - $good;
      $merge([
        {{'elements': $wanted, 'failed': $all, 'logGroup': {literal(log_group)}}},
        $all = 0 ? {{}} : {{'reason':
          $all & ' of ' & $wanted & ($wanted = 1 ? ' element' : ' elements') & ' failed: '
          & $join([
              $named,
              $count($bad) > {NAMED} ? $count($bad) - {NAMED} & ' more',
              $silent > 0 ? $silent & ' without a verdict'
            ], ', ')
        }},
        $exists($streams) ? {{'logStream':
          {literal(log_stream_prefix)} & $split($streams[0], ' ')[3]
        }}
      ])
    )""")


def _too_many(array: JobArray) -> str:
    if array.tolerated_percentage is not None:
        share = f"$states.input.elements * {array.tolerated_percentage}"
        return expression(f"$states.input.failed * 100 > {share}")
    return expression(f"$states.input.failed > {array.tolerated_count or 0}")

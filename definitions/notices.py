"""What is said about the end of a run, or about a run that is missing or late: one text, many ways.

Everything here is JSONata, worked out by the notifier. :func:`facts` reads what happened and who
is to hear of it; :func:`notice` makes of it a custom notification of Amazon Q Developer in chat
applications, formerly Chatbot (its guide, "Custom notifications"), the same as plain text for
e-mail, and the same once more in the form that a webhook takes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from definitions.dispatcher_machine import JOB_REPLACED
from definitions.flow_machine import failed_step
from definitions.jsonata import literal
from definitions.names import Names
from definitions.runbooks import folder

Outcomes = Literal["failure", "success", "all", "none"]
"""Which ends of a run are told."""
WebhookFormat = Literal["generic", "teams", "pagerduty"]
"""What a webhook takes: our own JSON, a card of Microsoft Teams, an event of PagerDuty."""

WATCHER = "fargate-batch"
"""Source of what the stack's own watcher tells of, beside AWS's events of the ends of runs."""
TEST = "Test Message"
"""Detail type of what somebody starts the notifier with to see whether messages arrive."""
TEST_JOB = "test-notify"
"""What such a message calls the job."""
NOTICE = "Notice"
"""Detail type of the event that webhooks listen to; its source is the stack's prefix."""


@dataclass(frozen=True, kw_only=True)
class Channels:
    """The channels that a stack has beside the one for successes and the one for failures."""

    topics: tuple[str, ...] = ()
    """Names of those with a topic: for Slack, mail or both."""
    webhooks: Mapping[str, WebhookFormat] = field(default_factory=dict[str, WebhookFormat])
    """Names of those with a webhook, and what it takes."""


NO_CHANNELS = Channels()
"""What most stacks have."""


def job_notice(
    on: Outcomes, *, channels: tuple[str, ...] = (), on_recovery: bool = False
) -> str | dict[str, Any]:
    """Return what a job's trigger says of whom to tell: the word alone where it says it all."""
    if not channels and not on_recovery:
        return on
    return {
        "on": on,
        **({"channels": list(channels)} if channels else {}),
        **({"onRecovery": True} if on_recovery else {}),
    }


def facts() -> str:
    """Return the statements that read an event: what both the decision and the message need.

    Of the end of a run, ``detail`` is as Step Functions sends it; ``failedBefore`` beside it is
    what :func:`failures_before` found. Of a run that is missing or late, ``detail`` is the
    watcher's: ``job``, ``run`` and ``executionArn`` where there is one, ``scheduledTime``,
    ``due`` (the same as people read it, where it differs), ``withinSeconds`` or ``afterSeconds``,
    ``because`` and ``notify``.
    """
    return f"""
  $detail := $states.input.detail;
  $watched := $states.input.source = '{WATCHER}';
  $good := $detail.status = 'SUCCEEDED';
  $given := $watched ? $detail : $parse($detail.input);
  $said := $good ? $detail.output : $detail.cause;
  $facts := $type($said) = 'string' and $substring($said, 0, 1) = '{{' ? $parse($said) : {{}};
  $class := $watched ? ($states.input.`detail-type` = 'Run Late' ? 'late' : 'missing')
    : $exists($facts.class) ? $facts.class
    : $detail.error = '{JOB_REPLACED}' ? 'replaced'
    : $detail.status = 'ABORTED' ? 'stopped'
    : $detail.status = 'TIMED_OUT' ? 'timed out' : 'failed';
  $asked := $type($given.notify) = 'object' ? $given.notify : {{'on': $given.notify}};
  $on := $asked.on in ['success', 'all', 'none'] ? $asked.on : 'failure';
  $before := $states.input.failedBefore;
  $recovered := $good and $asked.onRecovery = true
    and ($before.runs > 0 or $boolean($detail.redriveCount));
"""


def unwanted() -> str:
    """Return the condition under which nobody asked to be told.

    A success is news only to those who asked for it, and so is a run that gave way to a newer one:
    its job is configured to do that. Whoever asked for a watch is told what it saw.
    """
    return f"""({facts()}
  ($on = 'none' and $not($watched))
    or ($on = 'failure' and ($class = 'replaced' or ($good and $not($recovered))))
    or ($on = 'success' and $not($good) and $not($watched))
)"""


def look_back_wanted() -> str:
    """Return the condition under which the runs before this one matter, and are not known yet."""
    return f"""({facts()}
  $good and $on != 'none' and $asked.onRecovery = true and $not($exists($before))
)"""


def failures_before() -> str:
    """Return what ListExecutions says of the failed runs that ended since the last good one.

    ``runs`` is their number, ``since`` when the first of them ended. Runs that still go or were
    stopped by hand tell nothing. What ended before the latest hundred runs began is not seen.
    """
    return """(
  $own := $states.input.detail;
  $ended := $states.result.Executions[
    Status in ['SUCCEEDED', 'FAILED', 'TIMED_OUT'] and ExecutionArn != $own.executionArn
    and $toMillis(StopDate) <= $own.stopDate
  ].$merge([$, {'at': $toMillis(StopDate)}]);
  $lastGood := $max([0, $ended[Status = 'SUCCEEDED'].at]);
  $failed := $ended[Status != 'SUCCEEDED' and at > $lastGood]^(at);
  $count($failed) = 0 ? {'runs': 0}
    : {'runs': $count($failed), 'since': $substring($failed[0].StopDate, 0, 19) & 'Z'}
)"""


def title_of(body: Mapping[str, Any]) -> str:
    """Return the title of what a webhook was sent, in any of its formats; empty if it has none."""
    if "attachments" in body:
        return body["attachments"][0]["content"]["body"][0]["text"]
    return body.get("title") or body.get("payload", {}).get("summary", "")


# -- the message


def notice(names: Names, channels: Channels, runbooks: str | None = None) -> str:
    """Return the expression of everything that is said, from an event.

    It gives ``targets`` (one message each: a ``topic``, or the ``event`` that webhooks listen to),
    ``subject`` and ``mail``, and ``chat``. ``runbooks`` is the address under which the runbooks are
    shown; without it their files are named.
    """
    linked = (
        ""
        if runbooks is None
        else ",\n    $not($good or $test) ? {'text': 'Runbook', 'href': $runbook}"
    )
    named = ",\n    $not($test) ? 'What to do: ' & $runbook" if runbooks is None else ""
    return f"""({facts()}
  {failed_step(names.job_machines_arn)}
  $job := $watched ? $detail.job
    : $substringAfter($detail.stateMachineArn, {literal(names.job_machines_arn)});
  $run := $watched ? ($exists($detail.run) ? $detail.run : $job & '-' & $detail.scheduledTime)
    : $detail.name;
  {_LANGUAGE}
  {_urls(names)}
  {_commands(names)}
  $runbook := {literal(f"{folder(runbooks)}/")} & $replace($class, ' ', '-') & '.md';
  {_about_a_run()}
  {_about_a_watch()}
  {_about_a_test()}
  $title := $watched ? $watchTitle : $test ? $testTitle : $runTitle;
  $lines := $watched ? $watchLines : $test ? $testLines : $runLines;
  $commands := $test ? [] : $commands;
  $icon := $good ? '✅ ' : $class = 'replaced' ? '↪️ ' : $class = 'late' ? '⏳ ' : '❌ ';
  $links := [
    $exists($executionUrl) ? {{'text': 'Execution', 'href': $executionUrl}},
    $exists($logUrl) ? {{'text': 'Log', 'href': $logUrl}}{linked}
  ];
  $steps := function($link) {{ [
    $exists($logUrl) ? 'Read the ' & $link('log', $logUrl)
      : $exists($executionUrl) ? 'Read the ' & $link('execution', $executionUrl)
        & ($class = 'not started' ? ': the program did not start' : ''),
    $commands.(says & ': `' & line & '`'){named}
  ] }};
  {_targets(names, channels)}
  {{
    'targets': $targets,
    'subject': $substring('[{names.stack}] ' & $title, 0, 99),
    'mail': {_mail(names)},
    'chat': {_chat(names)}
  }}
)"""


_LANGUAGE = """
  $took := function($seconds) {
    $seconds < 60 ? $seconds & ' s'
    : $seconds < 3600 ? $floor($seconds / 60) & ' min ' & $seconds % 60 & ' s'
    : $floor($seconds / 3600) & ' h ' & $floor($seconds % 3600 / 60) & ' min' };
  $whole := function($seconds) {
    $seconds % 3600 = 0 ? $seconds / 3600 & ' h'
    : $seconds % 60 = 0 ? $seconds / 60 & ' min' : $seconds & ' s' };
"""


def _urls(names: Names) -> str:
    """Return the statements of the console's pages about a run."""
    console = f"https://{names.region}.console.aws.amazon.com"
    execution_page = (
        f"{console}/states/home?region={names.region}#/v2/executions/details/"  # of the guide
    )
    log_page = f"{console}/cloudwatch/home?region={names.region}#logsV2:log-groups/log-group/"
    return f"""
  /* The console wants a log group's slashes escaped twice, with a dollar for the per cent. */
  $escaped := function($text) {{ $join($split($text, '/'), '$252F') }};
  $executionUrl := $exists($detail.executionArn)
    ? {literal(execution_page)} & $detail.executionArn;
  $logUrl := $exists($facts.logGroup) ? {literal(log_page)} & $escaped($facts.logGroup)
    & ($exists($facts.logStream) ? '/log-events/' & $escaped($facts.logStream) : '');
"""


def _commands(names: Names) -> str:
    """Return the statements of the commands that somebody may want to type next.

    That is the same run again, with its own input, but the newest image and a name of its own;
    before it, for a flow, what goes on from the step that failed. Or what stops a run that takes
    too long, or starts one that is missing, for the time that it is due.

    A shell takes the names of jobs and runs as they are: the dispatcher makes them of letters,
    digits and hyphens. Who starts an execution by hand may call it otherwise; such a name is put in
    quotes. (StartExecution allows quotes and parentheses, and no blank, backtick or ``$&;|<>``.)
    """
    ops = f"python -m ops -s {names.stack}"
    return f"""
  $full := $substring($run, 0, $length($job) + 1) = $job & '-' ? $run : $job & '/' & $run;
  $typed := $contains($full, /[^-\\w.\\/]/)
    ? "'" & $join($split($full, "'"), "'\\\\''") & "'" : $full;
  $commands := $class = 'late' ? [{{'says': 'Stop it', 'line': '{ops} stop ' & $typed}}]
    : $watched and $not($exists($detail.executionArn)) ? [{{
        'says': 'Run it now', 'line': '{ops} run ' & $job & ' --at ' & $detail.scheduledTime
      }}]
    : [
        $exists($step) ? {{'says': 'Go on from ' & $step, 'line': '{ops} redrive ' & $typed}},
        {{'says': 'Run it again', 'line': '{ops} retry ' & $typed}}
      ];
"""


def _about_a_run() -> str:
    """Return the statements of what is said of a run that has ended: title and lines."""
    return """
  $code := $exists($facts.exitCode) ? 'exit code ' & $facts.exitCode;
  $reason := $exists($facts.reason) ? $facts.reason
    : $not($good) and $type($said) = 'string' ? $said;
  $runTitle := $job & ' ' & ($class = 'not started' ? 'was not started'
      : $recovered ? 'recovered' : $class)
    & ($not($good) and $exists($facts.exitCode) ? ' (' & $code & ')' : '');
  $runLines := $watched ? [] : [
    ($exists($given.scheduledTime) ? 'Scheduled ' & $given.scheduledTime
      : $exists($given.eventId) ? 'Started by event ' & $given.eventId : 'Scheduled by hand')
      & ', took ' & $took($round(($detail.stopDate - $detail.startDate) / 1000)),
    'Class ' & $class & ($exists($code) ? ', ' & $code : '')
      & ($exists($facts.attempts)
          ? ', ' & $facts.attempts & ($facts.attempts = 1 ? ' attempt' : ' attempts') : ''),
    $recovered ? ($before.runs > 0
      ? 'It had failed since ' & $before.since
          & ($before.runs > 1 ? ', ' & $before.runs & ' times' : '')
      : 'It had failed, and was redriven'),
    $exists($reason) ? 'Reason: ' & $reason
  ];
"""


def _about_a_watch() -> str:
    """Return the statements of what is said of a run that is missing or late: title and lines."""
    return """
  $due := $exists($detail.due) ? $detail.due : $detail.scheduledTime;
  $watchTitle := $job & ($class = 'late'
    ? ' still runs after ' & $whole($detail.afterSeconds) : ' has not succeeded');
  $watchLines := $not($watched) ? [] : [
    $class = 'late' ? 'Scheduled ' & $due & ', still going'
      : 'No success within ' & $whole($detail.withinSeconds) & ' of ' & $due
        & ': the run due then is missing',
    'Class ' & $class,
    $exists($detail.because) ? 'Reason: ' & $detail.because
  ];
"""


def _about_a_test() -> str:
    """Return the statements of what is said to try whether messages arrive: title and lines."""
    return f"""
  $test := $states.input.`detail-type` = '{TEST}';
  $testTitle := 'Test: a message of ' & ($good ? 'success' : 'failure');
  $testLines := ['Somebody tries whether messages arrive. Nothing has happened.'];
"""


def trial_event(
    names: Names, *, good: bool, channels: Sequence[str], run: str, now_milliseconds: int
) -> dict[str, Any]:
    """Make what the notifier is handed to tell people, by the usual ways, that it is a test.

    It is the event of the end of a run that never was. ``channels`` are those that hear of it, the
    stack's own if there are none; ``run`` is what the message's thread is called by.
    """
    asked = job_notice("all", channels=tuple(channels))
    said = json.dumps({"class": "test"})
    return {
        "detail-type": TEST,
        "detail": {
            "stateMachineArn": f"{names.job_machines_arn}{TEST_JOB}",
            "name": run,
            "status": "SUCCEEDED" if good else "FAILED",
            "input": json.dumps({"notify": asked}),
            **({"output": said} if good else {"cause": said}),
            "startDate": now_milliseconds,
            "stopDate": now_milliseconds,
        },
    }


def _mail(names: Names) -> str:
    return f"""$join($append($append(
      $append(['Stack {names.stack}, job ' & $job], $lines),
      ['', $exists($executionUrl) ? 'Execution: ' & $executionUrl,
      $exists($logUrl) ? 'Log: ' & $logUrl
        : $class = 'not started' ? 'No log: the program did not start',
      $not($good or $test) ? 'Runbook: ' & $runbook]),
      $commands.('\\n' & says & ':\\n' & line)
    ), '\\n')"""


def _chat(names: Names) -> str:
    return f"""{{
      'version': '1.0', 'source': 'custom',
      'content': {{
        'textType': 'client-markdown',
        'title': $icon & $title,
        'description': $join($append($append(
          ['*{names.stack}* · job *' & $job & '*'], $lines),
          $links.('<' & href & '|' & text & '>') ~> $join(' · ')), '\\n'),
        'nextSteps': $not($good) ? $steps(function($text, $href) {{
          '<' & $href & '|' & $text & '>' }}),
        'keywords': [$job, '{names.stack}', $class]
      }},
      'metadata': {{
        'threadId': $job & ':' & $run,
        'summary': $title,
        'eventType': 'run ' & ($watched ? $class : $lowercase($detail.status)),
        'relatedResources': [$detail.executionArn],
        'additionalContext': {{'stack': '{names.stack}', 'job': $job, 'run': $run}}
      }}
    }}"""


# -- who hears of it


def _targets(names: Names, channels: Channels) -> str:
    """Return the statements of where the message goes.

    Channels that the stack no longer has are passed over; a message without any goes to the
    stack's own topics, so that it is not lost.
    """
    own = f"""$good or $class = 'replaced'
      ? {literal(names.topic_arn("success"))} : {literal(names.topic_arn("failure"))}"""
    if not channels.topics and not channels.webhooks:
        return f"$targets := [{{'topic': {own}}}];"
    posted = ""
    if channels.webhooks:
        posted = f"""
  $posted := [$asked.channels[$ in {literal(list(channels.webhooks))}]];
  $event := $count($posted) > 0 ? {{'event': $merge([
    {{'channels': $posted, 'run': $run}}, {_bodies(names, channels)}
  ])}};"""
    return f"""
  $named := [$asked.channels[$ in {literal(list(channels.topics))}].{{
    'topic': {literal(names.channel_topic_arn(""))} & $ }}];{posted}
  $named := [$named, $event];
  $targets := $count($named) > 0 ? $named : [{{'topic': {own}}}];
"""


def _bodies(names: Names, channels: Channels) -> str:
    """Return the object with what each kind of webhook gets, for the kinds that the stack has."""
    write: Mapping[WebhookFormat, Callable[[Names], str]] = {
        "generic": _generic,
        "teams": _teams,
        "pagerduty": _pagerduty,
    }
    used: list[WebhookFormat] = sorted(set(channels.webhooks.values()))
    return "{" + ", ".join(f"'{known}': {write[known](names)}" for known in used) + "}"


_PLAIN_STEPS = "$steps(function($text, $href) { $text })"


def _generic(names: Names) -> str:
    """Return what any receiver can read: the texts, and what to sort them by."""
    return f"""{{
      'version': '1', 'stack': '{names.prefix}', 'job': $job, 'run': $run, 'class': $class,
      'good': $good, 'title': $title, 'text': $join($lines, '\\n'),
      'links': $links, 'nextSteps': $good ? [] : {_PLAIN_STEPS}
    }}"""


def _teams(names: Names) -> str:
    """Return what a Teams workflow posts: an adaptive card.

    Teams documentation, "Create incoming webhooks with Workflows"; adaptivecards.io, "Schema".
    """
    return f"""{{
      'type': 'message',
      'attachments': [{{
        'contentType': 'application/vnd.microsoft.card.adaptive',
        'content': {{
          '$schema': 'http://adaptivecards.io/schemas/adaptive-card.json',
          'type': 'AdaptiveCard', 'version': '1.4',
          'body': $append([{{
            'type': 'TextBlock', 'text': $icon & $title, 'wrap': true, 'weight': 'Bolder',
            'size': 'Medium', 'color': $good ? 'Good' : $class in ['late', 'replaced']
              ? 'Warning' : 'Attention'
          }}], $append($append('{names.stack} · job ' & $job, $lines),
                       $good ? [] : {_PLAIN_STEPS}).{{
            'type': 'TextBlock', 'text': $, 'wrap': true
          }}),
          'actions': [$links.{{'type': 'Action.OpenUrl', 'title': text, 'url': href}}]
        }}
      }}]
    }}"""


def _pagerduty(names: Names) -> str:
    """Return an event of PagerDuty ("Events API v2"), but for the routing key.

    A job has one incident at a time: the next failure is added to it, a success resolves it.
    """
    return f"""{{
      'event_action': $good ? 'resolve' : 'trigger',
      'dedup_key': '{names.prefix}/' & $job,
      'payload': {{
        'summary': $substring($title, 0, 1024), 'source': '{names.prefix}',
        'severity': $class = 'late' ? 'warning' : $class = 'replaced' ? 'info' : 'error',
        'component': $job, 'group': '{names.stack}', 'class': $class,
        'custom_details': {{
          'text': $join($lines, '\\n'), 'run': $run,
          'nextSteps': $good ? [] : {_PLAIN_STEPS}
        }}
      }},
      'links': $links
    }}"""

"""What people read about a run."""

import json
import re
import shlex
from typing import Any

import pytest
from statelint.linter import Linter

from definitions.names import Names
from definitions.notices import Channels, facts, job_notice, trial_event
from definitions.notifier_machine import notifier_machine
from definitions.runbooks import CLASSES, of_class
from tests.definitions.playing import Caught, End, play
from tests.deploying import ROOT

NAMES = Names(project="fargate-batch", stack="prod", region="eu-west-1", account="123456789012")
MACHINE = NAMES.machine_arn(NAMES.chosen("list-files"))
RUN = "list-files-2026-11-22T033000Z"
CAUSE = {
    "class": "failed",
    "exitCode": 1,
    "stopCode": "EssentialContainerExited",
    "reason": "Essential container in task exited",
    "attempts": 3,
    "taskArn": "arn:task",
    "logGroup": "/fargate-batch/prod/default",
    "logStream": "run/main/0123",
}
RESULT = {
    "class": "succeeded",
    "exitCode": 0,
    "attempts": 1,
    "taskArn": "arn:task",
    "logGroup": "/fargate-batch/prod/default",
    "logStream": "run/main/0123",
}
PUBLISHED = {"MessageId": "1"}


def event(status: str, **changed: Any) -> dict[str, Any]:
    """The end of a run as recorded from AWS: unknown members are null, the rest JSON text."""
    given = {"scheduledTime": "2026-11-22T03:30:00Z", "notify": "all", "taskDefinition": "f:7"}
    detail = {
        "executionArn": NAMES.execution_arn(NAMES.chosen("list-files"), RUN),
        "stateMachineArn": MACHINE,
        "name": RUN,
        "status": status,
        "startDate": 1_795_318_200_000,
        "stopDate": 1_795_318_325_400,
        "input": json.dumps(given | changed.pop("given", {})),
        "inputDetails": {"included": True},
        "output": json.dumps(RESULT) if status == "SUCCEEDED" else None,
        "outputDetails": {"included": True} if status == "SUCCEEDED" else None,
        "error": "JobFailed" if status == "FAILED" else None,
        "cause": json.dumps(CAUSE) if status == "FAILED" else None,
    }
    return {"detail": detail | changed}


def notifier(**more: Any) -> dict[str, Any]:
    return notifier_machine(names=NAMES, dead_letter_queue_url="https://queue", **more)


def told(status: str, **changed: Any) -> dict[str, Any]:
    """What is published: topic, subject, chat (parsed) and mail."""
    end = play(notifier(), event(status, **changed), [PUBLISHED])
    (request,) = end.requests
    return published(request)


def published(request: dict[str, Any]) -> dict[str, Any]:
    """Read a request to SNS: topic, subject, chat (parsed) and mail."""
    message = json.loads(request["Message"])
    return {
        "topic": request["TopicArn"],
        "subject": request["Subject"],
        "chat": json.loads(message["default"]),
        "mail": message["email"],
    }


def test_a_failure_is_told_with_cause_links_and_the_command_that_runs_it_again() -> None:
    message = told("FAILED")
    content = message["chat"]["content"]
    log_url = (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#logsV2:log-groups/log-group/$252Ffargate-batch$252Fprod$252Fdefault"
        "/log-events/run$252Fmain$252F0123"
    )
    assert message["topic"] == "arn:aws:sns:eu-west-1:123456789012:fargate-batch-prod-failure"
    assert message["subject"] == "[prod] list-files failed (exit code 1)"
    assert content["title"] == "❌ list-files failed (exit code 1)"
    assert content["description"].splitlines() == [
        "*prod* · job *list-files*",
        "Scheduled 2026-11-22T03:30:00Z, took 2 min 5 s",
        "Class failed, exit code 1, 3 attempts",
        "Reason: Essential container in task exited",
        "<https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1"
        f"#/v2/executions/details/{NAMES.execution_arn(NAMES.chosen('list-files'), RUN)}"
        f"|Execution> · <{log_url}|Log>",
    ]
    assert content["nextSteps"] == [
        f"Read the <{log_url}|log>",
        f"Run it again: `python -m ops -s prod retry {RUN}`",
        "What to do: docs/runbooks/failed.md",
    ]


def test_the_message_is_a_custom_notification_of_chatbot() -> None:
    chat = told("FAILED")["chat"]
    assert (chat["version"], chat["source"]) == ("1.0", "custom")
    assert chat["content"]["textType"] == "client-markdown"
    assert chat["metadata"]["threadId"] == f"list-files:{RUN}", "one thread a run"
    assert chat["metadata"]["additionalContext"] == {
        "stack": "prod",
        "job": "list-files",
        "run": RUN,
    }


def test_the_mail_has_the_same_facts_as_plain_text() -> None:
    mail = told("FAILED")["mail"]
    assert mail.splitlines()[:4] == [
        "Stack prod, job list-files",
        "Scheduled 2026-11-22T03:30:00Z, took 2 min 5 s",
        "Class failed, exit code 1, 3 attempts",
        "Reason: Essential container in task exited",
    ]
    assert "Log: https://" in mail
    assert mail.splitlines()[-4:] == [
        "Runbook: docs/runbooks/failed.md",
        "",
        "Run it again:",
        f"python -m ops -s prod retry {RUN}",
    ]


def step_failed(cause: str | None, status: str = "FAILED", **more: Any) -> str:
    """The cause of a flow's failure: the execution of its step, as ``.sync:2`` tells it."""
    told: dict[str, Any] = {
        "ExecutionArn": "arn:step",
        "Name": f"{RUN}-load",
        "StateMachineArn": NAMES.machine_arn(NAMES.chosen("load")),
        "Status": status,
        **({} if cause is None else {"Cause": cause}),
    }
    return json.dumps(told | more)


def test_a_flow_that_failed_names_the_job_its_reason_and_its_log() -> None:
    message = told("FAILED", cause=step_failed(json.dumps(CAUSE)), error="States.TaskFailed")
    content = message["chat"]["content"]
    assert content["title"] == "❌ list-files failed"
    assert (
        "Reason: load failed (exit code 1): Essential container in task exited"
        in content["description"].splitlines()
    )
    assert "$252Fdefault/log-events/run$252Fmain$252F0123|Log>" in content["description"]
    on = f"python -m ops -s prod redrive {RUN}"
    assert content["nextSteps"][1:3] == [
        f"Go on from load: `{on}`",
        f"Run it again: `python -m ops -s prod retry {RUN}`",
    ]
    assert on in message["mail"].splitlines()


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (step_failed("by hand", "ABORTED"), "load aborted: by hand"),
        (step_failed(None, Error="States.Timeout"), "load failed: States.Timeout"),
        (step_failed(None, "TIMED_OUT"), "load timed_out"),
    ],
)
def test_a_flow_whose_step_says_little_is_told_with_what_there_is(cause: str, reason: str) -> None:
    description = told("FAILED", cause=cause)["chat"]["content"]["description"]
    assert f"Reason: {reason}" in description.splitlines()


def test_a_flow_that_went_on_past_a_failure_says_so_in_its_success() -> None:
    output = {"class": "succeeded", "failed": ["check"], "reason": "check failed, and so on"}
    description = told("SUCCEEDED", output=json.dumps(output))["chat"]["content"]["description"]
    assert "Reason: check failed, and so on" in description.splitlines()


@pytest.mark.parametrize(
    ("run", "typed"),
    [
        (RUN, RUN),
        ("list-files-7bf73129-1428-4cd3-a780-95db273d1602",) * 2,
        (
            "manual-list-files-20261122T033000Z-1f2e",
            "list-files/manual-list-files-20261122T033000Z-1f2e",
        ),
        ("by.hand_2", "list-files/by.hand_2"),
        ("it's(me)!", "'list-files/it'\\''s(me)!'"),
    ],
)
def test_a_shell_takes_the_command_as_it_is_copied(run: str, typed: str) -> None:
    command = told("FAILED", name=run)["mail"].splitlines()[-1]
    assert command == f"python -m ops -s prod retry {typed}"
    assert shlex.split(command)[5:] == ["retry", typed if "'" not in typed else f"list-files/{run}"]


@pytest.mark.parametrize("character", ' \t\n"`$&;|<>\\\\')
def test_no_run_has_a_name_that_a_shell_would_act_on(character: str) -> None:
    """By the quotes, whatever it is called; AWS refuses these anyway."""
    command = told("FAILED", name=f"a{character}b")["mail"].partition("Run it again:\n")[2]
    assert shlex.split(command) == [
        *("python", "-m", "ops", "-s", "prod", "retry", f"list-files/a{character}b")
    ]


@pytest.mark.parametrize("what", CLASSES)
def test_each_bad_end_names_its_runbook(what: str) -> None:
    if what in ("missing", "late"):
        message = saw(f"Run {what.title()}", executionArn="arn:x", run=RUN)
    else:
        message = told("FAILED", cause=json.dumps({**CAUSE, "class": what}))
    assert f"Runbook: {of_class(what)}" in message["mail"].splitlines()
    assert message["chat"]["content"]["nextSteps"][-1] == f"What to do: {of_class(what)}"


def test_all_that_is_said_of_a_bad_end_has_a_runbook() -> None:
    machines = "".join(
        (ROOT / "definitions" / f"{name}_machine.py").read_text() for name in ("job", "worker")
    )
    _, _, chosen = facts().partition("$class :=")
    said = {
        *re.findall(r"'class': '([a-z ]+)'", machines),
        *re.findall(r"\['\{JOB_\w+\}', '([a-z ]+)'", machines),
        *re.findall(r"[?:] '([a-z ]+)'", chosen.partition(";")[0]),
    }
    assert said - {"succeeded"} == set(CLASSES)


LINKED = "https://example.com/batch/runbooks/"


def test_where_runbooks_are_shown_they_are_links_everywhere() -> None:
    machine = notifier(runbooks=LINKED, channels=CHANNELS)
    page = "https://example.com/batch/runbooks/out-of-memory.md"
    out = {"cause": json.dumps({**CAUSE, "class": "out of memory"})}
    notify = {"on": "all", "channels": ["finance", "pager", "ops", "any"]}
    requests = play(
        machine, event("FAILED", given={"notify": notify}, **out), [PUBLISHED] * 2
    ).requests
    message, detail = published(requests[0]), requests[1]["Entries"][0]["Detail"]
    assert message["chat"]["content"]["description"].endswith(f" · <{page}|Runbook>")
    assert not any("What to do" in step for step in message["chat"]["content"]["nextSteps"])
    assert f"Runbook: {page}" in message["mail"].splitlines()
    link = {"text": "Runbook", "href": page}
    assert link in detail["generic"]["links"]
    assert link in detail["pagerduty"]["links"]
    (card,) = detail["teams"]["attachments"]
    assert {"type": "Action.OpenUrl", "title": "Runbook", "url": page} in card["content"]["actions"]


def test_a_success_has_no_runbook() -> None:
    for runbooks in (None, LINKED):
        end = play(notifier(runbooks=runbooks), event("SUCCEEDED"), [PUBLISHED])
        assert "unbook" not in json.dumps(published(end.requests[0]), ensure_ascii=False)


def test_a_success_goes_to_its_own_topic_without_next_steps() -> None:
    message = told("SUCCEEDED")
    assert message["topic"].endswith(":fargate-batch-prod-success")
    assert message["subject"] == "[prod] list-files succeeded"
    assert message["chat"]["content"]["title"] == "✅ list-files succeeded"
    assert "nextSteps" not in message["chat"]["content"]
    assert "Class succeeded, exit code 0, 1 attempt" in message["mail"].splitlines()


def test_a_run_that_never_started_says_so_and_points_at_no_log() -> None:
    cause = {
        "class": "not started",
        "stopCode": "TaskFailedToStart",
        "reason": "CannotPullContainerError: not found",
        "attempts": 1,
    }
    message = told("FAILED", cause=json.dumps(cause))
    assert message["subject"] == "[prod] list-files was not started"
    assert "Reason: CannotPullContainerError: not found" in message["mail"].splitlines()
    assert "No log: the program did not start" in message["mail"]


@pytest.mark.parametrize(
    ("status", "error", "title"),
    [
        ("TIMED_OUT", None, "❌ list-files timed out"),
        ("ABORTED", None, "❌ list-files stopped"),
        ("ABORTED", "JobReplaced", "↪️ list-files replaced"),
        ("FAILED", "States.Runtime", "❌ list-files failed"),
    ],
)
def test_an_end_without_our_own_cause_is_told_by_its_status(
    status: str, error: str | None, title: str
) -> None:
    message = told(status, error=error, cause="some text" if error else None)
    assert message["chat"]["content"]["title"] == title
    assert ("Reason: some text" in message["mail"]) == bool(error)
    assert "did not start" not in json.dumps(message), "nobody knows that"


def test_a_run_that_gave_way_to_a_newer_one_is_no_failure() -> None:
    assert told("ABORTED", error="JobReplaced")["topic"].endswith("-success")


@pytest.mark.parametrize(
    ("notify", "status", "error", "is_told"),
    [
        ("failure", "FAILED", "JobFailed", True),
        ("failure", "SUCCEEDED", None, False),
        ("failure", "ABORTED", None, True),
        ("failure", "ABORTED", "JobReplaced", False),
        ("all", "SUCCEEDED", None, True),
        ("none", "FAILED", "JobFailed", False),
        ("success", "SUCCEEDED", None, True),
        ("success", "FAILED", "JobFailed", False),
        ("success", "ABORTED", "JobReplaced", False),
        ({"on": "all"}, "SUCCEEDED", None, True),
        ({"on": "failure", "channels": ["gone"]}, "SUCCEEDED", None, False),
        ("whatever", "FAILED", "JobFailed", True),
        ("whatever", "SUCCEEDED", None, False),
    ],
)
def test_a_job_is_told_about_as_its_notify_says(
    notify: object, status: str, error: str | None, is_told: bool
) -> None:
    given = event(status, error=error, given={"notify": notify})
    assert bool(play(notifier(), given, [PUBLISHED]).requests) == is_told


def test_a_run_started_without_notify_is_told_about_when_it_fails() -> None:
    failed = event("FAILED", input="{}")
    assert play(notifier(), failed, [PUBLISHED]).requests
    assert not play(notifier(), event("SUCCEEDED", input="{}"), []).requests


def test_a_run_that_no_schedule_started_says_what_did() -> None:
    assert "Scheduled by hand" in told("FAILED", input="{}")["mail"]
    assert "Started by event e-1" in told("FAILED", input='{"eventId": "e-1"}')["mail"]


def test_what_was_too_large_for_the_event_is_looked_up() -> None:
    left_out = event("FAILED", input=None, inputDetails={"included": False})
    described = {"Input": json.dumps({"notify": "failure"})}
    end = play(notifier(), left_out, [described, PUBLISHED])
    assert end.states[:5] == ["Read", "Describe", "Read", "Tell", "Publish"]


@pytest.mark.parametrize(("seconds", "said"), [(5, "5 s"), (65, "1 min 5 s"), (7_500, "2 h 5 min")])
def test_durations_read_like_speech(seconds: int, said: str) -> None:
    message = told("FAILED", startDate=0, stopDate=seconds * 1000)
    assert f"took {said}" in message["mail"].splitlines()[1]


def test_what_no_topic_takes_is_kept_and_the_notifier_fails() -> None:
    end: End = play(notifier(), event("FAILED"), [Caught("SNS.NotFoundException"), {}])
    assert (end.status, end.error) == ("FAILED", "NotificationNotDelivered")
    kept = end.requests[-1]
    assert kept["QueueUrl"] == "https://queue"
    assert kept["MessageBody"]["problem"] == "SNS.NotFoundException"
    assert kept["MessageBody"]["notice"]["subject"] == "[prod] list-files failed (exit code 1)"


# -- what the watcher saw


def watched(kind: str, **changed: Any) -> dict[str, Any]:
    """What the watcher says of a run that is missing or late."""
    seconds = {"Run Missing": "withinSeconds", "Run Late": "afterSeconds"}[kind]
    detail = {
        "job": "list-files",
        "scheduledTime": "2026-11-22T18:30:00Z",
        seconds: 93_600,
        "because": "the run failed",
        "notify": "failure",
    }
    return {"source": "fargate-batch", "detail-type": kind, "detail": detail | changed}


def saw(kind: str, **changed: Any) -> dict[str, Any]:
    (request,) = play(notifier(), watched(kind, **changed), [PUBLISHED]).requests
    return published(request)


def test_a_missing_run_is_told_with_what_became_of_it_and_the_command_that_runs_it() -> None:
    message = saw("Run Missing", due="2026-11-23 03:30 Asia/Tokyo")
    content = message["chat"]["content"]
    assert message["topic"].endswith(":fargate-batch-prod-failure")
    assert message["subject"] == "[prod] list-files has not succeeded"
    assert content["title"] == "❌ list-files has not succeeded"
    assert content["description"].splitlines() == [
        "*prod* · job *list-files*",
        "No success within 26 h of 2026-11-23 03:30 Asia/Tokyo: the run due then is missing",
        "Class missing",
        "Reason: the run failed",
    ]
    assert content["nextSteps"] == [
        "Run it now: `python -m ops -s prod run list-files --at 2026-11-22T18:30:00Z`",
        "What to do: docs/runbooks/missing.md",
    ]
    assert message["chat"]["metadata"]["threadId"] == "list-files:list-files-2026-11-22T18:30:00Z"
    assert message["mail"].splitlines()[:2] == [
        "Stack prod, job list-files",
        "No success within 26 h of 2026-11-23 03:30 Asia/Tokyo: the run due then is missing",
    ]


def test_a_missing_run_that_did_start_is_linked() -> None:
    execution = NAMES.execution_arn(NAMES.chosen("list-files"), RUN)
    content = saw("Run Missing", run=RUN, executionArn=execution)["chat"]["content"]
    assert content["description"].splitlines()[-1].endswith(f"{execution}|Execution>")
    assert content["nextSteps"][0].startswith("Read the <https://")
    assert content["nextSteps"][1] == f"Run it again: `python -m ops -s prod retry {RUN}`"


def test_a_late_run_is_told_while_it_goes_with_the_command_that_stops_it() -> None:
    execution = NAMES.execution_arn(NAMES.chosen("list-files"), RUN)
    message = saw("Run Late", run=RUN, executionArn=execution, afterSeconds=1_800, because="slow")
    content = message["chat"]["content"]
    assert message["topic"].endswith("-failure")
    assert content["title"] == "⏳ list-files still runs after 30 min"
    assert content["description"].splitlines()[1:4] == [
        "Scheduled 2026-11-22T18:30:00Z, still going",
        "Class late",
        "Reason: slow",
    ]
    assert content["nextSteps"][1] == f"Stop it: `python -m ops -s prod stop {RUN}`"
    assert message["chat"]["metadata"]["threadId"] == f"list-files:{RUN}", "that of the run itself"


@pytest.mark.parametrize("notify", ["failure", "success", "all", "none"])
def test_what_was_watched_for_is_told_whatever_ends_are(notify: str) -> None:
    end = play(notifier(), watched("Run Missing", notify=notify), [PUBLISHED])
    assert len(end.requests) == 1, "expectSuccessWithin and warnAfter ask for it themselves"


@pytest.mark.parametrize(("seconds", "said"), [(90, "90 s"), (5_400, "90 min"), (7_200, "2 h")])
def test_a_watch_is_named_as_the_stack_file_has_it(seconds: int, said: str) -> None:
    assert f"within {said} of" in saw("Run Missing", withinSeconds=seconds)["mail"]


# -- channels


CHANNELS = Channels(
    topics=("data-team", "finance"),
    webhooks={"pager": "pagerduty", "ops": "teams", "any": "generic"},
)


def told_to(
    notify: object, *, status: str = "FAILED", answers: list[Any] | None = None, **changed: Any
) -> End:
    given = event(status, given={"notify": notify}, **changed)
    return play(notifier(channels=CHANNELS), given, answers or [PUBLISHED] * 3)


def test_a_jobs_own_channels_hear_of_it_in_place_of_the_stacks() -> None:
    requests = told_to({"on": "all", "channels": ["finance", "data-team"]}).requests
    assert [request["TopicArn"] for request in requests] == [
        "arn:aws:sns:eu-west-1:123456789012:fargate-batch-prod--to--finance",
        "arn:aws:sns:eu-west-1:123456789012:fargate-batch-prod--to--data-team",
    ]
    assert len({request["Message"] for request in requests}) == 1, "the same content"


@pytest.mark.parametrize("notify", ["failure", {"on": "failure", "channels": ["gone"]}])
def test_a_job_without_a_channel_that_the_stack_has_uses_the_stacks_own(notify: object) -> None:
    (request,) = told_to(notify).requests
    assert request["TopicArn"].endswith(":fargate-batch-prod-failure")


def posted(*names: str, status: str = "FAILED", **changed: Any) -> dict[str, Any]:
    """The detail of the one event that webhooks get."""
    end = told_to({"on": "all", "channels": list(names)}, status=status, **changed)
    ((entry,),) = [request["Entries"] for request in end.requests]
    assert (entry["Source"], entry["DetailType"]) == ("fargate-batch-prod", "Notice")
    return entry["Detail"]


def test_one_event_tells_all_webhooks_of_a_run() -> None:
    assert posted("pager", "any")["channels"] == ["pager", "any"]
    assert posted("pager")["channels"] == ["pager"]


def test_a_webhook_gets_what_slack_shows() -> None:
    said = told("FAILED")["chat"]["content"]
    body = posted("any")["generic"]
    assert {key: body[key] for key in ("version", "stack", "job", "run", "class", "good")} == {
        "version": "1",
        "stack": "fargate-batch-prod",
        "job": "list-files",
        "run": RUN,
        "class": "failed",
        "good": False,
    }
    assert f"❌ {body['title']}" == said["title"]
    assert body["text"].splitlines() == said["description"].splitlines()[1:-1]
    assert [f"<{link['href']}|{link['text']}>" for link in body["links"]] == said[
        "description"
    ].splitlines()[-1].split(" · ")
    assert body["nextSteps"][0] == "Read the log"
    assert body["nextSteps"][1:] == said["nextSteps"][1:]


def test_teams_gets_an_adaptive_card() -> None:
    body = posted("ops")["teams"]
    ((card,),) = [[attachment["content"] for attachment in body["attachments"]]]
    assert (body["type"], card["type"], card["version"]) == ("message", "AdaptiveCard", "1.4")
    texts = [block["text"] for block in card["body"]]
    assert texts[:4] == [
        "❌ list-files failed (exit code 1)",
        "prod · job list-files",
        "Scheduled 2026-11-22T03:30:00Z, took 2 min 5 s",
        "Class failed, exit code 1, 3 attempts",
    ]
    assert texts[-2].startswith("Run it again: `python -m ops -s prod retry ")
    assert [action["title"] for action in card["actions"]] == ["Execution", "Log"]


def test_pagerduty_has_one_incident_a_job_which_a_success_resolves() -> None:
    failed = posted("pager")["pagerduty"]
    assert (failed["event_action"], failed["dedup_key"]) == (
        "trigger",
        "fargate-batch-prod/list-files",
    )
    assert failed["payload"]["severity"] == "error"
    assert failed["payload"]["summary"] == "list-files failed (exit code 1)"
    assert "routing_key" not in failed, "the connection adds it, from Secrets Manager"
    fine = posted("pager", status="SUCCEEDED")["pagerduty"]
    assert (fine["event_action"], fine["dedup_key"]) == ("resolve", failed["dedup_key"])


def test_pagerduty_is_told_how_bad_it_is() -> None:
    replaced = posted("pager", status="ABORTED", error="JobReplaced", cause="a newer run")
    assert replaced["pagerduty"]["payload"]["severity"] == "info"
    notify = {"on": "all", "channels": ["pager"]}
    execution = NAMES.execution_arn(NAMES.chosen("list-files"), RUN)
    late = watched("Run Late", run=RUN, executionArn=execution, notify=notify)
    ((entry,),) = [r["Entries"] for r in play(notifier(channels=CHANNELS), late, [{}]).requests]
    assert entry["Detail"]["pagerduty"]["payload"]["severity"] == "warning"
    assert entry["Detail"]["run"] == RUN


def test_an_event_carries_only_the_formats_that_the_stack_has() -> None:
    only = notifier(channels=Channels(webhooks={"any": "generic"}))
    given = event("FAILED", given={"notify": {"on": "all", "channels": ["any"]}})
    (entry,) = play(only, given, [{}]).requests[0]["Entries"]
    assert set(entry["Detail"]) == {"channels", "run", "generic"}


def test_what_one_channel_does_not_take_is_kept_and_the_others_get_theirs() -> None:
    answers = [Caught("SNS.NotFoundException"), {}, PUBLISHED, {}]
    end = told_to({"on": "all", "channels": ["finance", "data-team", "pager"]}, answers=answers)
    assert end.states[-6:-2] == ["Topic?", "Publish", "Topic?", "Post"]
    kept = end.requests[1]["MessageBody"]
    assert kept["target"].endswith("--to--finance")
    assert kept["notice"]["chat"]["metadata"]["additionalContext"]["run"] == RUN
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "NotificationNotDelivered",
        "SNS.NotFoundException",
    )


def test_an_event_that_is_not_taken_is_kept() -> None:
    answers = [Caught("EventBridge.FailedEntry"), {}]
    end = told_to({"on": "all", "channels": ["pager"]}, answers=answers)
    assert end.requests[-1]["MessageBody"]["target"] == "webhooks"
    assert end.status == "FAILED"


# -- recovery


RECOVERY = job_notice("failure", on_recovery=True)


def listed(*runs: tuple[str, str, int]) -> dict[str, Any]:
    """The answer of ListExecutions, newest first: name, status, minute of the end."""
    return {
        "Executions": [
            {
                "Name": name,
                "ExecutionArn": NAMES.execution_arn(NAMES.chosen("list-files"), name),
                "Status": status,
                **({"StopDate": f"2026-11-22T02:{minute:02}:00.5Z"} if minute else {}),
            }
            for name, status, minute in runs
        ]
    }


ITSELF = (RUN, "SUCCEEDED", 59)


def after(*runs: tuple[str, str, int], notify: object = RECOVERY, **changed: Any) -> End:
    """The end of a good run, which ends at 03:32, after these."""
    given = event("SUCCEEDED", given={"notify": notify}, stopDate=1_795_318_325_400, **changed)
    return play(notifier(recovery=True), given, [listed(ITSELF, *runs), PUBLISHED])


def test_the_first_success_after_failures_is_told_with_since_when() -> None:
    end = after(
        ("c", "FAILED", 40), ("b", "TIMED_OUT", 30), ("a", "SUCCEEDED", 20), ("z", "FAILED", 10)
    )
    message = published(end.requests[-1])
    assert message["chat"]["content"]["title"] == "✅ list-files recovered"
    assert "It had failed since 2026-11-22T02:30:00Z, 2 times" in message["mail"].splitlines()
    assert message["topic"].endswith("-success")


@pytest.mark.parametrize(
    ("runs", "is_told"),
    [
        ((), False),
        ((("a", "SUCCEEDED", 40), ("b", "FAILED", 30)), False),
        ((("a", "FAILED", 40),), True),
        ((("a", "RUNNING", 0), ("b", "ABORTED", 50), ("c", "TIMED_OUT", 40)), True),
        ((("a", "RUNNING", 0), ("b", "ABORTED", 50), ("c", "SUCCEEDED", 40)), False),
    ],
)
def test_only_the_first_success_after_a_failure_is_a_recovery(
    runs: tuple[tuple[str, str, int], ...], is_told: bool
) -> None:
    assert after(*runs).states[-1] == ("Told" if is_told else "Nobody asked")


def test_a_run_that_ended_later_is_not_one_before() -> None:
    later = {
        "Executions": [
            {**listed(("a", "FAILED", 1))["Executions"][0], "StopDate": "2026-11-22T05:00:00Z"}
        ]
    }
    given = event("SUCCEEDED", given={"notify": RECOVERY})
    assert play(notifier(recovery=True), given, [later]).states[-1] == "Nobody asked"


def test_a_failed_run_that_was_redriven_has_recovered() -> None:
    end = after(("a", "SUCCEEDED", 40), redriveCount=1)
    assert "It had failed, and was redriven" in published(end.requests[-1])["mail"]


def test_whoever_hears_of_every_success_is_told_that_it_is_a_recovery() -> None:
    notify = job_notice("all", on_recovery=True)
    assert published(after(("a", "FAILED", 40), notify=notify).requests[-1])["subject"] == (
        "[prod] list-files recovered"
    )
    assert published(after(("a", "SUCCEEDED", 40), notify=notify).requests[-1])["subject"] == (
        "[prod] list-files succeeded"
    )


def test_the_runs_before_are_looked_at_for_jobs_that_ask_only() -> None:
    assert after(notify="all").states[:2] == ["Read", "Tell"]
    failed = event("FAILED", given={"notify": RECOVERY})
    assert "Look back" not in play(notifier(recovery=True), failed, [PUBLISHED]).states


def test_the_word_alone_is_what_a_plain_jobs_trigger_says() -> None:
    assert job_notice("failure") == "failure"
    assert job_notice("failure", channels=("a",)) == {"on": "failure", "channels": ["a"]}
    assert job_notice("none", on_recovery=True) == {"on": "none", "onRecovery": True}


def test_a_long_job_name_still_fits_the_subject_of_a_mail() -> None:
    long = NAMES.machine_arn(NAMES.chosen("x" * 120))
    assert len(told("FAILED", stateMachineArn=long)["subject"]) < 100


def test_statelint_accepts_the_notifier() -> None:
    assert Linter.validate(notifier()) == []
    assert Linter.validate(notifier(channels=CHANNELS, recovery=True)) == []


# -- tests and letters, which people send


def trial(*channels: str, good: bool = False) -> dict[str, Any]:
    return trial_event(
        NAMES, good=good, channels=channels, run="test-1", now_milliseconds=1_795_318_200_000
    )


@pytest.mark.parametrize(("good", "outcome"), [(True, "success"), (False, "failure")])
def test_a_trial_says_that_it_is_one_and_that_nothing_is_to_be_done(
    good: bool, outcome: str
) -> None:
    (request,) = play(notifier(), trial(good=good), [PUBLISHED]).requests
    message = published(request)
    assert message["topic"] == NAMES.topic_arn(outcome)
    assert message["subject"] == f"[prod] Test: a message of {outcome}"
    assert message["chat"]["content"].get("nextSteps", []) == []
    assert message["mail"].splitlines() == [
        "Stack prod, job test-notify",
        "Somebody tries whether messages arrive. Nothing has happened.",
    ]


def test_a_trial_goes_to_a_channel_as_all_its_messages_do() -> None:
    requests = play(
        notifier(channels=CHANNELS), trial("finance", "pager"), [PUBLISHED] * 2
    ).requests
    assert requests[0]["TopicArn"] == NAMES.channel_topic_arn("finance")
    body = requests[1]["Entries"][0]["Detail"]["pagerduty"]
    assert body["payload"]["summary"] == "Test: a message of failure"


def test_a_letter_that_could_not_be_delivered_is_told_once_more_as_it_was() -> None:
    notice = play(notifier(), event("FAILED"), [Caught("SNS.X"), {}])
    kept = notice.requests[-1]["MessageBody"]
    assert kept["notice"]["targets"] == [{"topic": NAMES.topic_arn("failure")}]
    again = play(notifier(), {"notice": kept["notice"]}, [PUBLISHED])
    assert published(again.requests[0]) == told("FAILED")

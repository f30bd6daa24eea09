"""What people read about a run."""

import json
from typing import Any

import pytest
from statelint.linter import Linter

from definitions.names import Names
from definitions.notifier_machine import notifier_machine
from tests.definitions.playing import Caught, End, play

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


def notifier() -> dict[str, Any]:
    return notifier_machine(names=NAMES, dead_letter_queue_url="https://queue")


def told(status: str, **changed: Any) -> dict[str, Any]:
    """What is published: topic, subject, chat (parsed) and mail."""
    end = play(notifier(), event(status, **changed), [PUBLISHED])
    (request,) = end.requests
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
    assert content["nextSteps"][0] == f"Read the <{log_url}|log>"
    command = content["nextSteps"][1]
    assert "start-execution --region eu-west-1" in command
    assert "stateMachine:fargate-batch-prod-dispatcher --input" in command


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
    assert "aws stepfunctions start-execution" in mail


def again(given: dict[str, Any]) -> dict[str, Any]:
    """The input in the command that runs a failed run again, unquoted as a shell does it."""
    command = told("FAILED", given=given)["mail"].splitlines()[-1]
    quoted = command.partition(" --input ")[2]
    return json.loads(quoted[1:-1].replace("'\\''", "'"))


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
    again = "aws stepfunctions redrive-execution --region eu-west-1 --execution-arn "
    again += NAMES.execution_arn(NAMES.chosen("list-files"), RUN)
    assert content["nextSteps"][1] == f"Go on from load: `{again}`"
    assert again in message["mail"].splitlines()


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


def test_running_it_again_keeps_the_runs_input_but_takes_the_newest_image() -> None:
    rerun = again({"command": ["echo", "it's"], "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "x"})
    assert rerun == {
        "job": "list-files",
        "input": {
            "scheduledTime": "2026-11-22T03:30:00Z",
            "notify": "all",
            "command": ["echo", "it's"],
        },
    }


def test_an_input_too_long_to_type_is_left_out_because_messages_have_limits() -> None:
    assert again({"environment": {"LIST": "x" * 100_000}}) == {"job": "list-files"}


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
        ("whatever", "FAILED", "JobFailed", True),
        ("whatever", "SUCCEEDED", None, False),
    ],
)
def test_a_job_is_told_about_as_its_notify_says(
    notify: str, status: str, error: str | None, is_told: bool
) -> None:
    given = event(status, error=error, given={"notify": notify})
    assert bool(play(notifier(), given, [PUBLISHED]).requests) == is_told


def test_a_run_started_without_notify_is_told_about_when_it_fails() -> None:
    failed = event("FAILED", input="{}")
    assert play(notifier(), failed, [PUBLISHED]).requests
    assert not play(notifier(), event("SUCCEEDED", input="{}"), []).requests


def test_a_run_by_hand_says_so() -> None:
    assert "Scheduled by hand" in told("FAILED", input="{}")["mail"]


def test_what_was_too_large_for_the_event_is_looked_up() -> None:
    left_out = event("FAILED", input=None, inputDetails={"included": False})
    described = {"Input": json.dumps({"notify": "failure"})}
    end = play(notifier(), left_out, [described, PUBLISHED])
    assert end.states == ["Read", "Describe", "Read", "Publish"]


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


def test_a_long_job_name_still_fits_the_subject_of_a_mail() -> None:
    long = NAMES.machine_arn(NAMES.chosen("x" * 120))
    assert len(told("FAILED", stateMachineArn=long)["subject"]) < 100


def test_statelint_accepts_the_notifier() -> None:
    assert Linter.validate(notifier()) == []

"""A stack whose jobs events start: ``doctor``, ``pause``, ``dead-letters`` and ``show`` there."""

import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from moto.ecs.models import ecs_backends
from moto.sns.models import sns_backends

from tests.deploying import ROOT
from tests.ops.conftest import Account

STACK = Path(__file__).parent / "bazaar"
ARN = "arn:aws:{}:ap-northeast-1:123456789012:{}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose stack ``account`` has."""
    directory = tmp_path_factory.mktemp("bazaar")
    shutil.copytree(STACK, directory, dirs_exist_ok=True)
    (directory / "app").symlink_to(ROOT / "app")
    return directory


def found(account: Account, **environment: str) -> list[str]:
    said = account.ops("doctor", "--json", **environment)
    assert said.code in (0, 1), said.err
    return [f"{one['level']}: {one['where']} {one['what']}" for one in said.json]


def test_a_healthy_stack_is_well(account: Account) -> None:
    said = account.ops("doctor")
    assert (said.code, said.out) == (0, ""), said.err


# -- what the doctor finds: each breaks the live stack, and puts it right again

Broken = Callable[[Account], Generator[None]]


def machine(name: str, was: str, is_now: str) -> Broken:
    """Another text in a machine's definition."""

    def broken(account: Account) -> Generator[None]:
        states: Any = account.aws.client("stepfunctions")
        arn = ARN.format("states", f"stateMachine:shop-dev-{name}")
        before = states.describe_state_machine(stateMachineArn=arn)["definition"]
        assert was in before, before
        states.update_state_machine(stateMachineArn=arn, definition=before.replace(was, is_now))
        yield
        states.update_state_machine(stateMachineArn=arn, definition=before)

    return broken


def schedule(name: str, change: Callable[[dict[str, Any]], object]) -> Broken:
    def broken(account: Account) -> Generator[None]:
        scheduler: Any = account.aws.client("scheduler")
        before = scheduler.get_schedule(GroupName="shop-dev", Name=name)
        for answered in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
            before.pop(answered, None)
        after = json.loads(json.dumps(before))
        change(after)
        scheduler.update_schedule(**after)
        yield
        scheduler.update_schedule(**before)

    return broken


def watches_another_time(schedule: dict[str, Any]) -> None:
    given = schedule["Target"]["Input"]
    schedule["Target"]["Input"] = given.replace('"withinSeconds": 1200', '"withinSeconds": 60')


def another_target(schedule: dict[str, Any]) -> None:
    schedule["Target"]["Arn"] = schedule["Target"]["Arn"].replace("dispatcher", "-load")


def late(schedule: dict[str, Any]) -> None:
    schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] = 60


def rule_off(account: Account) -> Generator[None]:
    events: Any = account.aws.client("events")
    events.disable_rule(Name="shop-dev--load")
    yield
    events.enable_rule(Name="shop-dev--load")


def rule_of_another_pattern(account: Account) -> Generator[None]:
    events: Any = account.aws.client("events")
    before = events.describe_rule(Name="shop-dev--load")["EventPattern"]
    given = {"Name": "shop-dev--load", "State": "ENABLED"}
    events.put_rule(**given, EventPattern=before.replace("in/", "out/"))
    yield
    events.put_rule(**given, EventPattern=before)


def rule_of_another_trigger(account: Account) -> Generator[None]:
    events: Any = account.aws.client("events")
    targets = events.list_targets_by_rule(Rule="shop-dev--report")["Targets"]
    changed = json.loads(json.dumps(targets).replace("failure", "all"))
    events.put_targets(Rule="shop-dev--report", Targets=changed)
    yield
    events.put_targets(Rule="shop-dev--report", Targets=targets)


def pipe_stopped(account: Account) -> Generator[None]:
    pipes: Any = account.aws.client("pipes")
    pipes.stop_pipe(Name="shop-dev--load")
    yield
    pipes.start_pipe(Name="shop-dev--load")


def newer_revision(**changes: Any) -> Broken:
    """A task definition that somebody registered by hand, and runs do not get."""

    def broken(account: Account) -> Generator[None]:
        ecs: Any = account.aws.client("ecs")
        before = ecs.describe_task_definition(taskDefinition="shop-dev--default")["taskDefinition"]
        members = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "volumes")
        given = {key: before[key] for key in members}
        roles = {key: before[key] for key in ("taskRoleArn", "executionRoleArn")}
        made = ecs.register_task_definition(**given | roles | changes)["taskDefinition"]
        yield
        # Moto's family still has the newest one, inactive; AWS's has the newest that is active.
        of_family(account, "default").pop(str(made["revision"]), None)
        of_family(account, "default").pop(made["revision"], None)

    return broken


def handed_out(change: Callable[[dict[str, Any]], object]) -> Broken:
    """What runs get is another task definition than the stack file says."""

    def broken(account: Account) -> Generator[None]:
        (definition,) = of_family(account, "bought").values()
        before = (definition.container_definitions[0].copy(), definition.memory)
        change(vars(cast(object, definition)))
        yield
        definition.container_definitions[0], definition.memory = before

    return broken


def of_family(account: Account, container: str) -> dict[Any, Any]:
    region: Any = ecs_backends[account.aws.account]  # pyright: ignore[reportArgumentType] - moto's own key
    return region[account.aws.region].task_definitions[f"shop-dev--{container}"]


def another_image(definition: dict[str, Any]) -> None:
    definition["container_definitions"][0]["image"] = "example.com/other:1"


def another_environment(definition: dict[str, Any]) -> None:
    definition["container_definitions"][0]["environment"] = [{"name": "A", "value": "b"}]


def another_size(definition: dict[str, Any]) -> None:
    definition["memory"] = "2048"


def uninstalled(account: Account) -> Generator[None]:
    account.aws.chatbot.unauthorised.add("T0SHOP")
    yield
    account.aws.chatbot.unauthorised.clear()


def forbidden(account: Account) -> Generator[None]:
    account.aws.chatbot.disabled["T0SHOP"] = "Slack is off by policy"
    yield
    account.aws.chatbot.disabled.clear()


def channel(change: Callable[[Any, dict[str, Any]], object]) -> Broken:
    def broken(account: Account) -> Generator[None]:
        chatbot = account.aws.chatbot
        listed = chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
        (before,) = (one for one in listed if one["SlackChannelId"] == "C0DATA")
        arn = before.pop("ChatConfigurationArn")
        before.pop("State")
        chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
        change(chatbot, before)
        yield
        for one in chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]:
            if one["SlackChannelId"] == "C0DATA":
                arn = one["ChatConfigurationArn"]
                chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
        chatbot.create_slack_channel_configuration(**before)

    return broken


def gone(chatbot: Any, before: dict[str, Any]) -> None:
    """Leave it away."""
    del chatbot, before


def deaf(chatbot: Any, before: dict[str, Any]) -> None:
    topics = [before["SnsTopicArns"][0].replace("--to--data-team", "-success")]
    chatbot.create_slack_channel_configuration(**before | {"SnsTopicArns": topics})


def of_somebody_else(chatbot: Any, before: dict[str, Any]) -> None:
    chatbot.create_slack_channel_configuration(**before | {"ConfigurationName": "theirs"})


def unconfirmed(account: Account) -> Generator[None]:
    sns: Any = account.aws.client("sns")
    topic = ARN.format("sns", "shop-dev-failure")
    (one,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    region: Any = sns_backends[account.aws.account]  # pyright: ignore[reportArgumentType] - moto's own key
    subscriptions = region[account.aws.region].subscriptions
    waiting = subscriptions[one["SubscriptionArn"]]
    before, waiting.arn = waiting.arn, "PendingConfirmation"
    yield
    waiting.arn = before


def calendar_that_ends(account: Account) -> Generator[None]:
    file = account.directory / "Pulumi.dev.yaml"
    before = file.read_text()
    file.write_text(before + '  shop:calendars: {closed: ["2026-12-01"]}\n')
    yield
    file.write_text(before)


COUNT, LOAD = "-count", "-load"


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (machine(COUNT, '"app": [60]', '"app": [1]'), "job count has other retries in AWS"),
        (machine(COUNT, '"exitCodes": [75]', '"exitCodes": []'), "job count has other retries in"),
        (machine(LOAD, "subnet-", "subnet-0"), "job load has another network than the others in"),
        (machine(LOAD, "BUCKET", "BASKET"), "job load has another environment in AWS"),
        (machine(LOAD, "loaded", "lost"), "job load has another command, container or size in AWS"),
        (
            machine("-many", '"HeartbeatSeconds": 300', '"HeartbeatSeconds": 30'),
            "job many has another heartbeat in AWS",
        ),
        (
            machine("-nightly", '"MaxAttempts": 2', '"MaxAttempts": 1'),
            "flow nightly has another definition, at States.many.Retry[1].MaxAttempts, in AWS",
        ),
        (
            machine("-listener", '"HeartbeatSeconds": 120', '"HeartbeatSeconds": 60'),
            "worker listener has another heartbeat in AWS",
        ),
        (
            machine("-listener", "sum_files", "add_files"),
            "worker listener has another command, container or size in AWS",
        ),
        (
            machine("dispatcher", "JobReplaced", "JobGone"),
            "dispatcher has another definition, at States.Stop older",
        ),
        (
            schedule("count--watch", watches_another_time),
            "schedule count--watch has another trigger in AWS",
        ),
        (schedule("count", another_target), "schedule count has another target in AWS"),
        (schedule("count", late), "schedule count has another start deadline in AWS"),
        (rule_off, "rule shop-dev--load which starts load, is disabled"),
        (rule_of_another_pattern, "rule shop-dev--load which starts load, has another pattern"),
        (rule_of_another_trigger, "rule shop-dev--report which starts report, has another trigger"),
        (pipe_stopped, "pipe shop-dev--load which starts load, is stopped"),
        (newer_revision(), "container default has a revision 2, and runs get revision 1"),
        (handed_out(another_image), "container bought has another image in AWS: example.com/other"),
        (handed_out(another_environment), "container bought has another environment in AWS"),
        (handed_out(another_size), "container bought has another size in AWS"),
        (uninstalled, "Slack workspace T0SHOP is not authorised in this account"),
        (channel(gone), "Slack channel C0DATA is not configured: nobody is told there"),
        (channel(of_somebody_else), "Slack channel C0DATA belongs to configuration theirs"),
        (unconfirmed, "messages of failure oncall@example.com has not confirmed"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_problem_is_found_and_nothing_else(account: Account, broken: Broken, line: str) -> None:
    with contextmanager(broken)(account):
        said = found(account)
    assert len(said) == 1, said
    assert said[0].startswith(f"problem: {line}"), said


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (calendar_that_ends, "Pulumi.dev.yaml calendars.closed: its days end on 2026-12-01: add"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_warning_is_given_and_nothing_else(account: Account, broken: Broken, line: str) -> None:
    with contextmanager(broken)(account):
        said = found(account)
    assert len(said) == 1, said
    assert said[0].startswith(f"warning: {line}"), said


def test_a_workspace_that_is_disabled_and_its_channels_say_why(account: Account) -> None:
    with contextmanager(forbidden)(account):
        said = found(account)
    assert said == [
        f"problem: Slack {what} is disabled: Slack is off by policy"
        for what in ("workspace T0SHOP", "channel C0SUCCESS", "channel C0FAILURE", "channel C0DATA")
    ]


def test_a_channel_that_hears_another_topic_misses_its_own(account: Account) -> None:
    with contextmanager(channel(deaf))(account):
        said = found(account)
    assert said == [
        "problem: Slack channel C0DATA does not hear topic shop-dev--to--data-team",
        "problem: Slack channel C0DATA hears topic shop-dev-success in AWS",
    ]


# -- pauses of what events start


def stands(account: Account) -> tuple[str, str, str]:
    """How the rule and the pipe of ``load``, and the rule of ``report``, stand."""
    events: Any = account.aws.client("events")
    pipes: Any = account.aws.client("pipes")
    return (
        events.describe_rule(Name="shop-dev--load")["State"],
        pipes.describe_pipe(Name="shop-dev--load")["DesiredState"],
        events.describe_rule(Name="shop-dev--report")["State"],
    )


ON = ("ENABLED", "RUNNING", "ENABLED")


def test_a_pause_holds_events_and_messages_up_and_ends_by_itself(account: Account) -> None:
    said = account.ops("pause", "load", "--until", "2h", "--reason", "the supplier moves")
    assert said.code == 0, said.err
    assert said.out.startswith("load: paused shop-dev--load, shop-dev--load until 2026-11-24 04:")
    assert "messages that come meanwhile wait in their queues" in said.err
    assert stands(account) == ("DISABLED", "STOPPED", "ENABLED")
    assert found(account)[0].startswith("warning: job load is paused since"), "and no problem"
    row = account.ops("list", "load", "--json").json[0]
    assert (row["state"], row["pause"]["by"]) == ("paused", "operator")
    lines = account.ops("list", "load").out
    assert "paused until Tue 04:" in lines
    assert "by operator: the supplier moves" in lines
    account.aws.send_to_queue(ARN.format("sqs", "shop-dev--orders"), "one", {})
    account.live(minutes=100)
    assert runs(account, "load") == []
    account.live(minutes=30)
    assert stands(account) == ON
    assert runs(account, "load") == ["load SUCCEEDED"], "the message has waited"
    assert found(account) == []


def runs(account: Account, job: str) -> list[str]:
    states: Any = account.aws.client("stepfunctions")
    arn = ARN.format("states", f"stateMachine:shop-dev--{job}")
    listed = states.list_executions(stateMachineArn=arn)["executions"]
    return [
        f"{one['name'].partition('-')[0]} {one['status']}"
        for one in listed
        if one["name"] != "stuck"
    ]


def test_a_pause_takes_schedules_watches_and_rules_and_a_resume_all_of_them(
    account: Account,
) -> None:
    said = account.ops("pause", "report", "count", "--json")
    by_job = {one["job"]: one for one in said.json}
    assert by_job["report"]["schedules"] == ["report"]
    assert by_job["report"]["rules"] == ["shop-dev--report"]
    assert by_job["count"]["schedules"] == ["count", "count--watch"]
    assert stands(account) == ("ENABLED", "RUNNING", "DISABLED")
    account.aws.mail.clear()
    account.live(hours=3)
    assert not [one for one in account.aws.mail if "count" in one.subject], "it misses nothing"
    said = account.ops("resume", "--all")
    assert sorted(said.out.splitlines()) == [
        "count: resumed count, count--watch",
        "report: resumed report, shop-dev--report",
    ]
    assert stands(account) == ON
    assert found(account) == []


def test_a_note_of_a_pause_that_somebody_else_has_ended_is_told(account: Account) -> None:
    account.ops("pause", "load", "count")
    events: Any = account.aws.client("events")
    events.enable_rule(Name="shop-dev--load")
    with contextmanager(schedule("count", lambda one: one.update(State="ENABLED")))(account):
        account.aws.client("pipes").start_pipe(Name="shop-dev--load")
        said = found(account)
        account.ops("resume", "load", "count")
    assert "warning: job load was paused, and something else has resumed it" in said
    assert any(one.startswith("warning: job count is paused since") for one in said), "its watch"
    account.ops("resume", "count")
    assert found(account) == []


def test_show_says_of_an_encrypted_value_only_that_it_is_one(account: Account) -> None:
    told = account.ops("show", "load", "--json")
    assert told.json["settings"]["environment"]["PASSWORD"] == "[secret]"
    assert "rehearsal-secret" not in told.out
    assert "PASSWORD=[secret]" in account.ops("show", "load").out


def test_a_run_that_has_nearly_used_up_its_time_is_told(account: Account) -> None:
    states: Any = account.aws.client("stepfunctions")
    arn = ARN.format("states", "stateMachine:shop-dev--load")
    with account.lives:  # so that it goes on
        started = states.start_execution(stateMachineArn=arn, name="stuck")["executionArn"]
        # An hour for each of seven attempts, and the waits for a place to run.
        soon, late = (account.aws.clock.now() + timedelta(hours=by) for by in (6, 7))
        assert found(account, REHEARSAL_NOW=soon.isoformat()) == []
        said = found(account, REHEARSAL_NOW=late.isoformat())
        states.stop_execution(executionArn=started)
    assert len(said) == 1, said
    assert said[0].startswith("warning: run stuck goes on since")


# -- each form of dead letter


QUEUE = ARN.format("sqs", "shop-dev-dead-letters")


def rule_letter(rule: str, event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """What EventBridge leaves of an event that a rule could not deliver."""
    why = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "refused"}
    return json.dumps(event), {"RULE_ARN": ARN.format("events", f"rule/{rule}"), **why}


STARTED = {"detail": {"stateMachineArn": ARN.format("states", "stateMachine:shop-dev--load")}}
WATCH: dict[str, Any] = {
    "watched": "count",
    "schedule": "count",
    "scheduledTime": "2026-11-23T06:30:00Z",
    "zone": "Asia/Tokyo",
    "withinSeconds": 60,
    "notify": "none",
}


@pytest.mark.parametrize(
    ("letter", "kind", "job", "goes_to"),
    [
        ((json.dumps(WATCH), {"ERROR_CODE": "X"}), "watch", "count", "watcher"),
        (
            (json.dumps({"job": "load", "resume": []}), {"ERROR_CODE": "X"}),
            "end of a pause",
            "load",
            "dispatcher",
        ),
        (
            rule_letter("shop-dev--load", {"id": "e-1", "detail-type": "Object Created"}),
            "event",
            "load",
            "dispatcher",
        ),
        (rule_letter("shop-dev-started", STARTED), "start of a run", "load", "watcher"),
        (
            rule_letter("shop-dev--to--ticketing", {"detail": {"run": "r"}}),
            "message to people",
            None,
            "webhooks",
        ),
    ],
    ids=["watch", "end of a pause", "event", "start of a run", "webhook"],
)
def test_a_letter_is_known_by_its_form_and_delivered_to_whom_it_was_for(
    account: Account, letter: tuple[str, dict[str, str]], kind: str, job: str | None, goes_to: str
) -> None:
    account.aws.send_to_queue(QUEUE, *letter)
    (listed,) = account.ops("dead-letters", "list", "--json").json
    assert (listed["kind"], listed["job"], listed["goesTo"]) == (kind, job, goes_to)
    said = account.ops("dead-letters", "redrive", listed["id"][:8])
    assert said.code == 0, said.err
    assert said.out.endswith("posted again\n" if goes_to == "webhooks" else f"the {goes_to}\n")
    assert account.ops("dead-letters", "list", "--json").json == []


def test_an_event_that_is_delivered_again_starts_its_job_once(account: Account) -> None:
    event = {"id": "0000-1111", "detail-type": "Object Created", "detail": {"object": {"key": "k"}}}
    for _ in range(2):
        account.aws.send_to_queue(QUEUE, *rule_letter("shop-dev--load", event))
    said = account.ops("dead-letters", "redrive", "--all")
    assert (said.code, said.out.count("handed to the dispatcher")) == (0, 2), said.err
    account.live(minutes=5)
    states: Any = account.aws.client("stepfunctions")
    arn = ARN.format("states", "stateMachine:shop-dev--load")
    names = [one["name"] for one in states.list_executions(stateMachineArn=arn)["executions"]]
    assert names.count("load-0000-1111") == 1


def test_a_message_that_came_too_often_goes_to_its_job_again(account: Account) -> None:
    account.aws.client("pipes").stop_pipe(Name="shop-dev--load")
    sqs: Any = account.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="shop-dev--orders")["QueueUrl"]
    account.aws.send_to_queue(ARN.format("sqs", "shop-dev--orders"), "two", {})
    for _ in range(6):
        sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    account.aws.client("pipes").start_pipe(Name="shop-dev--load")
    (listed,) = account.ops("dead-letters", "list", "--json").json
    assert (listed["kind"], listed["job"]) == ("message of a queue", "load")
    before = len(runs(account, "load"))
    assert account.ops("dead-letters", "redrive", "--all").code == 0
    account.live(minutes=5)
    assert len(runs(account, "load")) == before + 1


def test_a_drop_asks_on_a_terminal_and_no_leaves_the_letter(account: Account) -> None:
    account.aws.send_to_queue(QUEUE, "nonsense", {})
    said = account.ops("dead-letters", "drop", "--all", stdin="n\n", terminal=True)
    assert "Delete 1 dead letter? [y/N]" in said.out
    assert "deleted" not in said.out
    assert len(account.ops("dead-letters", "list", "--json").json) == 1, "and nobody holds it"
    said = account.ops("dead-letters", "drop", "--all", stdin="y\n", terminal=True)
    assert "deleted 1 dead letter" in said.out
    assert account.ops("dead-letters", "list", "--json").json == []

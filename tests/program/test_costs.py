"""What is estimated of a stack before it is deployed, against what the program registers."""

import json
import re
from datetime import UTC, datetime
from typing import Any, cast

import pulumi_aws as aws
import pytest

from ops import costs
from ops.errors import OpsError
from stacks.reading import read_settings
from stacks.settings import Settings
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT, deploy_stack, stack_config

USUAL = costs.Minutes(10, {})


def settings_of(stack: str = "dev", file: str | None = None, **changed: Any) -> Settings:
    config = (
        read_stack_file(ROOT, stack, ROOT / "examples" / f"{file}.yaml").config
        if file
        else stack_config(stack, **changed)
    )
    return read_settings(
        config,
        project="fargate-batch",
        stack=stack,
        directory=ROOT,
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )


def estimated(stack: str = "dev", **changed: Any) -> costs.Estimate:
    return costs.estimate(settings_of(stack, **changed), USUAL)


def example(name: str) -> dict[str, Any]:
    """The keys of an example that change what a stack costs, over those of ``dev``."""
    config = read_stack_file(ROOT, "dev", ROOT / "examples" / f"{name}.yaml").config
    return {
        key.partition(":")[2]: json.loads(text) if text[:1] in "[{tf0123456789" else text
        for key, text in config.items()
        if not key.startswith("aws:")
    }


@pytest.mark.parametrize(
    ("stack", "changed"),
    [
        ("dev", {}),
        ("prod", {}),
        ("dev", {"network": {"mode": "nat", "natGateways": "onePerZone"}, "dashboard": False}),
        ("dev", {"network": {"mode": "endpoints"}, "containerInsights": True}),
        ("dev", example("everything")),
        ("dev", example("watching")),
    ],
    ids=["dev", "prod", "nat", "insights", "everything", "watching"],
)
def test_what_is_paid_for_is_what_the_program_registers(
    stack: str, changed: dict[str, Any]
) -> None:
    made = deploy_stack(stack, **changed)
    settings = settings_of(stack, **changed)
    paid = {
        one.what.partition(":")[0]: one.quantity for one in costs.estimate(settings, USUAL).fixed
    }
    endpoints = [
        one for one in made.all(aws.ec2.VpcEndpoint) if one.inputs["vpcEndpointType"] == "Interface"
    ]
    placed = sum(len(one.inputs["subnetIds"]) for one in endpoints)
    services, zones = (
        map(int, re.findall(r"\d+", paid["interface endpoints"])) if endpoints else (0, 0)
    )
    assert services * zones == placed
    assert len(made.all(aws.ec2.NatGateway)) == int(
        paid.get("NAT gateways with their addresses", 0)
    )
    assert len(made.all(aws.kms.Key)) == int(paid["KMS key"])
    assert len(made.all(aws.secretsmanager.Secret)) == int(paid.get("secrets", 0))
    assert len(made.all(aws.cloudwatch.Dashboard)) == int(paid.get("dashboard", 0))
    metrics = 0
    for alarm in made.all(aws.cloudwatch.MetricAlarm):
        queries = cast("list[dict[str, Any]]", alarm.inputs.get("metricQueries") or [])
        metrics += sum("metric" in query for query in queries) or 1
    assert metrics == int(paid["alarms, by metric"])
    (cluster,) = made.all(aws.ecs.Cluster)
    watched = cluster.inputs["settings"][0]["value"] == "enabled"
    assert watched == ("Container Insights, about" in paid)


def test_both_stacks_cost_what_the_readme_says() -> None:
    dev, prod = estimated("dev"), estimated("prod")
    assert dev.fixed_usd == pytest.approx(1 + 0.40 + 1 + 3)
    assert prod.fixed_usd == pytest.approx(81.76 + 1 + 0.40 + 1 + 3)


def test_an_hourly_job_is_priced_by_task_log_states_and_trigger() -> None:
    (job,) = estimated("prod").jobs
    assert (job.started_by, job.runs, job.tasks) == ("schedule", 730.0, 1)
    assert job.hours == pytest.approx(730 / 6)
    hour = 0.25 * 0.04045 + 0.5 * 0.00442
    each = hour / 6 + 0.001 * 0.76 + (4 + 2 + 5) * 0.000025  # notify: all
    assert job.run_usd == pytest.approx(each)
    assert job.usd == pytest.approx(730 * (each + 1.25e-6))
    assert job.most_usd == pytest.approx(730 * (each + hour / 12 + 1.25e-6))  # 15 of 10 minutes


def test_a_task_with_a_public_address_pays_for_it_while_it_runs() -> None:
    in_public, hidden = (
        estimated("dev", network={"mode": mode}).jobs[0] for mode in ("public", "nat")
    )
    assert in_public.usd - hidden.usd == pytest.approx(in_public.hours * 0.005)


def job(**keys: Any) -> costs.PerJob:
    """One job of its own, an hour of whose task costs a cent or so."""
    changed = {"jobs": {"report": {"command": ["report"], **keys}}}
    (found,) = estimated("dev", **changed).jobs
    return found


def test_a_job_that_nothing_schedules_has_a_price_a_run_and_none_a_month() -> None:
    by_hand = job()
    assert (by_hand.started_by, by_hand.runs, by_hand.usd) == ("by hand", None, 0)
    assert by_hand.run_usd > 0
    on_event = job(on={"objectCreated": {"bucket": "files"}})
    assert (on_event.started_by, on_event.runs, on_event.usd) == ("events", None, 0)
    off = job(schedule="rate(1 hour)", enabled=False)
    assert (off.started_by, off.runs, off.usd) == ("off", 0, 0)


def test_an_array_pays_for_each_of_its_elements() -> None:
    daily = {"schedule": "cron(0 3 * * ? *)"}
    one, twenty = job(**daily), job(**daily, array={"size": 20})
    assert twenty.hours == pytest.approx(20 * one.hours)
    states = (20 * 2 + 3 - 2) * 0.000025
    of_a_task = one.run_usd - (4 + 2 + 2) * 0.000025
    assert twenty.run_usd == pytest.approx(one.run_usd + 19 * of_a_task + states)


def test_a_bigger_task_on_spot_is_priced_as_both() -> None:
    large = {"cpuUnits": 1024, "memoryMib": 4096}
    demand, spot = job(**large), job(**large, capacity="spot")
    assert demand.run_usd - spot.run_usd == pytest.approx(0.7 * (0.04045 + 4 * 0.00442) / 6)


def test_a_task_is_never_assumed_to_take_longer_than_its_timeout() -> None:
    assert job(schedule="rate(1 hour)", timeout="5m").hours == pytest.approx(730 / 12)


def test_minutes_may_be_said_of_all_and_of_one() -> None:
    known = {"report": 0}
    minutes = costs.read_minutes(["20", "report=45"], known)
    assert (minutes.of("report", 7_200), minutes.of("other", 7_200)) == (45, 20)
    for wrong in ("0", "-1", "long", "report=", "nan", "inf", "reprot=5"):
        with pytest.raises(OpsError, match="--minutes"):
            costs.read_minutes([wrong], known)


def test_triggers_that_a_calendar_skips_cost_states_and_no_task() -> None:
    daily = {"schedule": "cron(0 3 * * ? *)"}
    weekdays = job(**daily, businessDays=True)
    assert weekdays.runs == pytest.approx(261 / 12)
    skipped = 104 / 12 * (5 * 0.000025 + 1.25e-6)
    assert weekdays.usd == pytest.approx(261 / 12 * (weekdays.run_usd + 1.25e-6) + skipped)


def test_elements_beyond_forty_are_executions_of_their_own() -> None:
    few, many = job(array={"size": 40}), job(array={"size": 41})
    task = (few.run_usd - (40 * 2 + 3 + 4 + 2) * 0.000025) / 40
    assert many.run_usd == pytest.approx(41 * task + (41 * 3 + 3 + 4 + 2) * 0.000025)


def test_what_is_watched_costs_the_watchers_states() -> None:
    daily = {"schedule": "cron(0 3 * * ? *)"}
    plain = job(**daily).run_usd
    assert job(**daily, expectSuccessWithin="2h").run_usd - plain == pytest.approx(7 * 0.000025)
    assert job(**daily, warnAfter="30m").run_usd - plain == pytest.approx(6 * 0.000025)
    recovery = job(**daily, notify={"on": "failure", "onRecovery": True}).run_usd
    assert recovery - plain == pytest.approx(2 * 0.000025)


def test_addresses_are_paid_in_a_network_that_was_there_before() -> None:
    existing = {
        "mode": "existing",
        "subnetIds": ["subnet-0123456789abcdef0"],
        "securityGroupIds": ["sg-0123456789abcdef0"],
    }
    with_address, without = (
        estimated("dev", network=existing | {"assignPublicIp": wanted}).jobs[0]
        for wanted in (True, False)
    )
    assert with_address.usd - without.usd == pytest.approx(with_address.hours * 0.005)


def test_jobs_of_a_flow_run_as_often_as_the_flow() -> None:
    jobs = {name: {"command": [name]} for name in ("extract", "left", "right", "report")}
    steps = {
        "extract": {},
        "left": {"after": ["extract"]},
        "right": {"after": ["extract"]},
        "report": {"after": ["left", "right"]},
    }
    found = {
        one.name: one
        for one in estimated(
            "dev", jobs=jobs, flows={"nightly": {"schedule": "cron(0 3 * * ? *)", "jobs": steps}}
        ).jobs
    }
    assert found["report"].runs == found["nightly"].runs == pytest.approx(365 / 12)
    assert found["report"].started_by == "flow nightly"
    # four jobs, one Parallel and the end; the dispatcher's four and the notifier's two
    assert found["nightly"].run_usd == pytest.approx((6 + 4 + 2) * 0.000025)


def test_a_worker_is_one_task_beside_the_state_that_waits_for_it() -> None:
    found = estimated(
        "dev", jobs={}, workers={"sum": {"command": ["sum"], "schedule": "rate(1 hour)"}}
    )
    (worker,) = found.jobs
    plain = job()
    assert worker.run_usd == pytest.approx(plain.run_usd + 2 * 0.000025)


def test_networks_are_compared_and_the_chosen_one_is_marked() -> None:
    found = estimated("prod")
    assert {one.mode: round(one.usd, 2) for one in found.networks} == {
        "public": 0.61,
        "nat, one": 48.91,
        "nat, onePerZone": 97.82,
        "endpoints": 81.76,
    }
    assert [one.mode for one in found.networks if one.chosen] == ["endpoints"]
    assert "one NAT gateway costs less than endpoints up to 632 GB a month" in found.break_even
    few = estimated("prod", network={"mode": "endpoints", "availabilityZones": 1})
    assert "endpoints cost less than one NAT gateway" in few.break_even[-1]


def test_a_region_without_prices_says_so_and_another_may_be_asked() -> None:
    settings = settings_of("dev").model_copy(update={"region": "eu-north-1"})
    with pytest.raises(OpsError, match=r"no prices of eu-north-1 .*--region"):
        costs.estimate(settings, USUAL)
    assert costs.estimate(settings, USUAL, "us-east-1").region == "us-east-1"


def test_gateways_are_free_and_only_called_services_are_paid() -> None:
    settings = settings_of("prod")  # its program reads a bucket, too
    assert costs.interface_services(settings) == ["ecr.api", "ecr.dkr", "logs", "secretsmanager"]

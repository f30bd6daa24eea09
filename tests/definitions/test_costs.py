"""Costs, against figures worked out by hand from AWS's pages."""

import math

import pytest

from definitions import costs
from definitions.dispatcher_machine import trigger
from definitions.job_array import JobArray
from definitions.prices import PRICES
from tests.definitions import test_dispatcher_machine as dispatcher
from tests.definitions import test_job_machine as job
from tests.definitions import test_notifier_machine as notifier
from tests.definitions import test_watcher_machine as watcher
from tests.definitions.playing import play

VIRGINIA, TOKYO = PRICES["us-east-1"], PRICES["ap-northeast-1"]


def small(**changed: object) -> float:
    """An hour of the smallest task, in USD."""
    asked: dict[str, object] = {"cpu_units": 256, "memory_mib": 512, "architecture": "arm64"}
    return costs.task_hour(VIRGINIA, **(asked | changed))  # type: ignore[arg-type]


def test_an_hour_of_the_smallest_task_is_a_quarter_vcpu_and_half_a_gb() -> None:
    assert small() == pytest.approx(0.25 * 0.03238 + 0.5 * 0.00356)  # 0.009875
    assert small(architecture="x86_64") == pytest.approx(0.0123425)


def test_an_hourly_job_of_ten_minutes_costs_what_the_readme_says() -> None:
    hours = 730 * costs.billed_hours(10)
    assert hours == pytest.approx(121.667, abs=0.001)
    assert round(hours * small(), 2) == 1.20
    assert round(hours * small(architecture="x86_64"), 2) == 1.50


def test_spot_takes_its_discount_off_compute_alone() -> None:
    assert small(spot=True) == pytest.approx(0.3 * 0.009875)
    assert small(spot=True, public_address=True) == pytest.approx(0.0029625 + 0.005)


def test_twenty_gb_of_storage_come_with_a_task_and_more_is_paid() -> None:
    assert small(storage_gb=20) == small()
    assert small(storage_gb=120) == pytest.approx(small() + 100 * 0.000111)


def test_a_short_task_is_paid_for_a_minute() -> None:
    assert costs.billed_hours(0.2) == pytest.approx(1 / 60)
    assert costs.billed_hours(90) == 1.5


def test_networks_cost_what_the_readme_says() -> None:
    assert costs.endpoints_month(VIRGINIA, services=4, zones=2) == pytest.approx(58.40)
    assert costs.endpoints_month(TOKYO, services=4, zones=2) == pytest.approx(81.76)
    assert costs.nat_month(VIRGINIA, gateways=1) == pytest.approx(36.50)
    assert costs.nat_month(TOKYO, gateways=2) == pytest.approx(97.82)


def test_the_network_that_is_cheaper_while_idle_stops_being_it_at_some_gb() -> None:
    # 48.91 for a NAT gateway and 81.76 for endpoints: 32.85 apart, 0.052 a GB closer
    assert costs.break_even_gb(48.91, 0.062, 81.76, 0.01) == pytest.approx(631.7, abs=0.1)
    assert costs.break_even_gb(48.91, 0.01, 81.76, 0.01) == math.inf


def test_transitions_to_start_a_run_are_those_of_the_dispatcher() -> None:
    direct = dispatcher.triggered("allow", running=[])
    assert len(direct.states) == costs.TRANSITIONS_TO_START
    careful = dispatcher.triggered("forbid", running=[])
    assert len(careful.states) == costs.TRANSITIONS_TO_START + costs.TRANSITIONS_TO_LOOK_FOR_OLDER


@pytest.mark.parametrize(("day", "answers"), [("2026-12-25", [{}]), ("2026-12-24", [{}, {}])])
def test_transitions_that_a_calendar_adds_are_those_of_the_dispatcher(
    day: str, answers: list[dict[str, object]]
) -> None:
    tables = dispatcher.calendar_tables({"days": {"2026-12-25": ""}}, ["UTC"])
    given = trigger(
        job="report",
        container="default",
        overlap="allow",
        scheduled_time=f"{day}T03:00:00Z",
        calendar={"zone": "UTC", "skipOn": ["days"]},
    )
    end = play(dispatcher.dispatcher(tables), given, [dispatcher.STARTED, *answers])
    if end.output["result"] == "skipped":
        skipped_run = 1
        assert len(end.states) + skipped_run == costs.TRANSITIONS_OF_A_SKIP
    else:
        expected = costs.TRANSITIONS_TO_START + costs.TRANSITIONS_OF_CALENDAR
        assert len(end.states) == expected


def test_transitions_of_a_run_are_those_of_its_machine() -> None:
    end = play(job.machine(), {}, [job.DONE])
    assert len(end.states) == costs.TRANSITIONS_OF_A_TASK
    array = job.machine(array=JobArray(size=3, max_concurrency=3))
    elements = play(array, {}, [job.DONE] * 3)
    expected = costs.TRANSITIONS_OF_AN_ARRAY + 3 * costs.TRANSITIONS_OF_A_TASK
    assert len(elements.states) == expected


def test_transitions_of_an_end_are_those_of_the_notifier() -> None:
    told = play(notifier.notifier(), notifier.event("SUCCEEDED"), [notifier.PUBLISHED])
    assert len(told.states) == costs.TRANSITIONS_TOLD
    quiet = notifier.event("SUCCEEDED", given={"notify": "failure"})
    assert len(play(notifier.notifier(), quiet, []).states) == costs.TRANSITIONS_NOT_TOLD


def test_transitions_of_looking_back_are_those_of_the_notifier() -> None:
    """More than those of an end like it that looks at nothing before it."""
    quiet = len(notifier.after().states)
    assert quiet == costs.TRANSITIONS_NOT_TOLD + costs.TRANSITIONS_OF_LOOKING_BACK


def test_transitions_of_watching_are_those_of_the_watcher() -> None:
    in_time = watcher.watched(watcher.ENABLED, watcher.succeeded("2026-11-22T19:00:00.120Z"))
    assert len(in_time.states) == costs.TRANSITIONS_EXPECTED
    assert len(watcher.started({"Status": "SUCCEEDED"}).states) == costs.TRANSITIONS_WATCHED


def test_every_region_has_prices_that_can_be_right() -> None:
    for region, prices in PRICES.items():
        assert prices.endpoint_hour >= VIRGINIA.endpoint_hour, region
        assert prices.nat_gb == prices.nat_hour, region  # AWS asks the same for both
        for x86, arm in zip(prices.x86_64, prices.arm64, strict=True):
            assert arm == pytest.approx(x86 * 0.8, rel=0.002), region  # "20% lower"

"""``python -m ops cost``."""

from tests.ops.typed import Keyboard


def test_a_stack_is_priced_before_anybody_is_signed_in(offline: Keyboard) -> None:
    said = offline("cost")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.split()[:2] == ["hourly", "schedule"] for line in lines)
    assert any("public (this one)" in line for line in lines)
    assert "AWS's list prices of 2026" in said.out


def test_the_total_is_what_fixed_costs_and_jobs_add_up_to(offline: Keyboard) -> None:
    found = offline("cost", "--json").json
    fixed = sum(one["usd"] for one in found["fixed"])
    jobs = sum(one["usd"] for one in found["jobs"])
    assert abs(found["usd"] - fixed - jobs) < 0.0001
    runs = {one["name"]: one["runsAMonth"] for one in found["jobs"]}
    assert runs["hourly"] == 730.0
    assert runs["load"] == runs["nightly"]
    assert runs["by-hand"] is None


def test_prices_of_another_region_and_longer_tasks_can_be_asked_for(offline: Keyboard) -> None:
    found = offline("cost", "--json", "--region", "us-east-1", "--minutes", "hourly=4").json
    assert found["region"] == "us-east-1"
    (hourly,) = (one for one in found["jobs"] if one["name"] == "hourly")
    assert hourly["taskHours"] == round(730 * 4 / 60, 6)


def test_a_region_without_prices_and_a_wrong_job_are_one_line_each(offline: Keyboard) -> None:
    nowhere = offline("cost", "--region", "mars-1")
    assert nowhere.code == 2
    assert nowhere.errors[0].startswith("error: there are no prices of mars-1 here")
    wrong = offline("cost", "--minutes", "hourli=4")
    assert (wrong.code, len(wrong.errors)) == (2, 1)
    assert "hourly" in wrong.errors[0]

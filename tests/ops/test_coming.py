"""``python -m ops next`` and ``calendar``: what comes, without AWS."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.deploying import ROOT
from tests.ops.typed import Keyboard, Said

SVG = "{http://www.w3.org/2000/svg}"
NOON = "2026-11-22T12:00:00+00:00"

STACK = """
config:
  aws:region: eu-central-1
  clocks:network: {mode: public, availabilityZones: 1}
  clocks:containers: {default: {image: "public.ecr.aws/docker/library/python:3.13"}}
  clocks:calendars: {holidays: ["2026-11-24"]}
  clocks:jobs:
    half-past-two:
      {schedule: "cron(30 2 * * ? *)", timezone: Europe/Berlin, command: [x], timeout: 5m}
    morning:
      schedule: ["cron(0 9 * * ? *)", "cron(0 9,18 ? * MON *)"]
      timezone: Europe/Berlin
      command: [x]
      skipOn: [holidays]
    long: {schedule: "cron(0 */6 * * ? *)", command: [x], timeout: 8h}
    window:
      {schedule: "cron(0 9 * * ? *)", timezone: Europe/Berlin, command: [x], flexibleWindow: 15m}
    rate: {schedule: rate(5 minutes), command: [x]}
    off: {schedule: "cron(0 * * * ? *)", command: [x], enabled: false}
    by-hand: {command: [x]}
"""


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> Keyboard:
    """Where somebody types who is signed in nowhere, beside jobs of all sorts."""
    directory = tmp_path_factory.mktemp("clocks")
    (directory / "Pulumi.yaml").write_text("name: clocks\nruntime: python\n")
    (directory / "Pulumi.dev.yaml").write_text(STACK)
    return Keyboard(directory, {"REHEARSAL_NOW": NOON})


def _lines(said: Said) -> list[list[str]]:
    """Return the cells of a table's lines."""
    assert said.code == 0, said.err
    rows = [line.strip() for line in said.out.splitlines() if line.strip()]
    return [re.split(r" {3,}", row) for row in rows[2:]]


def test_next_has_the_times_in_order_by_the_clocks_of_each_zone(clocks: Keyboard) -> None:
    assert _lines(clocks("next", "long", "morning", "--days", "1")) == [
        ["Sun 12:00", "UTC", "now", "long"],
        ["Sun 18:00", "UTC", "6 h", "long"],
        ["Mon 00:00", "UTC", "12 h", "long"],
        ["Mon 06:00", "UTC", "18 h", "long"],
        ["Mon 09:00", "Europe/Berlin", "20 h", "morning"],
    ]


def test_two_schedules_at_one_time_are_one_run(clocks: Keyboard) -> None:
    first = clocks("next", "morning", "--json").json[0]
    assert first["schedules"] == ["cron(0 9 * * ? *)", "cron(0 9,18 ? * MON *)"]


def test_a_day_that_a_calendar_leaves_out_says_why(clocks: Keyboard) -> None:
    said = clocks("next", "morning", "--days", "2", "--json").json
    assert [one["runs"] for one in said] == [True, True, False]
    assert said[2]["note"] == "skipped: 2026-11-24 is in holidays"


def test_a_time_that_clocks_jump_over_says_so(clocks: Keyboard) -> None:
    spring = "2027-03-27T12:00:00+00:00"
    first, second = clocks(
        "next", "half-past-two", "--days", "2", "--json", REHEARSAL_NOW=spring
    ).json
    assert (first["runs"], first["note"]) == (False, "does not run: clocks jump over 02:30")
    assert (second["runs"], second["time"]) == (True, "2027-03-29T00:30:00Z")


def test_a_time_that_clocks_show_twice_runs_once_and_says_so(clocks: Keyboard) -> None:
    autumn = "2026-10-24T12:00:00+00:00"
    first, second = clocks(
        "next", "half-past-two", "--days", "2", "--json", REHEARSAL_NOW=autumn
    ).json
    assert first["time"] == "2026-10-25T00:30:00Z"
    assert first["note"] == "clocks show this time twice: it runs the first time"
    assert second["note"] is None


def test_a_window_and_a_rate_say_what_is_not_known(clocks: Keyboard) -> None:
    assert _lines(clocks("next", "window", "--days", "1"))[0][-1] == "within 15 min"
    assert _lines(clocks("next", "rate", "--days", "1")) == [
        ["soon", "UTC", "rate", "counts from its deploy: `list` says when"]
    ]


def test_next_without_a_time_shows_twenty(clocks: Keyboard) -> None:
    assert len(clocks("next", "--json").json) == 20


def test_what_has_nothing_to_come_says_why(clocks: Keyboard) -> None:
    said = clocks("next", "off", "by-hand")
    assert (said.code, said.out) == (0, "")
    assert said.errors == ["by-hand has no schedule; off is off in the stack file"]


def test_an_unknown_job_is_one_line(clocks: Keyboard) -> None:
    said = clocks("next", "windw")
    assert (said.code, said.errors) == (2, ["error: stack dev has no job 'windw': write window"])


def test_the_calendar_counts_the_starts_of_each_hour(clocks: Keyboard) -> None:
    lines = clocks("calendar", "--days", "2").out.splitlines()
    assert lines[0] == "Starts in each hour, Europe/Berlin:"
    monday = next(line for line in lines if line.startswith("Mon 23 Nov"))
    counts = monday.removeprefix("Mon 23 Nov").split()
    # a rate of five minutes; half past two; 1, 7, 13 and 19 h are UTC's 0, 6, 12 and 18 h; two
    # at 9 h; and one at 18 h
    assert counts[:10] == ["12", "13", "13", "12", "12", "12", "12", "13", "12", "14"]
    assert counts[18] == "13"
    assert counts[-1] == str(24 * 12 + 1 + 4 + 2 + 1)


def test_the_calendar_tells_who_starts_together_and_who_may_meet_themselves(
    clocks: Keyboard,
) -> None:
    out = clocks("calendar", "--days", "2").out
    assert re.search(r"Mon 23 Nov 09:00 +2  morning, window", out)
    assert "rate" not in out.split("Most starts")[1].split("May still")[0]
    assert "long: starts again after 6 h, its timeout is 8 h: that one would be skipped" in out
    assert "half-past-two: starts" not in out


def test_the_calendar_is_the_same_for_programs(clocks: Keyboard) -> None:
    told = clocks("calendar", "--days", "3", "--json").json
    assert sum(hour["starts"] for hour in told["hours"]) == told["starts"]
    assert told["leftOut"] == 1  # of the holiday
    assert told["begin"] == "2026-11-21T23:00:00Z"


def test_a_day_on_which_clocks_change_has_other_hours(clocks: Keyboard) -> None:
    spring = "2027-03-28T12:00:00+00:00"
    told = clocks("calendar", "--days", "1", "--json", REHEARSAL_NOW=spring).json
    assert len(told["hours"]) == 23
    assert told["leftOut"] == 1


@pytest.fixture(scope="module")
def picture(clocks: Keyboard) -> ElementTree.Element:
    """The picture of a week."""
    assert clocks("calendar", "--out", "week.svg").code == 0
    return ElementTree.fromstring((clocks.directory / "week.svg").read_text())  # noqa: S314 - our own


def test_the_picture_says_in_words_what_it_shows(picture: ElementTree.Element) -> None:
    titles = {one.get("id"): one.text for one in picture if one.get("id")}
    assert picture.get("role") == "img"
    assert set(str(picture.get("aria-labelledby")).split()) == titles.keys()
    assert titles["title"] == "What starts when: clocks dev"
    assert "half-past-two: 7" in str(titles["desc"])


def test_the_picture_has_a_mark_for_each_time_of_a_job(picture: ElementTree.Element) -> None:
    rows = {
        str(row.findtext(f"{SVG}title")).partition(":")[0]: row for row in picture.iter(f"{SVG}g")
    }
    assert rows.keys() == {"half-past-two", "long", "morning", "rate", "window"}

    def marks(name: str) -> dict[str, int]:
        return {
            str(path.get("class")): str(path.get("d")).count("M")
            for path in rows[name].iter(f"{SVG}path")
        }

    assert marks("half-past-two") == {"start": 7}
    assert marks("morning") == {"left": 1, "start": 1, "together": 6}
    kinds = [str(band.get("class")) for band in rows["long"].iter(f"{SVG}rect")]
    assert kinds.count("over") == 27  # each start of seven days but the first


def test_the_picture_needs_nothing_and_is_dark_where_all_is(picture: ElementTree.Element) -> None:
    style = str(picture.findtext(f"{SVG}style"))
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import|https?:", style)


def test_a_png_is_the_same_picture_in_pixels(clocks: Keyboard) -> None:
    said = clocks("calendar", "--out", "week.png")
    assert said.code == 0, said.err
    drawn = (clocks.directory / "week.png").read_bytes()
    assert drawn.startswith(b"\x89PNG")
    assert int.from_bytes(drawn[16:20]) == 2 * 1_080


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("week.gif", "error: week.gif is no picture: write a name that ends with .svg or .png"),
        ("no/week.svg", "error: no/week.svg cannot be written: No such file or directory"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_one_line(clocks: Keyboard, file: str, line: str) -> None:
    said = clocks("calendar", "--out", file)
    assert (said.code, said.errors) == (2, [line])


@pytest.mark.parametrize("command", ["next", "calendar", "completion bash"])
def test_nobody_waits_for_boto3_who_does_not_ask_aws(clocks: Keyboard, command: str) -> None:
    typed = f"import sys, ops.app; ops.app.main({command.split()!r}); print('boto3' in sys.modules)"
    said = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", typed],
        cwd=clocks.directory,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.endswith("False\n")

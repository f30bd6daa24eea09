"""The page as a browser shows it; ``conftest.py`` leaves this out where there is no Chromium."""

from pathlib import Path

import pytest

from rehearsal.page.render import write_page
from tests.rehearsal.chromium import Seen, look
from tests.rehearsal.test_page import (
    HOSTILE,
    STACK,
    Found,
    chapter,
    facts,
    life,
    mail,
    outcome,
    plain_run,
    run,
    slack,
)

FAULTS = ("no-capacity", "timeout", "image-missing")
LONG = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:" + "x" * 200


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [plain_run(f"{LONG}-{number}", 60 * number) for number in range(20)]
    told = {
        "slack": (slack(title=LONG, description=f"{HOSTILE}\n{LONG}", next_steps=(f"`{LONG}`",)),),
        "mail": (mail(subject=LONG, text=LONG),),
    }
    wrong = outcome("failed", LONG, what=LONG)
    return write_page(
        tmp_path_factory.mktemp("page"),
        facts(
            chapter(wrong, lived=life(run(reason=LONG, good=False, log=(LONG,)), *runs, **told)),
            deployed=STACK,
            faults=tuple(
                chapter(outcome(name=name, happened=HOSTILE), title=name) for name in FAULTS
            ),
            proof=(Found(LONG, LONG, "timeout", LONG), Found("a", LONG)),
            warnings=(LONG,),
        ),
    )


@pytest.fixture(scope="module", params=[(1400, False), (420, True)], ids=["wide", "narrow, dark"])
def seen(
    request: pytest.FixtureRequest, path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Seen:
    width, dark = request.param
    return look(path, tmp_path_factory.mktemp("browser"), width=width, dark=dark)


def test_it_loads_without_a_complaint(seen: Seen) -> None:
    assert seen.console == []


def test_the_pictures_are_there(seen: Seen) -> None:
    drawn = seen.measured["drawn"]
    assert drawn[".node"] == 13
    assert drawn[".arrow svg"] == 8
    assert drawn[".zone"] == 2
    assert drawn[".timeline .row"] == 21 + len(FAULTS)
    assert drawn[".lane .good"] == 21 + len(FAULTS)
    assert drawn[".lane .bad"] == drawn[".strip span"] / 3 == 1 + len(FAULTS)


def test_every_fault_has_its_row(seen: Seen) -> None:
    assert seen.measured["faults"] == list(FAULTS)


def test_however_long_a_text_is_nothing_is_wider_than_the_window(seen: Seen) -> None:
    assert seen.measured["wide"] == []


def test_hostile_text_is_shown_and_made_no_element(seen: Seen) -> None:
    assert not set(seen.measured["tags"]) & {"SCRIPT", "IMG"}
    assert "<script>alert(1)</script>" in seen.measured["text"]


def test_it_is_light_or_dark_as_people_want_it(seen: Seen) -> None:
    backgrounds = {False: "rgb(253, 253, 252)", True: "rgb(22, 24, 27)"}
    assert seen.measured["background"] == backgrounds[seen.dark]

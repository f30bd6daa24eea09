"""The recorded session is what the same commands print now."""

import re

import pytest

from handbook import session
from handbook.session import ROOT, STORY, Typed
from handbook.terminal import seen


def test_the_recorded_session_is_what_is_typed_now() -> None:
    for file, text in session.files().items():
        assert file.read_text() == text, f"{file.relative_to(ROOT)}: run make generate"


def test_what_a_terminal_shows_is_what_was_not_erased() -> None:
    spinning = "\x1b[?25lasked: 1 of 2\r\x1b[2Kasked: 2 of 2\r\n\x1b[?25h\r\x1b[1A\x1b[2Kdone\r\n"
    assert seen(spinning) == "done\n"
    assert seen("\x1b[1mone\x1b[0m\r\ntwo\r\n") == "\x1b[1mone\x1b[0m\ntwo\n"


def test_the_picture_has_colours_and_loads_nothing() -> None:
    drawn = session.picture([Typed(STORY[0], "python -m ops list", "\x1b[32msucceeded\x1b[0m")])
    (colour,) = re.findall(r'class="session-(r\d+)"[^>]*>succeeded<', drawn)
    assert re.search(rf"\.session-{colour} {{ fill: #", drawn)
    assert not re.search(r"url\(.?http|@font-face|href=.http", drawn)


@pytest.mark.parametrize(("before", "now"), [("-0a1f", "-0001"), ("-ffff", "-0001")])
def test_the_ends_of_names_that_are_drawn_by_chance_are_counted(before: str, now: str) -> None:
    name = "manual-report-20261124T030517Z"
    told = session.counted([Typed(STORY[0], f"retry {name}{before}", f"\x1b[1m{name}{before}: ok")])
    assert told == [Typed(STORY[0], f"retry {name}{now}", f"\x1b[1m{name}{now}: ok")]

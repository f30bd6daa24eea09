"""Whatever calls somebody has a page or section that says what to do first."""

import re

import pytest

from definitions import runbooks
from handbook.deployed import everything
from tests.deploying import ROOT

ALARMS = (ROOT / "docs" / "runbooks" / "alarms.md").read_text()


@pytest.mark.parametrize("what", runbooks.CLASSES)
def test_each_class_of_an_end_has_its_page(what: str) -> None:
    page = ROOT / runbooks.of_class(what)
    text = page.read_text()
    assert text.startswith(f"# {what}\n")
    for part in ("**You see**", "**It means**", "## First", "## So that it does not come again"):
        assert part in text
    assert f"({page.name})" in (page.parent / "index.md").read_text()


@pytest.mark.parametrize("alarm", runbooks.ALARMS)
def test_each_alarm_has_its_section(alarm: str) -> None:
    (text,) = re.findall(rf"^## {alarm}\n(.*?)(?=^## |\Z)", ALARMS, re.DOTALL | re.MULTILINE)
    for part in ("**You see**", "**It means**", "**First**", "**So that it does not come again**"):
        assert part in text
    assert f"fargate-batch-prod-{alarm}" in text


def test_the_alarms_are_those_of_a_stack_with_every_feature() -> None:
    made = everything()
    names = {alarm["AlarmName"].removeprefix(f"{made.prefix}-") for alarm in made.alarms}
    assert names == set(runbooks.ALARMS)


def test_no_page_is_about_an_end_that_there_is_not() -> None:
    pages = {page.stem for page in (ROOT / runbooks.FOLDER).glob("*.md")}
    assert pages == {what.replace(" ", "-") for what in runbooks.CLASSES} | {"alarms", "index"}

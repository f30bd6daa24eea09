"""What the pages have from the code is what the code says."""

from fnmatch import fnmatchcase
from typing import Any, cast

import pytest

from definitions.policies.reasons import DEPLOY_REASONS, REASONS, reason
from handbook import exports, parts
from handbook.deployed import everything
from handbook.parts import PARTS, ROOT, generated, pages

PAGES = [str(page.relative_to(ROOT)) for page in pages()]


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_parts_of_a_page_are_what_the_code_says(page: str) -> None:
    text = (ROOT / page).read_text()
    assert generated(text) == text, "run make generate"


@pytest.mark.parametrize("part", PARTS)
def test_each_part_stands_in_one_page(part: str) -> None:
    with_it = [page for page in pages() if f"<!-- {part} -->\n" in page.read_text()]
    assert len(with_it) == 1


def test_a_statement_without_a_reason_is_an_error() -> None:
    assert reason("ListPrefixes2") == REASONS["ListPrefixes"]
    with pytest.raises(LookupError, match="why there is a statement LookAround"):
        reason("LookAround")


def test_no_reason_is_left_of_a_statement_that_is_gone() -> None:
    written = {
        statement["Sid"].rstrip("0123456789")
        for role in everything().roles
        for statement in role["Statement"]
    } | {statement["Sid"] for statement in everything().boundary}
    assert (REASONS.keys() | DEPLOY_REASONS.keys()) - written == set()


def listed(value: Any) -> list[str]:
    return cast("list[str]", value) if isinstance(value, list) else [value]


def test_the_boundary_holds_nobody_back_from_what_the_stack_grants() -> None:
    bounds = [
        (action, resource)
        for statement in everything().boundary
        for action in statement["Action"]
        for resource in listed(statement["Resource"])
    ]
    granted = [
        (role["RoleName"], action, resource)
        for role in everything().roles
        if "PermissionsBoundary" in role
        for statement in role["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
    beyond = [
        (who, action, resource)
        for who, action, resource in granted
        if not any(fnmatchcase(action, what) and fnmatchcase(resource, on) for what, on in bounds)
    ]
    assert len(granted) > 100
    assert beyond == []


def test_roles_are_bounded_but_those_of_people_and_workflows() -> None:
    free = {role["RoleName"] for role in everything().roles if "PermissionsBoundary" not in role}
    prefix = everything().prefix
    github = {f"github-{prefix}-{role}" for role in ("deploy", "operate", "read")}
    assert free == {f"{prefix}-operator", *github}


def test_an_export_without_a_meaning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(exports.MEANINGS)
    del known["clusterArn"]
    monkeypatch.setattr(exports, "MEANINGS", known)
    with pytest.raises(LookupError, match="clusterArn"):
        exports.exports()


def test_no_account_and_nothing_drawn_by_chance_is_in_the_roles() -> None:
    text = PARTS["roles"]()
    assert "123456789012" not in text
    assert "<six letters>" in text
    assert "key/<the stack's>" in text


def test_what_is_not_marked_is_left_alone() -> None:
    assert generated("# Title\n\nText <!-- a remark -->\n") == "# Title\n\nText <!-- a remark -->\n"


def test_only_what_is_between_the_marks_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PARTS", {**PARTS, "exports": lambda: "new"})
    text = "before\n<!-- exports -->\nold\n<!-- /exports -->\nafter\n"
    assert generated(text) == "before\n<!-- exports -->\n\nnew\n\n<!-- /exports -->\nafter\n"

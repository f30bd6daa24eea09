import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml
from pydantic import BaseModel

from stacks import settings, settings_table
from stacks.wording import flow
from tests.deploying import PROJECT, ROOT, STACKS

MODELS = [
    model
    for model in vars(settings).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and model is not BaseModel
]
ROWS = {row.path: row for row in settings_table.rows()}


def paths(entry: object, path: str = "") -> Iterator[str]:
    """Every key path of a stack file, down to its single values."""
    if path:
        yield path
    for key, value in cast("dict[str, object]", entry if isinstance(entry, dict) else {}).items():
        yield from paths(value, f"{path}.{key}" if path else key.removeprefix(f"{PROJECT}:"))


def is_in_the_table(path: str) -> bool:
    """Whether a row is about the key, or about the map whose keys the file chooses."""
    for row in ROWS.values():
        pattern = re.sub(r"<\w+>", r"[^.]+", row.path.replace(".", r"\."))
        if row.type.startswith("map of"):
            pattern += r"(\.[^.]+)?"
        if re.fullmatch(pattern, path):
            return True
    return False


def test_the_reference_holds_exactly_the_table_of_the_models() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert settings_table.with_table(page) == page, "run make generate"


@pytest.mark.parametrize("stack", STACKS)
def test_every_key_of_a_stack_file_is_in_the_table(stack: str) -> None:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    assert [path for path in paths(config) if not is_in_the_table(path)] == []


@pytest.mark.parametrize("path", ["netwrok", "jobs.list-files.timout", "network.mode.more"])
def test_what_is_no_key_is_not_in_the_table(path: str) -> None:
    assert not is_in_the_table(path)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_of_every_model_has_a_description(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_example_means_in_yaml_what_it_says(model: type[BaseModel]) -> None:
    for field in model.model_fields.values():
        for example in field.examples or ():
            # A tuple is a list in YAML.
            assert yaml.safe_load(flow(example)) == json.loads(json.dumps(example))


def test_what_the_program_adds_itself_is_no_key() -> None:
    assert {"project", "stack", "now", "warnings"}.isdisjoint(ROWS)


@pytest.mark.parametrize(
    ("path", "kind", "default", "meaning"),
    [
        ("aws:region", "text", "required", "Example: `ap-northeast-1`"),
        ("network", "map", "required", "VPC"),
        ("network.mode", "`endpoints`, `nat`, `public` or `existing`", "required", "internet"),
        ("network.availabilityZones", "whole number", "`2`", "zones"),
        ("containers", "map of maps", "`{default: {build: app}}`", "shapes"),
        (
            "containers.<name>.environment",
            "map of texts, or maps of texts",
            "none",
            "{queue: orders}",
        ),
        ("secrets.<name>.values", "map of texts, or maps", "none", "{bucket: files}"),
        ("secrets.<name>.values.<key>.bucket", "text", "required", "bucket"),
        ("jobs.<name>.command", "list of texts", "required", "`[python, -m, list_files]`"),
        ("jobs.<name>.timeout", "text", "`1h`", "Example: `15m`"),
        ("jobs.<name>.overlap", "`forbid`, `allow` or `replace`", "`forbid`", "skipped"),
        ("jobs.<name>.retries", "map", "see below", "try again"),
        ("jobs.<name>.enabled", "true or false", "`true`", "schedule fires"),
    ],
)
def test_a_row_says_in_the_words_of_yaml_what_to_write(
    path: str, kind: str, default: str, meaning: str
) -> None:
    row = ROWS[path]
    assert (row.type, row.default) == (kind, default)
    assert meaning in row.meaning


def test_an_example_is_left_out_where_the_default_is_one() -> None:
    assert "Example" not in ROWS["network.cidr"].meaning
    assert "Example" not in ROWS["network.mode"].meaning


def test_every_line_of_the_table_has_four_cells() -> None:
    for line in settings_table.table().splitlines():
        assert line.count("|") == 5, line


def written(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["settings_table", "--write", str(path)])
    settings_table.main()
    return path.read_text()


def test_only_what_is_between_the_marks_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# Title\n<!-- settings -->\nold\n<!-- /settings -->\nThe end\n"
    new = written(tmp_path / "README.md", text, monkeypatch)
    table = settings_table.table()
    assert new == f"# Title\n<!-- settings -->\n\n{table}\n\n<!-- /settings -->\nThe end\n"
    assert written(tmp_path / "README.md", new, monkeypatch) == new


@pytest.mark.parametrize(
    "text",
    [
        "no marks\n",
        "<!-- settings -->\nno end\n",
        "<!-- /settings -->\n<!-- settings -->\n",
        "<!-- settings -->\n<!-- settings -->\n<!-- /settings -->\n",
        "<!-- settings -->\n<!-- /settings -->\n<!-- /settings -->\n",
    ],
)
def test_a_file_without_a_place_for_the_table_is_left_as_it_is(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        written(tmp_path / "README.md", text, monkeypatch)
    assert (tmp_path / "README.md").read_text() == text
    assert "write <!-- settings --> and <!-- /settings --> once" in capsys.readouterr().err


def test_without_a_file_the_table_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["settings_table"])
    settings_table.main()
    assert capsys.readouterr().out == f"{settings_table.table()}\n"

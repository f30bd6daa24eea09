"""The table of the settings in the reference, made from the models.

``python -m stacks.settings_table`` prints it; ``--write FILE`` puts it between the file's marks
``<!-- settings -->`` and ``<!-- /settings -->``.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.settings import Settings
from stacks.wording import flow

BEGIN, END = "<!-- settings -->", "<!-- /settings -->"

_WORDS = {
    "string": ("text", "texts"),
    "integer": ("whole number", "whole numbers"),
    "boolean": ("true or false", "true or false"),
    "object": ("map", "maps"),
}
"""JSON Schema's types in the words of YAML: one, and several in a list or map."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key of a stack file."""

    path: str
    """As ``jobs.<name>.schedule``."""
    type: str
    default: str
    meaning: str

    def __str__(self) -> str:
        """Write the row in Markdown."""
        return f"| `{self.path}` | {self.type} | {self.default} | {self.meaning} |"


def rows() -> Iterator[Row]:
    """List every key that a stack file may have, each map followed by its own keys."""
    schema = Settings.model_json_schema()
    yield from _rows(schema, schema["$defs"], "")


def table() -> str:
    """Write all rows as a table in Markdown."""
    head = ("| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |")
    return "\n".join([*head, *map(str, rows())])


def with_table(text: str) -> str:
    """Return a Markdown text with the table between its marks.

    Raises:
        ValueError: the text has not each mark once, in their order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"write {BEGIN} and {END} once, where the table belongs")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _rows(model: Mapping[str, Any], models: Mapping[str, Any], prefix: str) -> Iterator[Row]:
    """List the keys of one model's JSON Schema and of those below it."""
    for key, schema in model["properties"].items():
        path, words = f"{prefix}{key}", _words(schema)
        required = key in model.get("required", ())
        yield Row(
            path=path,
            type=words,
            default="required" if required else _default(schema),
            meaning=schema["description"] + _example(schema, words),
        )
        for below, name in _models_below(schema, path):
            yield from _rows(models[name], models, f"{below}.")


def _models_below(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Find the models that a key's value is made of, each with the path of its keys."""
    if reference := schema.get("$ref"):
        yield path, reference.rpartition("/")[2]
    for choice in schema.get("anyOf", ()):
        yield from _models_below(choice, path)
    inner = schema.get("additionalProperties")
    if inner and inner is not True:
        yield from _models_below(inner, f"{path}.{'<key>' if '<name>' in path else '<name>'}")


def _words(schema: Mapping[str, Any], *, several: bool = False) -> str:
    """Return what a value is in the words of YAML."""
    match schema:
        case {"$ref": _}:
            return "maps" if several else "map"
        case {"enum": choices}:
            *most, last = (f"`{choice}`" for choice in choices)
            return f"{', '.join(most)} or {last}"
        case {"anyOf": choices}:
            kinds = (choice for choice in choices if choice != {"type": "null"})
            return ", or ".join(_words(choice, several=several) for choice in kinds)
        case {"type": "array", "items": items}:
            return f"{'lists' if several else 'list'} of {_words(items, several=True)}"
        case {"type": "object", "additionalProperties": True}:
            return "maps" if several else "map"
        case {"type": "object", "additionalProperties": inner}:
            return f"{'maps' if several else 'map'} of {_words(inner, several=True)}"
        case _:
            return _WORDS[schema["type"]][several]


def _default(schema: Mapping[str, Any]) -> str:
    """Return the default of a key that has one; that of a map of keys is told by its keys."""
    if "$ref" in schema:
        return "see below"
    default = schema.get("default")
    return "none" if default in (None, [], {}) else f"`{flow(default)}`"


def _example(schema: Mapping[str, Any], words: str) -> str:
    """Return an example where the type and the default do not show how to write the value."""
    plain = words.startswith("`") or words in (
        "map",
        "map of maps",
        "whole number",
        "true or false",
    )
    first = schema["examples"][0]
    return "" if plain or first == schema.get("default") else f" Example: `{flow(first)}`"


def main() -> None:
    """Print the table, or write it into a file."""
    parser = argparse.ArgumentParser(prog="python -m stacks.settings_table", description=__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, help="the file to put the table into")
    file: Path | None = parser.parse_args().write
    if file is None:
        sys.stdout.write(f"{table()}\n")
        return
    try:
        text = with_table(file.read_text())
    except (OSError, ValueError) as error:
        parser.error(f"{file}: {error}")
    file.write_text(text)


if __name__ == "__main__":
    main()

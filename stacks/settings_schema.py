"""JSON Schemas of stack files and job files, made from the models: editors complete and explain.

``python -m stacks.settings_schema`` writes ``settings.schema.json`` and ``jobs.schema.json`` beside
this module; a file names its own in its first line: ``# yaml-language-server: $schema=…``.

A schema refuses nothing that the program takes. What it cannot see is left to the program: names
that must exist, keys that exclude each other, dates without quotes. It is draft-07, which all
editors know; ``markdownDescription`` and ``patternErrorMessage`` are words of the language servers
for YAML and JSON, and others pass over them.
"""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from definitions.grants import VERBS, Kind
from definitions.names import USER_NAME
from stacks.settings import KEYS, Settings
from stacks.settings.environment import NAME_FORM
from stacks.stack_file import project_name
from stacks.wording import flow

FOLDER = Path(__file__).parent
STACK_SCHEMA, JOBS_SCHEMA = "settings.schema.json", "jobs.schema.json"

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_COMMENT = "Made from the models in stacks/settings: make generate"
_PLACE = "#/definitions/"

_REGION: Schema = {
    "type": "string",
    "pattern": "^(?!cn-|us-gov-)[a-z]{2}(-[a-z]+)+-[0-9]$",
    "patternErrorMessage": "Write a region like ap-northeast-1.",
}
_PREFIX: Schema = {
    "type": "string",
    "pattern": "^(?!/)[^*?$]*$",
    "patternErrorMessage": "Write the beginning of the keys, as incoming/.",
}
_CHOSEN_NAME: Schema = {
    "pattern": f"^{USER_NAME.pattern}$",
    "patternErrorMessage": "Write lower case letters, digits and single hyphens.",
}
_VARIABLE: Schema = {
    "pattern": NAME_FORM,
    "patternErrorMessage": "Write letters, digits and _; AWS_, ECS_ and what runs set are taken.",
}
_SECTIONS = (
    *("containers", "buckets", "queues", "topics", "tables", "secrets", "calendars"),
    *("jobs", "flows", "workers"),
)
_NAMES: Mapping[tuple[str, str], Schema] = {
    **{("Settings", section): _CHOSEN_NAME for section in _SECTIONS},
    ("NotifySettings", "channels"): _CHOSEN_NAME,
    **{
        (model, "environment"): _VARIABLE
        for model in ("ContainerSettings", "JobSettings", "WorkerSettings", "FlowJobSettings")
    },
    ("ContainerSettings", "secrets"): _VARIABLE,
}
"""What the names may be that a map gives its entries, by the model and key that it stands in."""

_PULUMIS_OWN: Schema = {
    "encryptionsalt": {"type": "string", "description": "Pulumi's own: tells a right passphrase."},
    "encryptedkey": {"type": "string", "description": "Pulumi's own: the key of the secrets."},
    "secretsprovider": {
        "type": "string",
        "description": "Pulumi's own: who encrypts the secrets, if not a passphrase.",
        "examples": ["awskms://alias/pulumi?region=ap-northeast-1"],
    },
}


def stack_schema(project: str) -> Schema:
    """Return the schema of ``Pulumi.<stack>.yaml``; ``project`` is the name in Pulumi.yaml."""
    whole = _whole()
    models = {name: _within(model, _or_secret) for name, model in whole["definitions"].items()}
    sections: dict[str, Schema] = whole["properties"]
    keys = {key: _or_text(_within(sections[key], _or_secret), models) for key in KEYS}
    config: Schema = {
        "description": "The stack's configuration: of the AWS provider, and of this program.",
        "type": ["object", "null"],
        "properties": {
            "aws:region": sections["aws:region"] | _REGION,
            "aws:profile": sections["aws:profile"] | {"type": ["string", "number", "null"]},
            **{f"{project}:{key}": section for key, section in keys.items()},
        },
        "patternProperties": {f"^{project}:(?!({'|'.join(keys)})$)": False},
    }
    schema: Schema = {
        "$schema": _DRAFT,
        "$comment": _COMMENT,
        "title": "Pulumi.<stack>.yaml",
        "type": ["object", "null"],
        "properties": {"config": config, **_PULUMIS_OWN},
    }
    return _with_definitions(schema, models)


def jobs_schema() -> Schema:
    """Return the schema of a job file.

    What a job needs may stand in the defaults, also within the maps that are merged. Defaults must
    be right even if each job says otherwise.
    """
    whole = _whole()
    models: dict[str, Schema] = whole["definitions"]
    job = models["JobSettings"]
    required = job.pop("required")
    for key, entry in job["properties"].items():
        for model in _models_in(entry) if key != "on" else ():
            models[model].pop("required", None)
    defaults = {
        "description": "Keys that all jobs of this file have unless they say otherwise; maps such "
        "as `environment` are merged entry by entry.",
        "examples": [{"timezone": "Asia/Tokyo", "tags": {"team": "data"}}],
        "$ref": f"{_PLACE}JobSettings",
    }
    schema: Schema = {
        "$schema": _DRAFT,
        "$comment": _COMMENT,
        "title": "Jobs in a file of their own",
        "type": "object",
        "additionalProperties": False,
        "required": ["jobs"],
        "properties": {
            "defaults": _explained(defaults),
            "jobs": {**whole["properties"]["jobs"], "minProperties": 1},
        },
        "if": {"properties": {"defaults": {"required": required}}, "required": ["defaults"]},
        "else": {"properties": {"jobs": {"additionalProperties": {"required": required}}}},
    }
    return _with_definitions(schema, models)


# -- what pydantic makes, in the words of editors


def _whole() -> Schema:
    """Return the schema of all models, as short as it can be, with what pydantic cannot see."""
    whole = Settings.model_json_schema(ref_template=_PLACE + "{model}")
    definitions = whole.pop("$defs")
    whole = _within({**whole, "definitions": definitions}, _tidied)
    models: dict[str, Schema] = whole["definitions"]
    for name, model in {"Settings": whole, **models}.items():
        for key, entry in model.get("properties", {}).items():
            if names := _NAMES.get((name, key)):
                entry["propertyNames"] = names
            if key == "environment" and "additionalProperties" in entry:
                entry["additionalProperties"]["anyOf"][1] = _reference()
            if key == "timezone":
                form = {word: entry.pop(word) for word in ("type", *_FORM)}
                zones = sorted((files("tzdata") / "zones").read_text().split())
                models["TimeZone"] = {"anyOf": [{"enum": zones}, form]}
                entry["$ref"] = f"{_PLACE}TimeZone"
    models["ContainerSettings"]["properties"]["grants"] |= _grants()
    models["EventSettings"]["minProperties"] = 1
    return whole


_FORM = ("pattern", "patternErrorMessage")
_NOT_NEEDED = frozenset({"title", "format", "writeOnly", "anyOf"})
_BOUNDS = (("minLength", "minItems"), ("maxLength", "maxItems"))


def _tidied(schema: Schema) -> Schema:
    """Shorten one schema, whose choices are short already."""
    tidy = {key: value for key, value in schema.items() if key not in _NOT_NEEDED}
    choices: list[Schema] = schema.get("anyOf", [])
    # Pydantic writes the bounds of a list as a text's, or beside the choices of which one is it.
    for one in (tidy, *choices):
        if one.get("type") == "array":
            for wrong, right in _BOUNDS:
                bound = one.pop(wrong, None) or tidy.pop(wrong, None)
                one |= {right: bound} if bound else {}
    if tidy.get("default") in (None, [], {}):
        tidy.pop("default", None)
    if "description" in tidy:
        tidy = _explained(tidy)
    values = [choice for choice in choices if choice != {"type": "null"}]
    if len(choices) == 2 and len(values) == 1 and "type" in values[0]:
        (value,) = values
        enum = {"enum": [*value["enum"], None]} if "enum" in value else {}
        return {**value, **enum, "type": [value["type"], "null"], **tidy}
    return {**tidy, **({"anyOf": choices} if choices else {})}


def _explained(schema: Schema) -> Schema:
    """Say in Markdown what something is for: a description is shown with its backticks."""
    default = f"\n\nDefault: `{flow(schema['default'])}`" if "default" in schema else ""
    return {**schema, "markdownDescription": schema["description"] + default}


def _reference() -> Schema:
    """Return how something of the stack is named, in the place of a text: by kind and name."""
    return {
        "type": "object",
        "properties": {kind: {"type": "string"} for kind in VERBS},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _grants() -> Schema:
    """Return which verbs there are: that depends on the kind of thing, which is part of the key."""
    return {
        "additionalProperties": False,
        "patternProperties": {
            "^[^:]*$": _verbs("bucket"),
            **{f"^{kind}:": _verbs(kind) for kind in VERBS if kind != "bucket"},
        },
    }


def _verbs(kind: Kind) -> Schema:
    verb: Schema = {"enum": list(VERBS[kind])}
    choices: list[Schema] = [verb, {"type": "array", "items": verb, "minItems": 1}]
    if kind == "bucket":
        prefixes = {"anyOf": [_PREFIX, {"type": "array", "items": _PREFIX}]}
        by_verb = dict.fromkeys(VERBS[kind], prefixes)
        choices.append({"type": "object", "properties": by_verb, "additionalProperties": False})
    return {"anyOf": choices}


# -- what else the Pulumi CLI takes

_TEXTS = {
    "object": r"^\s*\{",
    "array": r"^\s*\[",
    "boolean": r"^\s*(true|false)\s*$",
    "integer": r"^\s*[0-9]+\s*$",
}
"""What the text of a whole section looks like: ``pulumi config set`` writes everything as text."""


def _or_text(section: Schema, models: Mapping[str, Schema]) -> Schema:
    """Let a section be a text, which the program reads as JSON."""
    if reference := section.get("$ref"):
        own = {key: value for key, value in section.items() if key != "$ref"}
        section = models[reference.removeprefix(_PLACE)] | own
    kind: str = section["type"]
    text = {"type": "string", "pattern": _TEXTS[kind]}
    if "enum" in section:
        numbers = {"type": kind, "enum": section["enum"]}
        others = {key: value for key, value in section.items() if key not in numbers}
        return {**others, "anyOf": [numbers, text]}
    return section | text | {"type": [kind, "string"]}


def _or_secret(schema: Schema) -> Schema:
    """Let a text be an encrypted value, unless it is one of certain words.

    Both stand in one schema: each of its rules is about a text, or about a map.
    """
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "string" not in kinds or {"enum", "const"} & schema.keys():
        return schema
    secure = {"type": "string", "description": "What pulumi config set --secret has written."}
    return schema | {
        "type": [*kinds, "object"],
        "properties": {"secure": secure},
        "required": ["secure"],
        "additionalProperties": False,
    }


# -- walking

_MAPS = frozenset({"properties", "patternProperties", "definitions"})
_SINGLE = frozenset({"items", "additionalProperties"})


def _within(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change every schema within one, the innermost first."""
    changed = dict(schema)
    for word in schema.keys() & _MAPS:
        entries: dict[str, Schema | bool] = schema[word]
        changed[word] = {
            key: one if isinstance(one, bool) else _within(one, change)
            for key, one in entries.items()
        }
    for word in schema.keys() & _SINGLE:
        if isinstance(schema[word], dict):
            changed[word] = _within(schema[word], change)
    if "anyOf" in schema:
        changed["anyOf"] = [_within(one, change) for one in schema["anyOf"]]
    return change(changed)


def _models_in(schema: Schema) -> list[str]:
    """List the models that a schema names."""
    found: list[str] = []

    def look(one: Schema) -> Schema:
        found.extend([one["$ref"].removeprefix(_PLACE)] if "$ref" in one else [])
        return one

    _within(schema, look)
    return found


def _with_definitions(schema: Schema, models: Mapping[str, Schema]) -> Schema:
    """Put the models behind a schema that it needs."""
    needed, todo = set[str](), _models_in(schema)
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += _models_in(models[name])
    return {**schema, "definitions": {name: models[name] for name in sorted(needed)}}


# -- the files


def schema_files(project: str) -> dict[Path, str]:
    """Return the text of each file."""
    schemas = {STACK_SCHEMA: stack_schema(project), JOBS_SCHEMA: jobs_schema()}
    return {
        FOLDER / name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


def main() -> None:
    """Write both files."""
    for path, text in schema_files(project_name(FOLDER.parent)).items():
        path.write_text(text)


if __name__ == "__main__":
    main()

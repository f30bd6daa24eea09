"""The JSON Schemas of stack and job files; ``reading`` holds all other settings against them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from stacks import settings_schema
from stacks.job_files import parse
from tests.deploying import PROJECT, ROOT
from tests.program.reading import JOB_FILE, complaints, of_stack_files
from tests.program.test_settings import test_a_mistake_is_one_line_with_the_remedy as mistakes

STACK_FILE = of_stack_files(PROJECT)
JOB_FILES = sorted((ROOT / "examples/jobs").glob("*.yaml"))
STACK_FILES = sorted([*ROOT.glob("Pulumi.*.yaml"), *(ROOT / "examples").glob("*.yaml")])


@pytest.fixture(params=[STACK_FILE, JOB_FILE], ids=["stack file", "job file"])
def schema(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param.schema


def test_the_files_are_what_the_models_give() -> None:
    for path, text in settings_schema.schema_files(PROJECT).items():
        assert path.read_text() == text, "run make generate"


def test_make_readme_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "-m stacks.settings_schema" in (ROOT / "Makefile").read_text()
    (tmp_path / "Pulumi.yaml").write_text("name: nightly\n")
    (tmp_path / "stacks").mkdir()
    monkeypatch.setattr(settings_schema, "FOLDER", tmp_path / "stacks")
    settings_schema.main()
    written = json.loads((tmp_path / "stacks/settings.schema.json").read_text())
    assert "nightly:jobs" in written["properties"]["config"]["properties"]
    assert (tmp_path / "stacks/jobs.schema.json").is_file()


def test_they_are_schemas(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == Draft7Validator.META_SCHEMA["$schema"]
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_a_stack_file_is_right_by_the_schema(file: Path) -> None:
    assert complaints(STACK_FILE, parse(file.read_text())) == []


@pytest.mark.parametrize("file", JOB_FILES, ids=lambda file: file.name)
def test_a_job_file_is_right_by_the_schema(file: Path) -> None:
    assert complaints(JOB_FILE, parse(file.read_text())) == []


@pytest.mark.parametrize("file", [*STACK_FILES, *JOB_FILES], ids=lambda file: file.name)
def test_a_file_names_its_schema_in_its_first_line(file: Path) -> None:
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
    assert named
    schema = "jobs.schema.json" if file in JOB_FILES else "settings.schema.json"
    assert (file.parent / named[1]).resolve() == ROOT / "stacks" / schema


@pytest.mark.parametrize(
    "text",
    [
        "",
        "config:\n",
        "secretsprovider: awskms://alias/pulumi\nencryptedkey: abc\nconfig: {}\n",
        "encryptionsalt: v1:abc\n",
        "config: {fargate-batch:secrets: {s: {values: {A: {secure: v1:abc}}}}}",
        "config: {fargate-batch:jobs: {a: {command: [x], environment: {A: {secure: v1:abc}}}}}",
        "config: {fargate-batch:jobs: {a: {command: [x], environment: {A: {job: b}}}}}",
        "config: {fargate-batch:jobs: {a: {command: [x], overlap: , array: , timezone: UTC}}}",
        "config: {'fargate-batch:tracing': 'true', 'fargate-batch:logRetentionDays': '30'}",
        "config: {'fargate-batch:network': '{\"mode\": \"public\"}'}",
        "config: {aws:region: eu-west-1, aws:profile: batch, aws:defaultTags: {tags: {a: b}}}",
        "config: {gcp:project: x, website:jobs: none, pulumi:disable-default-providers: [x]}",
    ],
)
def test_whatever_else_the_pulumi_cli_takes_is_right(text: str) -> None:
    assert complaints(STACK_FILE, parse(text)) == []


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("fargate-batch:jbos: {}", "config"),
        ("aws:region: tokyo", "config.aws:region"),
        ("aws:region: cn-north-1", "config.aws:region"),
        ("fargate-batch:network: {mode: pubic}", "config.fargate-batch:network.mode"),
        ("fargate-batch:network: {}", "config.fargate-batch:network"),
        ("fargate-batch:network: public", "config.fargate-batch:network"),
        ("fargate-batch:tracing: 'yes'", "config.fargate-batch:tracing"),
        ("fargate-batch:logRetentionDays: 100", "config.fargate-batch:logRetentionDays"),
        ("fargate-batch:buckets: {My Files: {}}", "config.fargate-batch:buckets"),
        ("fargate-batch:calendars: {a: [24.12.2026]}", "config.fargate-batch:calendars.a"),
        ("fargate-batch:notify: {emails: [oncall]}", "config.fargate-batch:notify.emails.0"),
        (
            "fargate-batch:containers: {a: {cpuUnits: 300}}",
            "config.fargate-batch:containers.a.cpuUnits",
        ),
        (
            "fargate-batch:containers: {a: {grants: {files: delete}}}",
            "config.fargate-batch:containers.a.grants.files",
        ),
        (
            "fargate-batch:containers: {a: {grants: {'queue:orders': read}}}",
            "config.fargate-batch:containers.a.grants.queue:orders",
        ),
        (
            "fargate-batch:secrets: {a: {values: {A: {secret: v1:abc}}}}",
            "config.fargate-batch:secrets.a.values.A",
        ),
        ("fargate-batch:flows: {a: {jobs: {}}}", "config.fargate-batch:flows.a.jobs"),
        ("fargate-batch:jobs: {a: {}}", "config.fargate-batch:jobs.a"),
    ],
)
def test_a_wrong_stack_file_is_wrong_where_it_is(written: str, path: str) -> None:
    assert path in found(STACK_FILE, {"config": parse(written)})


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("timout: 5m", ""),
        ("timeout: 5", ".timeout"),
        ("timeout: 5 minutes", ".timeout"),
        ("timeout: 1.5h", ".timeout"),
        ("retries: {app: 60}", ".retries.app"),
        ("retries: {app: [1 min]}", ".retries.app.0"),
        ("retries: {exitCodes: [256]}", ".retries.exitCodes.0"),
        ("schedule: 0 3 * * *", ".schedule"),
        ("schedule: cron(0 3 * * *)", ".schedule"),
        ("schedule: rate(5 weeks)", ".schedule"),
        ("schedule: at(2026-12-24 18:00)", ".schedule"),
        ("schedule: []", ".schedule"),
        ("timezone: 'Asia / Tokyo'", ".timezone"),
        ("startDate: 1.1.2027", ".startDate"),
        ("enabled: 'on'", ".enabled"),
        ("overlap: never", ".overlap"),
        ("capacity: Spot", ".capacity"),
        ("notify: both", ".notify"),
        ("notify: {on: failures}", ".notify"),
        ("on: {}", ".on"),
        ("on: {objectCreated: {prefix: in/}}", ".on"),
        ("array: {size: 1}", ".array"),
        ("array: {size: 9, tolerateFailures: 120%}", ".array"),
        ("progress: {heartbeat: 300}", ".progress"),
        ("environment: {PORT: 8080}", ".environment.PORT"),
        ("environment: {AWS_REGION: x}", ".environment"),
        ("environment: {A: {queue: a, bucket: b}}", ".environment.A"),
        ("cpuUnits: 1", ".cpuUnits"),
        ("command: python -m x", ".command"),
        ("command: []", ".command"),
    ],
)
def test_a_wrong_job_is_wrong_where_it_is_in_both_files(written: str, path: str) -> None:
    job = {"command": ["x"], **parse(written)}
    assert f"jobs.a{path}" in found(JOB_FILE, {"jobs": {"a": job}})
    assert f"config.{PROJECT}:jobs.a{path}" in found(
        STACK_FILE, {"config": {f"{PROJECT}:jobs": {"a": job}}}
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("jobs: {a: {command: [x]}}\nmore: 1", ""),
        ("jobs: {}", "jobs"),
        ("defaults: {}", ""),
        ("defaults: {timout: 5m}\njobs: {a: {command: [x]}}", "defaults"),
        ("defaults: {timezone: UTC}\njobs: {a: {}}", "jobs.a"),
        ("jobs: {a: {command: [x], environment: {A: {secure: x}}}}", "jobs.a.environment.A"),
        ("jobs: {A: {command: [x]}}", "jobs"),
        ("- a", ""),
    ],
)
def test_a_wrong_job_file_is_wrong_where_it_is(text: str, path: str) -> None:
    assert path in found(JOB_FILE, parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "defaults: {command: [x]}\njobs: {a: {}}",
        "defaults: {progress: {heartbeat: 5m}}\njobs: {a: {command: [x], progress: {}}}",
    ],
)
def test_what_a_job_needs_may_stand_in_the_defaults(text: str) -> None:
    assert complaints(JOB_FILE, parse(text)) == []


def test_an_editor_sees_half_of_all_mistakes_that_a_deploy_sees() -> None:
    (cases,) = (mark.args[1] for mark in mistakes.pytestmark if mark.name == "parametrize")
    seen = [line for sections, line in cases if complaints(STACK_FILE, config_of(sections))]
    assert len(seen) > len(cases) / 2


def test_every_key_is_explained_in_markdown_with_an_example(schema: dict[str, Any]) -> None:
    explained = [*keys_in(schema)]
    assert len(explained) > 50
    for key, entry in explained:
        assert entry["markdownDescription"].startswith(entry["description"]), key
        assert entry["examples"], key


def test_a_default_is_told_and_offered(schema: dict[str, Any]) -> None:
    timeout = schema["definitions"]["JobSettings"]["properties"]["timeout"]
    assert timeout["default"] == "1h"
    assert timeout["markdownDescription"].endswith("\n\nDefault: `1h`")


def test_words_and_time_zones_are_offered(schema: dict[str, Any]) -> None:
    job = schema["definitions"]["JobSettings"]["properties"]
    assert job["overlap"]["enum"] == ["forbid", "allow", "replace", None]
    assert job["timezone"]["$ref"] == "#/definitions/TimeZone"
    zones, _ = schema["definitions"]["TimeZone"]["anyOf"]
    assert {"UTC", "Asia/Tokyo", "Europe/Berlin"} <= set(zones["enum"])


def test_nothing_is_defined_that_nobody_names(schema: dict[str, Any]) -> None:
    named = set(re.findall(r"#/definitions/(\w+)", json.dumps(schema)))
    assert named == set(schema["definitions"])


def config_of(sections: dict[str, Any]) -> dict[str, Any]:
    own = {"network": {"mode": "public"}, **sections}
    return {"config": {f"{PROJECT}:{key}": value for key, value in own.items()}}


def found(validator: Draft7Validator, instance: object) -> set[str]:
    return {complaint.partition(": ")[0] for complaint in complaints(validator, instance)}


def keys_in(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All keys of the models, and those that they stand under."""
    top = schema["properties"].get("config", schema)
    for name, model in {"": top, **schema["definitions"]}.items():
        for key, entry in model.get("properties", {}).items():
            yield f"{name}.{key}", entry

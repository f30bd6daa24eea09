"""``python -m ops new job``: what it writes, and that everything else stays as it is."""

import re
from pathlib import Path

import pytest

from ops import new_job
from ops.errors import OpsError
from ops.writing import draft, plain, with_entry
from stacks.job_files import parse
from tests.ops.test_check import STACK
from tests.ops.typed import Keyboard, Said

FIRST = """\
  # What runs.
  p:jobs:
    first:
      command: [x]   # the program
      # timeout: 5m

# The end of the file.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        STACK.replace("  p:jobFiles: [jobs/*.yaml]\n", "") + FIRST
    )
    return tmp_path


def new(project: Path, *arguments: str) -> Said:
    return Keyboard(project)("new", "job", *arguments)


def without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(True) if not line.lstrip().startswith("#"))


# -- the command


def test_a_job_comes_behind_the_last_one_with_what_else_it_may_say(project: Path) -> None:
    file = project / "Pulumi.dev.yaml"
    before = file.read_text()
    said = new(
        project,
        *("nightly", "--schedule", "cron(0 3 * * ? *)", "--timezone", "Asia/Tokyo"),
        *("--command", "python -m nightly --day '2026-12-24' 'a: b'"),
    )
    assert (said.code, said.out) == (0, "Pulumi.dev.yaml:11: job nightly\n")
    assert said.errors == ["Next: python -m rehearsal run dev"]
    head, _, end = before.partition("\n# The end")
    after = file.read_text()
    assert after.startswith(head)
    assert after.endswith(f"\n# The end{end}")
    added = after.removeprefix(head).removesuffix(f"\n# The end{end}")
    assert without_comments(added) == (
        "    nightly:\n"
        '      command: [python, -m, nightly, --day, "2026-12-24", "a: b"]\n'
        "      schedule: cron(0 3 * * ? *)\n"
        "      timezone: Asia/Tokyo\n"
    )
    assert "      # timeout: 15m                     # how long one attempt may take" in added
    assert max(map(len, added.splitlines())) <= 100


def test_a_job_needs_no_more_than_a_name(project: Path) -> None:
    assert new(project, "list-files").code == 0
    text = (project / "Pulumi.dev.yaml").read_text()
    assert "    list-files:\n      command: [python, -m, list_files]\n" in text
    assert "      # schedule: cron(0 3 * * ? *)" in text


@pytest.mark.parametrize("optional", new_job.OPTIONAL, ids=lambda pair: pair[0])
def test_what_a_comment_offers_is_right(project: Path, optional: tuple[str, str]) -> None:
    key, _ = optional
    assert new(project, "nightly").code == 0
    file = project / "Pulumi.dev.yaml"
    offered = re.search(rf"# ({re.escape(key)}) +# ", file.read_text())
    assert offered
    file.write_text(file.read_text().replace(f"# {key}", key))
    assert Keyboard(project)("check").code == 0
    assert key.partition(":")[0] in parse(file.read_text())["config"]["p:jobs"]["nightly"]


def test_a_taken_name_is_refused_with_its_line(project: Path) -> None:
    file = project / "Pulumi.dev.yaml"
    before = file.read_bytes()
    said = new(project, "first")
    assert said.code == 2
    assert said.errors == ["error: Pulumi.dev.yaml:8: first is there already: take another name"]
    assert file.read_bytes() == before


def test_what_a_deploy_would_refuse_is_not_written(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.iterdir()}
    said = new(project, "Nightly", "--schedule", "cron(0 3 * *)", "--timezone", "Asia/Tokio")
    assert (said.code, said.out) == (2, "")
    assert said.errors == [
        "error: Pulumi.dev.yaml: jobs.Nightly: is not a name (lower case, digits, single "
        "hyphens): write nightly",
        'error: Pulumi.dev.yaml: jobs.Nightly.schedule: "cron(0 3 * *)": not six fields: write '
        "cron(minute hour day-of-month month day-of-week year)",
        'error: Pulumi.dev.yaml: jobs.Nightly.timezone: "Asia/Tokio" is not a time zone: write '
        "Asia/Tokyo",
    ]
    assert {path: path.read_bytes() for path in project.iterdir()} == before


def test_a_file_that_is_wrong_already_is_mended_first(project: Path) -> None:
    file = project / "Pulumi.dev.yaml"
    file.write_text(file.read_text() + "  x: [\n")
    said = new(project, "nightly")
    assert said.code == 2
    assert said.errors[0].startswith("error: Pulumi.dev.yaml line 14: ")


def test_a_warning_is_no_reason_not_to_write(project: Path) -> None:
    said = new(project, "once", "--schedule", "at(2020-01-01T00:00:00)")
    assert said.code == 0
    assert "warning: Pulumi.dev.yaml: jobs.once.schedule: " in said.out


def test_a_command_that_no_shell_takes_is_one_line(project: Path) -> None:
    said = new(project, "nightly", "--command", "echo 'a")
    assert said.code == 2
    assert said.errors == ["error: --command echo 'a: No closing quotation: close what is open"]


def test_a_stack_that_is_not_there_is_one_line(project: Path) -> None:
    said = new(project, "nightly", "-s", "prd")
    assert (said.code, len(said.errors)) == (2, 1)


def test_a_job_file_is_begun_with_its_schema_and_needs_to_be_named(project: Path) -> None:
    said = new(project, "nightly", "--file", "jobs/data.yaml")
    assert (said.code, said.out) == (0, "jobs/data.yaml:3: job nightly\n")
    assert said.errors == ["Next: name it in a stack file: p:jobFiles: [jobs/data.yaml]"]
    text = (project / "jobs/data.yaml").read_text()
    assert text.startswith(
        "# yaml-language-server: $schema=../stacks/jobs.schema.json\njobs:\n  nightly:\n"
    )
    assert list((project / "jobs").iterdir()) == [project / "jobs/data.yaml"]


def test_a_job_file_is_checked_in_the_stack_that_will_name_it(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(STACK.replace("jobs/", "work/") + FIRST)
    said = new(project, "first", "--file", "work/data.yaml")
    assert said.code == 2
    assert said.errors == [
        "error: work/data.yaml:3: jobs.first: stands in Pulumi.dev.yaml too: rename one"
    ]
    assert not (project / "work").exists()
    said = new(project, "second", "--file", "work/data.yaml")
    assert said.errors == ["Next: python -m rehearsal run dev"]
    said = new(project, "third", "--file", "work/data.yaml", "--schedule", "rate(1 hour)")
    assert said.code == 0, said.err
    assert [*parse((project / "work/data.yaml").read_text())["jobs"]] == ["second", "third"]
    said = new(project, "third", "--file", "work/data.yaml")
    assert "third is there already" in said.err


# -- where the lines go

JOB = ["command: [x]", "# timeout: 1h"]


def added(text: str, *path: str) -> str:
    return with_entry(text, path or ("jobs",), "new", JOB)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "jobs:\n  new:\n    N\n"),
        ("# only a comment\n", "# only a comment\njobs:\n  new:\n    N\n"),
        ("jobs:\n", "jobs:\n  new:\n    N\n"),
        ("jobs: ~ # none\nx: 1\n", "jobs:  # none\n  new:\n    N\nx: 1\n"),
        ("jobs: {} # none\nx: 1\n", "jobs:  # none\n  new:\n    N\nx: 1\n"),
        ("jobs:\n  a: {b: c}", "jobs:\n  a: {b: c}\n  new:\n    N\n"),
        ("jobs:\n    a:\n        b: c\n", "jobs:\n    a:\n        b: c\n    new:\n        N\n"),
        (
            "jobs:\n  a: {b: c}\n  # of the map\n\n# of the rest\nx: 1\n",
            "jobs:\n  a: {b: c}\n  # of the map\n  new:\n    N\n\n# of the rest\nx: 1\n",
        ),
        (
            "jobs:\n  a:\n    b: 1\n\n  # second\n  c:\n    d: 2\n\n\n",
            "jobs:\n  a:\n    b: 1\n\n  # second\n  c:\n    d: 2\n\n  new:\n    N\n\n\n",
        ),
        (
            "jobs:\n  a:\n    b: |\n      text\n      # text, too\nx: 1\n",
            "jobs:\n  a:\n    b: |\n      text\n      # text, too\n  new:\n    N\nx: 1\n",
        ),
        ("defaults: {}\n", "defaults: {}\njobs:\n  new:\n    N\n"),
        ("jobs:\r\n  a: {}\r\n", "jobs:\r\n  a: {}\r\n  new:\r\n    N\r\n"),
        ("\ufeffjobs:\n  a: {}\n", "\ufeffjobs:\n  a: {}\n  new:\n    N\n"),
        ("jobs:\n  a: {}\n...\n", "jobs:\n  a: {}\n  new:\n    N\n...\n"),
    ],
)
def test_lines_go_to_the_end_of_their_map_and_as_deep_as_their_neighbours(
    before: str, after: str
) -> None:
    end = "\r\n" if "\r" in before else "\n"
    wanted = re.sub(r"( +)N\r?\n", lambda m: "".join(m[1] + line + end for line in JOB), after)
    assert added(before) == wanted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("jobs: {a: {b: c}}\n", "line 1: jobs is not a map with a key a line: write it as one"),
        ("x: 1\njobs: [a]\n", "line 2: jobs is not a map with a key a line: write it as one"),
        ("jobs: text\n", "line 1: jobs is not a map with a key a line: write it as one"),
        ("[a]\n", "line 1: the file is not a map with a key a line: write it as one"),
        ("x: &a\n  b: 1\njobs: *a\n", "jobs is an alias of another map: write the map itself"),
        ("jobs:\n  a: |+\n    text\n\n", "jobs is written in a way that is not understood here"),
    ],
)
def test_a_map_to_which_no_line_can_be_added_is_left_alone(text: str, line: str) -> None:
    with pytest.raises(OpsError) as refusal:
        added(text)
    assert refusal.value.lines == (line,)


def test_what_is_missing_on_the_way_is_added() -> None:
    assert added("config:\n  a: 1\n", "config", "p:jobs").endswith(
        "  p:jobs:\n    new:\n" + ("      command: [x]\n      # timeout: 1h\n")
    )


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-m",
        "--day=5",
        "a b",
        "",
        "1",
        "2026-12-24",
        "0777",
        "true",
        "null",
        "a: b",
        "#",
        "x #y",
        "a, b",
        "{",
        "é",
        '"',
        "'",
        "*",
        "cron(0 3 * * ? *)",
        "line\nline",
        "-",
        "~",
        "<<",
        "a:",
    ],
)
def test_a_text_stays_a_text(text: str) -> None:
    assert parse(f"a: {plain(text)}\n") == {"a": text}
    assert parse(f"a: [{plain(text, in_brackets=True)}, b]\n") == {"a": [text, "b"]}


def test_what_needs_no_quotes_has_none() -> None:
    assert plain("cron(0 3 * * ? *)") == "cron(0 3 * * ? *)"
    assert plain("-m", in_brackets=True) == "-m"
    assert plain("0777") == '"0777"'  # octal to Go


# -- nothing half-written


def test_a_file_is_the_former_one_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    file.chmod(0o640)
    with draft(file, "new") as new:
        assert (file.read_text(), new.read_text()) == ("old", "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    with pytest.raises(OpsError), draft(file, "newer"):
        raise OpsError("no")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
    assert file.read_text() == "new"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    with draft(tmp_path / "link.yaml", "new"):
        pass
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "new"

"""``python -m ops import``."""

from pathlib import Path

from tests.ops.importing import deployed
from tests.ops.typed import Keyboard

CRONTAB = "0 3 * * * /opt/backup\n"


def test_a_crontab_from_standard_input_becomes_a_job_file_on_standard_output(
    offline: Keyboard, tmp_path: Path
) -> None:
    said = offline("import", "crontab", "-", "--timezone", "Europe/Berlin", stdin=CRONTAB)
    assert said.code == 0, said.err
    assert said.errors == ["1 job carried over, 0 left out"]
    assert deployed(said.out, tmp_path).jobs["backup"].timezone == "Europe/Berlin"


def test_what_is_left_out_is_said_and_makes_the_exit_code_1(offline: Keyboard) -> None:
    said = offline("import", "crontab", "-", stdin=f"{CRONTAB}@reboot /opt/agent\n")
    assert said.code == 1
    assert said.errors[0].startswith("stdin:2: @reboot /opt/agent: left out: nothing boots here")
    assert said.errors[-1] == "1 job carried over, 1 left out"
    assert "# - stdin:2: @reboot /opt/agent\n" in said.out


def test_a_job_file_is_written_and_never_over_another_one(
    offline: Keyboard, tmp_path: Path
) -> None:
    source, out = tmp_path / "tab", offline.directory / "imported/by/jobs.yaml"
    source.write_text(f"0 3 * * * root {CRONTAB.split()[-1]}\n")
    typed = ("import", "crontab", str(source), "--system", "--out", str(out))
    said = offline(*typed)
    assert (said.code, said.out) == (0, "")
    schema = "# yaml-language-server: $schema=../../stacks/jobs.schema.json"
    assert out.read_text().splitlines()[0] == schema
    assert "backup:" in out.read_text()
    again = offline(*typed)
    assert again.code == 2
    assert again.errors == [f"error: {out}: is there already: remove it, or write to another file"]


def test_files_of_others_are_read_too(offline: Keyboard, tmp_path: Path) -> None:
    command = "containerOverrides: [{name: a, command: [x]}]"
    (tmp_path / "rules.yaml").write_text(
        f"rules: [{{name: a, scheduleExpression: rate(1 day), taskDefinition: t, {command}}}]"
    )
    (tmp_path / "cron.json").write_text(
        '{"kind": "CronJob", "metadata": {"name": "a"}, "spec": {"schedule": "@daily",'
        '"jobTemplate": {"spec": {"template": {"spec": {"containers":'
        '[{"image": "x", "args": ["x"]}]}}}}}}'
    )
    (tmp_path / "copilot/a").mkdir(parents=True)
    (tmp_path / "copilot/a/manifest.yml").write_text(
        "{name: a, type: Scheduled Job, on: {schedule: '@daily'}, image: x, command: x}"
    )
    for typed in (("ecschedule", "rules.yaml"), ("kubernetes", "cron.json"), ("copilot", ".")):
        said = offline("import", typed[0], str(tmp_path / typed[1]))
        assert said.code == 0, said.err
        assert list(deployed(said.out, tmp_path).jobs) == ["a"]


def test_what_cannot_be_read_is_one_line_and_the_exit_code_2(
    offline: Keyboard, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for typed, reason in (
        (("crontab", str(nowhere)), f"{nowhere}: cannot be read: No such file or directory"),
        (("crontab", str(tmp_path)), f"{tmp_path}: cannot be read: Is a directory"),
        (("crontab", str(binary)), f"{binary}: is no text in UTF-8"),
        (("crontab", "-"), "stdin: has no line of a crontab"),
        (("crontab", "-", "--timezone", "Berln"), '--timezone: "Berln" is not a time zone'),
        (("kubernetes", "-"), "stdin: has no CronJob"),
        (("ecschedule", "-"), "stdin: has no rules"),
        (("copilot", str(tmp_path)), f"{tmp_path}: has no manifest of a Scheduled Job"),
    ):
        said = offline("import", *typed)
        assert (said.code, said.out) == (2, ""), said
        (line,) = said.errors
        assert line.startswith(f"error: {reason}")


def test_help_shows_an_example(offline: Keyboard) -> None:
    for typed in ((), ("crontab",), ("ecschedule",), ("copilot",), ("kubernetes",)):
        said = offline("import", *typed, "--help")
        assert said.code == 0
        assert "Example:" in said.out

"""What GitHub runs, by what its shell does: beside it, programs that note how they are called."""

import json
import subprocess
import sys
from pathlib import Path

import pulumi_awsx as awsx
import pytest

from tests.deploying import ROOT, deploy_stack
from tests.program.github import GITHUB, Runner, shell


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    (tmp_path / "temp").mkdir()
    return Runner(tmp_path)


def python(answer: str, real: str = "-c") -> str:
    """A Python that is real for what is asked with ``-c``, and answers otherwise."""
    return f'if [[ $1 = {real} ]]; then exec {sys.executable} "$@"; fi\n{answer}'


NOTHING = dict.fromkeys(("COMMAND", "VARIABLES", "CPU", "MEMORY", "AT"), "")


def run_job(runner: Runner, answer: str, **given: str) -> "subprocess.CompletedProcess[str]":
    runner.program(".venv/bin/python", python(answer))
    asked = {"OPS_STACK": "dev", "JOB": "report", "WAIT": "true", **NOTHING, **given}
    return runner.run(shell("run-job", "Run"), **asked)


def ops_call(runner: Runner) -> list[str]:
    (call,) = [call[3:] for call in runner.calls if call[1:3] == ["-m", "ops"]]
    return call


def test_a_run_by_hand_is_the_command_that_a_person_types(runner: Runner) -> None:
    said = run_job(runner, "echo good morning")
    assert said.returncode == 0, said.stderr
    assert ops_call(runner) == ["run", "report"]
    assert runner.summary.startswith("### report in dev: done\n\n~~~~~~text\ngood morning\n")


def test_a_run_by_hand_ends_as_the_job_does_and_shows_its_log(runner: Runner) -> None:
    said = run_job(runner, "echo no orders; echo '1 attempt' >&2; exit 3")
    assert said.returncode == 3
    assert "no orders\n1 attempt" in said.stdout
    assert runner.summary.startswith("### report in dev: failed, exit code 3\n")
    assert "no orders\n1 attempt\n" in runner.summary


def test_everything_over_the_jobs_own_values_reaches_the_command(runner: Runner) -> None:
    run_job(
        runner,
        "true",
        COMMAND="python -c 'print(\"a  b\")' --all",
        VARIABLES="PREFIX=daily/ DAY='1 May'",
        CPU="1024",
        MEMORY="4096",
        AT="2026-11-22T03:30:00Z",
        WAIT="false",
    )
    assert ops_call(runner) == [
        "run", "--env=PREFIX=daily/", "--env=DAY=1 May", "--cpu=1024", "--memory=4096",
        "--at=2026-11-22T03:30:00Z", "--no-wait", "report",
        "--", "python", "-c", 'print("a  b")', "--all",
    ]  # fmt: skip


@pytest.mark.parametrize("wish", ["$(touch gone)", "`touch gone`", '"; touch gone; "', "* $HOME"])
def test_nothing_that_is_typed_in_is_run_by_the_shell(runner: Runner, wish: str) -> None:
    every = dict.fromkeys(("JOB", "CPU", "MEMORY", "AT"), wish)
    quoted = "'" + wish + "'"
    said = run_job(runner, "true", COMMAND=quoted, VARIABLES=quoted, **every)
    assert said.returncode == 0, said.stderr
    assert ops_call(runner) == [
        "run", f"--env={wish}", f"--cpu={wish}", f"--memory={wish}", f"--at={wish}", wish,
        "--", wish,
    ]  # fmt: skip
    assert not (runner.directory / "gone").exists()


def test_a_quote_that_does_not_end_starts_nothing(runner: Runner) -> None:
    said = run_job(runner, "true", COMMAND="echo 'good morning")
    assert said.returncode != 0
    assert "No closing quotation" in said.stderr
    assert not [call for call in runner.calls if call[1:3] == ["-m", "ops"]]


def test_a_schedule_is_added_with_its_kind_zone_and_command(runner: Runner) -> None:
    runner.program(".venv/bin/python", python("true"))
    given = {"NAME": "once-more", "JOB": "report", "WHEN": "2026-12-24T18:00:00"}
    zone = {"TIMEZONE": "Asia/Tokyo", "COMMAND": "report --all"}
    assert runner.run(shell("schedule-job", "Add"), KIND="at", **given, **zone).returncode == 0
    assert ops_call(runner) == [
        "schedule", "add", "--at=2026-12-24T18:00:00", "--timezone=Asia/Tokyo", "once-more",
        "report", "--", "report", "--all",
    ]  # fmt: skip


def test_a_schedule_has_the_jobs_zone_unless_told_and_is_removed_by_its_name(
    runner: Runner,
) -> None:
    runner.program(".venv/bin/python", python("true"))
    given = {"NAME": "often", "JOB": "report", "WHEN": "5 minutes", "TIMEZONE": ""}
    runner.run(shell("schedule-job", "Add"), KIND="rate", COMMAND="", **given)
    runner.run(shell("schedule-job", "Remove"), NAME="often")
    calls = [call[3:] for call in runner.calls if call[1:3] == ["-m", "ops"]]
    assert calls == [
        ["schedule", "add", "--rate=5 minutes", "often", "report"],
        ["schedule", "remove", "often"],
    ]


@pytest.mark.parametrize(("file", "step"), [("check", "Rehearse"), ("preview", "Rehearse")])
def test_a_rehearsal_that_goes_wrong_fails_the_job_after_its_summary(
    runner: Runner, file: str, step: str
) -> None:
    runner.program(".venv/bin/python", "echo first; echo 11 of 12 came out; exit 1")
    runner.program("git", "echo config: {}")
    said = runner.run(shell(file, step), STACK="dev", RUN_URL="https://run", TARGET="0abc")
    assert said.returncode == 1
    assert "dev: 11 of 12 came out" in runner.summary
    (comment,) = (runner.directory / "temp/comment").iterdir()
    assert comment.read_text() == runner.summary


def test_a_change_is_rehearsed_from_what_the_target_branch_has(runner: Runner) -> None:
    runner.program(".venv/bin/python", "echo well")
    runner.program("git", "if [[ $2 = *dev* ]]; then echo before; else exit 128; fi")
    for stack in ("dev", "new"):
        run = runner.run(shell("preview", "Rehearse"), STACK=stack, TARGET="0abc")
        (runner.directory / "temp/comment").rename(runner.directory / stack)
        assert run.returncode == 0, run.stderr
    told, untold = [call for call in runner.calls if call[0] == "python"]
    assert told[-2:] == ["--before", f"{runner.directory}/temp/before.yaml"]
    assert untold[-1] == "new", "the target branch has no such stack"
    assert ["git", "show", "0abc:Pulumi.dev.yaml"] in runner.calls


def test_signs_of_a_preview_stand_where_they_get_their_colour(runner: Runner) -> None:
    runner.program("pulumi", "echo '    +-aws:sqs/queue:Queue: (replace)'; exit 1")
    said = runner.run(shell("preview", "Preview"), STACK="prod")
    assert said.returncode == 1
    assert "### Preview of prod: failed" in runner.summary
    assert "\n+-    aws:sqs/queue:Queue: (replace)\n" in runner.summary


def test_drift_and_what_the_doctor_finds_fail_the_night(runner: Runner) -> None:
    runner.program("pulumi", "echo '    ~ aws:sqs/queue:Queue'; exit 255")
    runner.program(".venv/bin/python", "echo 2 dead letters; exit 1")
    assert runner.run(shell("drift", "Compare"), STACK="dev").returncode == 255
    assert runner.run(shell("drift", "See the doctor"), STACK="dev").returncode == 1
    assert "### Drift of dev: see below" in runner.summary
    assert "2 dead letters" in runner.summary
    (compared,) = [call for call in runner.calls if call[0] == "pulumi"]
    assert {"--refresh", "--expect-no-changes"} <= set(compared)


@pytest.mark.parametrize(
    ("release", "stacks"),
    [
        (
            "v1.2.0",
            [{"stack": "dev", "ref": "0abc"}, {"stack": "prod", "ref": "refs/tags/v1.2.0"}],
        ),
        ("", [{"stack": "dev", "ref": "0abc"}]),
    ],
)
def test_prod_is_compared_with_its_latest_release_if_there_is_one(
    runner: Runner, release: str, stacks: list[dict[str, str]]
) -> None:
    runner.program("gh", f"echo {release}")
    said = runner.run(shell("drift", "Find it"), MAIN="0abc")
    assert said.returncode == 0, said.stderr
    name, _, value = (runner.directory / "output").read_text().partition("=")
    assert (name, json.loads(value)) == ("stacks", stacks)


@pytest.mark.parametrize(("before", "method"), [("17\n18", "PATCH"), ("", "")])
def test_a_comment_is_written_once_and_then_anew(runner: Runner, before: str, method: str) -> None:
    runner.program("gh", f"if [[ $* = *--jq* ]]; then printf '%s' '{before}'; fi")
    parts = runner.directory / "parts"
    parts.mkdir()
    (parts / "1-dev.md").write_text("first\n")
    (parts / "2-prod.md").write_text("second\n")
    where = {
        "COMMENTS": "repos/us/batch/issues/7/comments",
        "ONE_COMMENT": "repos/us/batch/issues/comments",
    }
    said = runner.run(shell("comment", "Write it"), ABOUT="preview", GH_TOKEN="t", **where)
    assert said.returncode == 0, said.stderr
    assert (runner.directory / "comment.md").read_text() == "<!-- preview -->\nfirst\nsecond\n"
    written = runner.calls[-1]
    assert ("PATCH" in written) == bool(method)
    assert (f"{where['ONE_COMMENT']}/18" in written) == bool(before)


# -- images


AWS = """
none() { echo "An error occurred ($1)" >&2 && exit 254; }
case "$*" in
  *get-login-password*) echo secret ;;
  *describe-images*released*) cat released 2> /dev/null || none ImageNotFoundException ;;
  *describe-images*) cat built 2> /dev/null || none ImageNotFoundException ;;
  *create-repository*) touch repository ;;
  *describe-repositories*/released*)
    [[ -e repository ]] || none RepositoryNotFoundException
    echo 1.dkr.ecr.eu-west-1.amazonaws.com/shop-prod/released ;;
  *) echo 2.dkr.ecr.eu-west-1.amazonaws.com/shop-dev/app-arm64 ;;
esac
"""
DIGEST = f"sha256:{'ab' * 32}"
REPOSITORY = "1.dkr.ecr.eu-west-1.amazonaws.com/shop-prod/released"


@pytest.fixture
def images(runner: Runner) -> Runner:
    (runner.directory / "Pulumi.yaml").write_text("name: shop\n")
    built = r"printf 'default\tshop-%s/app-arm64\t0123abcd\n' ${3:-}"
    runner.program(".venv/bin/python", python(f"{built}"))
    runner.program("aws", AWS)
    runner.program("skopeo", "if [[ $1 = login ]]; then cat > /dev/null; fi")
    runner.program("pulumi", "true")
    return runner


def called(runner: Runner, program: str) -> list[list[str]]:
    return [call[1:] for call in runner.calls if call[0] == program and call[1] != "login"]


def test_an_image_is_fetched_by_digest_from_the_stack_that_built_it(images: Runner) -> None:
    (images.directory / "built").write_text(DIGEST)
    said = images.run(f"{GITHUB}/images fetch dev kept")
    assert said.returncode == 0, said.stderr
    assert called(images, "skopeo") == [[
        "copy", "--all", "--preserve-digests",
        f"docker://2.dkr.ecr.eu-west-1.amazonaws.com/shop-dev/app-arm64@{DIGEST}",
        "dir:kept/0123abcd",
    ]]  # fmt: skip


def test_what_dev_has_never_built_is_not_released(images: Runner) -> None:
    said = images.run(f"{GITHUB}/images fetch dev kept")
    assert said.returncode == 1
    assert "dev has never built container default of this content" in said.stdout
    assert called(images, "skopeo") == []


def test_a_release_makes_the_repository_and_copies_into_it_once(images: Runner) -> None:
    assert images.run(f"{GITHUB}/images release prod kept").returncode == 0
    copied = [
        "copy",
        "--all",
        "--preserve-digests",
        "dir:kept/0123abcd",
        f"docker://{REPOSITORY}:0123abcd",
    ]
    assert called(images, "skopeo") == [copied]
    made = [call for call in called(images, "aws") if "create-repository" in call]
    assert len(made) == 1
    assert {"shop-prod/released", "IMMUTABLE"} <= set(made[0])
    (images.directory / "released").write_text(DIGEST)
    assert images.run(f"{GITHUB}/images release prod kept").returncode == 0
    assert called(images, "skopeo") == [copied], "what is there is left alone"


def test_a_stack_uses_what_was_released_by_digest(images: Runner) -> None:
    (images.directory / "repository").touch()
    (images.directory / "released").write_text(DIGEST)
    assert images.run(f"{GITHUB}/images use prod").returncode == 0
    path = ["--stack", "prod", "--path"]
    assert called(images, "pulumi") == [
        ["config", "set", *path, "shop:containers.default.image", f"{REPOSITORY}@{DIGEST}"],
        ["config", "rm", *path, "shop:containers.default.build"],
    ]


def test_an_image_that_was_never_released_is_previewed_without_a_digest(images: Runner) -> None:
    (images.directory / "repository").touch()
    assert images.run(f"{GITHUB}/images use prod").returncode == 0
    (set_, _) = called(images, "pulumi")
    assert set_[-1] == f"{REPOSITORY}@sha256:{'0' * 64}"


def test_before_the_first_release_a_stack_builds_its_own(images: Runner) -> None:
    said = images.run(f"{GITHUB}/images use prod")
    assert (said.returncode, called(images, "pulumi")) == (0, [])
    assert "nothing was ever released" in said.stdout


@pytest.mark.parametrize("what", ["fetch dev kept", "release prod kept", "use prod"])
def test_a_refusal_of_aws_ends_it(images: Runner, what: str) -> None:
    images.program("aws", "echo AccessDeniedException >&2; exit 254")
    said = images.run(f"{GITHUB}/images {what}")
    assert said.returncode != 0
    assert "AccessDeniedException" in said.stderr
    assert called(images, "skopeo") == called(images, "pulumi") == []


def test_nothing_is_copied_without_a_login(images: Runner) -> None:
    (images.directory / "built").write_text(DIGEST)
    images.program("aws", AWS.replace("echo secret", "exit 254"))
    assert images.run(f"{GITHUB}/images fetch dev kept").returncode != 0
    assert called(images, "skopeo") == []


def test_an_image_is_known_by_the_tag_that_a_deploy_gives_it() -> None:
    def built(stack: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "stacks.built_images", stack]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - ours

    made = deploy_stack("dev").one(awsx.ecr.Image).inputs
    said = built("dev").stdout
    assert said == f"default\tfargate-batch-dev/app-arm64\t{made['imageTag']}\n"
    assert built("prod").stdout.split()[-1] == made["imageTag"], "the same of the same content"
    unknown = built("nope")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no stack 'nope'" in unknown.stderr

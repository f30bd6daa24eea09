"""The image: what its files promise to the task definition."""

import re

from .conftest import APP

DOCKERFILE = (APP / "Dockerfile").read_text(encoding="utf-8")
REQUIREMENTS = (APP / "requirements.txt").read_text(encoding="utf-8")


def test_the_program_does_not_run_as_root() -> None:
    [user] = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0


def test_the_volume_on_tmp_takes_its_owner_from_the_image() -> None:
    assert 'VOLUME ["/tmp"]' in DOCKERFILE.splitlines()


def test_the_command_of_a_job_is_the_whole_command() -> None:
    assert not re.search(r"^ENTRYPOINT", DOCKERFILE, re.MULTILINE)


def test_the_base_can_be_pinned_without_an_edit() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=\S+\nFROM \$\{PYTHON_IMAGE\}$", DOCKERFILE, re.MULTILINE)


def test_nothing_is_installed_whose_hash_is_not_known() -> None:
    assert "--require-hashes" in DOCKERFILE
    packages = re.split(r"^(?=[a-z])", REQUIREMENTS, flags=re.MULTILINE)[1:]
    assert all(re.match(r"[a-z0-9-]+==\S+ \\\n +--hash=sha256:", package) for package in packages)
    assert "boto3==1.44.5" in REQUIREMENTS

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.build_context import context_tag, is_ignored, read_patterns

ARM = "linux/arm64"
APP = Path(__file__).parents[2] / "app"


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return directory


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {"Dockerfile": "FROM scratch\n", "job/run.py": "pass\n", "notes.txt": "draft\n"},
    )


def tag(directory: Path) -> str:
    return context_tag(directory, platform=ARM)


# -- what changes the tag


def test_a_tag_is_one_that_ecr_takes(context: Path) -> None:
    assert len(tag(context)) >= 12
    assert set(tag(context)) <= set("0123456789abcdef")


def test_another_platform_is_another_image(context: Path) -> None:
    assert context_tag(context, platform="linux/amd64") != tag(context)


def test_changed_content_changes_the_tag(context: Path) -> None:
    before = tag(context)
    write(context, {"job/run.py": "fail\n"})
    assert tag(context) != before


def test_a_renamed_file_changes_the_tag(context: Path) -> None:
    before = tag(context)
    (context / "job/run.py").rename(context / "job/walk.py")
    assert tag(context) != before


def test_a_file_that_becomes_executable_changes_the_tag(context: Path) -> None:
    (context / "job/run.py").chmod(0o644)
    before = tag(context)
    (context / "job/run.py").chmod(0o755)
    assert tag(context) != before


def test_an_empty_directory_changes_the_tag(context: Path) -> None:
    before = tag(context)
    (context / "data").mkdir()
    assert tag(context) != before


def test_a_symbolic_link_counts_by_its_target_and_is_not_followed(context: Path) -> None:
    (context / "link").symlink_to("job")
    first = tag(context)
    (context / "link").unlink()
    (context / "link").symlink_to("nowhere")
    assert tag(context) != first


def test_a_link_to_its_own_directory_ends(context: Path) -> None:
    (context / "job/again").symlink_to("..")
    assert tag(context)


def test_content_does_not_slip_from_one_file_into_the_next(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a": "xb", "b": "y"})
    other = write(tmp_path / "other", {"a": "x", "b": "by"})
    assert tag(one) != tag(other)


# -- what does not


def test_time_stamps_do_not_change_the_tag(context: Path) -> None:
    before = tag(context)
    os.utime(context / "job/run.py", (0, 0))
    assert tag(context) == before


@given(st.permutations(["a", "b", "c/d", "c/e", "c-f"]))
def test_the_order_in_which_files_were_made_does_not_change_the_tag(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        write(Path(one), {name: name for name in sorted(names)})
        write(Path(other), {name: name for name in names})
        assert tag(Path(one)) == tag(Path(other))


def test_the_place_of_the_directory_does_not_change_the_tag(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(context)
    assert tag(Path()) == tag(context)


def test_an_ignored_file_does_not_change_the_tag(context: Path) -> None:
    write(context, {".dockerignore": "notes.txt\n"})
    before = tag(context)
    write(context, {"notes.txt": "final\n"})
    assert tag(context) == before


def test_an_ignored_directory_does_not_change_the_tag(context: Path) -> None:
    write(context, {".dockerignore": "cache\n"})
    before = tag(context)
    write(context, {"cache/deep/file": "x"})
    assert tag(context) == before


def test_a_file_taken_back_from_an_ignored_directory_counts(context: Path) -> None:
    write(context, {".dockerignore": "job\n!job/run.py\n", "job/other.py": ""})
    before = tag(context)
    write(context, {"job/other.py": "changed"})
    assert tag(context) == before
    write(context, {"job/run.py": "changed"})
    assert tag(context) != before


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_what_docker_cannot_build_without_counts_even_if_it_is_ignored(
    context: Path, name: str
) -> None:
    ignore = "*\nDockerfile\n.dockerignore\n"
    write(context, {".dockerignore": ignore})
    before = tag(context)
    changed = {"Dockerfile": "FROM scratch\nUSER 1\n", ".dockerignore": f"{ignore}# said twice\n"}
    write(context, {name: changed[name]})
    assert tag(context) != before


def test_a_pipe_is_passed_over(context: Path) -> None:
    before = tag(context)
    os.mkfifo(context / "pipe")
    assert tag(context) == before


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        tag(tmp_path / "missing")


def test_running_the_sample_program_does_not_change_its_tag(tmp_path: Path) -> None:
    files = [".dockerignore", "Dockerfile", "requirements.txt", "list_files/__main__.py"]
    copy = write(tmp_path, {name: (APP / name).read_text(encoding="utf-8") for name in files})
    before = tag(copy)
    write(
        copy,
        {
            "list_files/__pycache__/__main__.cpython-311.pyc": "x",
            "list_files/old.pyc": "x",
            "README.md": "x",
            ".venv/bin/python": "x",
        },
    )
    assert tag(copy) == before
    write(copy, {"list_files/new.py": "x"})
    assert tag(copy) != before


# -- Docker's pattern rules


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("", "a", False),
        ("a", "a", True),
        ("a", "a/b", True),
        ("a", "b/a", False),  # unlike in .gitignore, a name means the top directory
        ("a", "ab", False),
        ("a/b", "a/b/c", True),
        ("a/b", "a", False),
        ("/a", "a", True),
        ("a/", "a/b", True),
        ("a/", "a", True),
        ("./a", "a", True),
        ("x/../a", "a", True),
        ("  a  ", "a", True),
        ("# a\na", "a", True),
        ("#a", "#a", False),
        (" #a", "#a", True),  # a comment begins in the first column
        (r"\#a", "#a", True),
        ("\n\n", "a", False),
        ("!", "a", False),
        ("a b", "a b", True),
        ("*", "a", True),
        ("*", "a/b", True),
        ("*.md", "a.md", True),
        ("*.md", "docs/a.md", False),
        ("*/*.md", "docs/a.md", True),
        ("*/*.md", "docs/old/a.md", False),
        ("a*", "a", True),
        ("a?", "ab", True),
        ("a?", "a", False),
        ("a?b", "a/b", False),
        ("[ab].txt", "b.txt", True),
        ("[^ab].txt", "b.txt", False),
        ("[a-c]", "b", True),
        ("a.c", "abc", False),
        ("a+(b)", "a+(b)", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("**", "a/b/c", True),
        ("**/a", "a", True),
        ("**/a", "b/c/a", True),
        ("**/a", "b/c/a/d", True),
        ("**/a", "ba", False),
        ("**/*.pyc", "a/b/c.pyc", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/yb", False),
        ("a\n!a", "a", False),
        ("!a\na", "a", True),
        ("*\n!a", "a/b", False),
        ("*\n! a", "a", False),
        ("*\n!/a/", "a/b", False),
        ("*\n!a\n**/b", "a/b", True),
        ("a\n!a/b", "a/b", False),
        ("a\n!a/b", "a/c", True),
        ("a/*\n!a/b\na/b", "a/b", True),
        ("請求書.csv", "請求書.csv", True),
    ],
)
def test_the_last_pattern_that_matches_decides(text: str, path: str, ignored: bool) -> None:
    assert is_ignored(path, read_patterns(text)) is ignored


def test_windows_line_ends_and_a_byte_order_mark_say_nothing(context: Path) -> None:
    (context / ".dockerignore").write_bytes(b"\xef\xbb\xbfnotes.txt\r\n# comment\r\n")
    before = tag(context)
    write(context, {"notes.txt": "final\n"})
    assert tag(context) == before


NAMES = st.text("ab.*?[]()+^$|\\-é", min_size=1, max_size=6).filter(lambda name: name not in "..")


@given(NAMES, NAMES)
def test_an_escaped_name_ignores_that_name_and_no_other(name: str, other: str) -> None:
    patterns = read_patterns("".join(f"\\{character}" for character in name))
    assert is_ignored(name, patterns)
    assert is_ignored(f"{name}/inside", patterns)
    assert is_ignored(other, patterns) is (other == name)


@given(NAMES)
def test_what_was_taken_back_last_is_sent(name: str) -> None:
    escaped = "".join(f"\\{character}" for character in name)
    assert not is_ignored(name, read_patterns(f"**\n*\n!{escaped}"))

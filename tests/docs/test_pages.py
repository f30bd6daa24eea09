"""How pages are read."""

from pathlib import Path

import pytest

from tests.docs.pages import Command, PageOfDocs, Written, agrees

PAGE = """---
runs: offline
---
# Title

```console
$ one --long \\
    option
first
second
$ two
```

1. In a list:

   ```yaml title="Pulumi.dev.yaml"
   fargate-batch:jobs:
     a: {}
   ```
"""


def test_a_page_is_commands_with_answers_and_files(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    page = PageOfDocs(tmp_path / "page.md")
    assert page.runs == "offline"
    assert list(page.steps) == [
        Command(7, "one --long \\\n    option", ("first", "second")),
        Command(11, "two", ()),
        Written(17, "Pulumi.dev.yaml", "yaml", "fargate-batch:jobs:\n  a: {}\n"),
    ]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (("a b",), "a    b\n\n"),
        (("took … s",), "took 1.5 s\n"),
        (("…", "end"), "one\ntwo\nend\n"),
        (("begin", "…"), "begin\n"),
    ],
)
def test_blanks_and_an_ellipsis_are_taken_loosely(shown: tuple[str, ...], said: str) -> None:
    assert agrees(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"), [(("a",), "b\n"), (("a",), "a\nb\n"), (("a … c",), "a b\nc\n"), (("a",), "")]
)
def test_everything_else_is_taken_by_the_letter(shown: tuple[str, ...], said: str) -> None:
    assert not agrees(shown, said)

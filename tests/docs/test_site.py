"""The site is built as `make docs` builds it, and needs no network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploying import ROOT

ELSEWHERE = re.compile(r'<(?:script|img|iframe|link(?! rel="canonical"))[^>]*(?:src|href)="https?:')


def build(site: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "mkdocs", "build", "-f", str(config), "-d", str(site)],
        cwd=ROOT,
        env={"PATH": "", "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("site")
    built = build(to)
    assert built.returncode == 0, built.stderr
    return to


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        assert not ELSEWHERE.findall(page.read_text()), page
    assert "@import" not in "".join(style.read_text() for style in site.rglob("*.css"))


def test_diagrams_are_drawn_and_not_left_as_text(site: Path) -> None:
    page = (site / "features" / "flows.html").read_text()
    assert '<svg class="diagram"' in page
    assert "flowchart" not in page


def test_an_example_that_a_page_names_is_part_of_the_site(site: Path) -> None:
    assert 'href="../examples/flow.yaml"' in (site / "features" / "flows.html").read_text()
    example = (ROOT / "examples" / "flow.yaml").read_text()
    assert (site / "examples" / "flow.yaml").read_text() == example


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[there](nothing.md)", "nothing.md"),
        ("[there](other.md#nowhere)", "#nowhere"),
        ("[there](../Makefile)", "../Makefile"),
        ("![there](https://example.com/a.png)", "loads from elsewhere"),
        ("```mermaid\npie\n```", "a diagram cannot be drawn"),
    ],
)
def test_what_would_lead_nowhere_ends_the_build(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Page\n\n{text}\n")
    (tmp_path / "docs" / "other.md").write_text("# Other\n")
    config = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    config = config.replace("handbook/hooks.py", str(ROOT / "handbook" / "hooks.py"))
    (tmp_path / "mkdocs.yml").write_text(config)
    built = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert built.returncode == 1
    assert says in built.stderr

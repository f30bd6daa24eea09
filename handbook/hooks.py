"""What MkDocs is told beside ``mkdocs.yml``: diagrams are drawn, examples are part of the site."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.superfences import SuperFencesException  # pyright: ignore[reportMissingTypeStubs] - it has no types

from handbook.diagram import DiagramError, svg

ROOT = Path(__file__).parent.parent
_EXAMPLE = re.compile(r"\((?:\.\./)+(examples/[\w./-]+)\)")
_LOADS = re.compile(r'<(?:script|img|iframe|link(?! rel="canonical"))[^>]*(?:src|href)="https?:')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the example stack files, which pages link to, as they are."""
    for path in sorted((ROOT / "examples").rglob("*")):
        if path.is_file():
            where = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, where, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links to the project's examples lead to those of the site."""
    up = "../" * page.file.src_uri.count("/")
    return _EXAMPLE.sub(lambda link: f"({up}{link[1]})", markdown)


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Refuse a page that would load something from elsewhere: the site works without a network.

    Raises:
        PluginError: it would.
    """
    if loads := _LOADS.search(output):
        raise PluginError(f"{page.file.src_uri} loads from elsewhere: {loads[0]}")
    return output


def diagram(source: str, *_: Any, **__: Any) -> str:
    """Draw a fenced block of Mermaid (``custom_fences`` of ``mkdocs.yml``).

    Raises:
        SuperFencesException: it is more than :mod:`handbook.diagram` can draw; of any other error
            the extension would make a plain block.
    """
    try:
        return f'<div class="diagram-box">{svg(source)}</div>'
    except DiagramError as error:
        raise SuperFencesException(f"a diagram cannot be drawn: {error}") from None

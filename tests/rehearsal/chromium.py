"""A headless Chromium to look at a page with; the tests that need one are left out without it."""

import html
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

# The page runs no script, so a frame around it measures. Scrolled parts may be wider.
_FRAME = """<!doctype html><meta charset="utf-8">
<iframe id="page" src="{address}" style="width:{width}px;height:900px;border:0"></iframe>
<pre id="measured"></pre>
<script>
document.getElementById("page").onload = event => {{
  const page = event.target.contentDocument, style = event.target.contentWindow;
  const box = element => element.getBoundingClientRect();
  document.getElementById("measured").textContent = JSON.stringify({{
    text: page.body.innerText,
    background: style.getComputedStyle(page.body).backgroundColor,
    width: page.documentElement.scrollWidth,
    wide: [...page.querySelectorAll("body *")]
      .filter(element => !element.closest(".scroll") && box(element).right > {width} + 1)
      .map(element => element.outerHTML.slice(0, 90)),
    drawn: Object.fromEntries(
      [".node", ".arrow svg", ".zone", ".timeline .row", ".lane .good", ".lane .bad", ".strip span"]
        .map(kind => [kind, [...page.querySelectorAll(kind)]
          .filter(element => box(element).width > 0 && box(element).height > 0).length])),
    tags: [...new Set([...page.querySelectorAll("*")].map(element => element.tagName))],
    faults: [...page.querySelectorAll("tr[data-fault]")]
      .filter(row => box(row).height > 0).map(row => row.dataset.fault),
  }});
}};
</script>
"""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if BROWSER is None:
        terminalreporter.write_line("the page was not looked at: there is no chromium on the PATH")


@dataclass(frozen=True)
class Seen:
    """A page as the browser shows it."""

    dark: bool
    measured: dict[str, Any]
    console: list[str]
    """What the browser complained about."""


def look(page: Path, folder: Path, *, width: int, dark: bool = False) -> Seen:
    """Load a page from the file system, without a network, into a frame of this width."""
    assert BROWSER is not None
    frame = folder / "frame.html"
    frame.write_text(_FRAME.format(address=page.as_uri(), width=width))
    looked = subprocess.run(  # noqa: S603 - the browser found on the PATH
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--allow-file-access-from-files",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--enable-logging=stderr",
            "--v=0",
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1600,1000",
            "--dump-dom",
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    measured = looked.stdout.partition('<pre id="measured">')[2].partition("</pre>")[0]
    return Seen(
        dark=dark,
        measured=json.loads(html.unescape(measured)),
        console=[line for line in looked.stderr.splitlines() if "CONSOLE" in line],
    )

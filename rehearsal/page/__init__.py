"""One self-contained HTML page of what a rehearsal found: facts, collected and then rendered."""

from rehearsal.page.collect import Part, Stopwatch, chapters, deployed_facts
from rehearsal.page.facts import Chapter, Grant, PageFacts, Took
from rehearsal.page.render import PageError, make_directory, render, write_page

__all__ = [
    "Chapter",
    "Grant",
    "PageError",
    "PageFacts",
    "Part",
    "Stopwatch",
    "Took",
    "chapters",
    "deployed_facts",
    "make_directory",
    "render",
    "write_page",
]

"""One self-contained HTML page of what a rehearsal found: facts, collected and then rendered."""

from rehearsal.page.facts import Grant
from rehearsal.page.notes import Notes
from rehearsal.page.render import PageError

__all__ = ["Grant", "Notes", "PageError"]

"""What the doctor finds: a line each, with what to do."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["problem", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    level: Level
    where: str
    what: str
    remedy: str
    """What to do; empty where ``what`` says it."""

    def as_json(self) -> dict[str, str]:
        """Return it as programs read it."""
        return {
            "level": self.level,
            "where": self.where,
            "what": self.what,
            "remedy": self.remedy,
        }

    def __str__(self) -> str:
        """Return it as people read it."""
        remedy = f": {self.remedy}" if self.remedy else ""
        return f"{self.level}: {self.where} {self.what}{remedy}"


def problem(where: str, what: str, remedy: str) -> Finding:
    """Return what keeps the stack from doing, or telling, what the stack file says."""
    return Finding(level="problem", where=where, what=what, remedy=remedy)


def warning(where: str, what: str, remedy: str) -> Finding:
    """Return what somebody may want so."""
    return Finding(level="warning", where=where, what=what, remedy=remedy)

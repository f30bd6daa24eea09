"""A crontab's command as that of a container: what belongs to one machine is taken off.

cron hands a command to a shell, whose output it mails. A run has a machine to itself, its output is
its log, and the state machine minds time limits and overlaps.
"""

import math
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from definitions import durations
from ops.importing.secret_values import quotes
from stacks.settings.jobs import MAX_TIMEOUT_SECONDS


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A command on the way to a job's."""

    text: str
    """What is left for a shell, or for none."""
    settings: dict[str, Any]
    """Keys of the job that do what was taken off."""
    look_at: tuple[str, ...] = ()
    lock: str | None = None
    """The file that ``flock`` took."""

    def noted(self, text: str, note: str, **settings: Any) -> "Carried":
        """Return it with another text, and what to say of that."""
        return replace(
            self,
            text=text,
            settings={**self.settings, **settings},
            look_at=(*self.look_at, note),
        )


def carried(text: str) -> Carried:
    """Take off what a container does not need, piece by piece, and say what it was."""
    command = Carried(text=text.strip(), settings={})
    before = None
    while before != command.text:
        before = command.text
        for take in (_background, _redirections, _logger, _niceness, _lock, _limit):
            command = take(command)
    return replace(command, look_at=(*command.look_at, *_observations(command.text)))


def words(text: str, shell: str = "/bin/sh") -> list[str]:
    """Return a command as a list: the program and its arguments, or a shell where it needs one."""
    return shlex.split(text) if not needs_shell(text) else [_shell_word(shell), "-c", text]


def _shell_word(shell: str) -> str:
    return "sh" if shell in ("/bin/sh", "sh") else shell


_BUILT_IN = frozenset(
    (".", ":", "[", "[[", "alias", "case", "cd", "command", "eval", "exec", "export", "for")
) | {"if", "set", "source", "test", "time", "trap", "ulimit", "umask", "until", "while", "{", "!"}
_OUTSIDE = frozenset("|&;<>()$`*?[]{}~#!\\\n")
"""Characters that mean something to a shell where nothing is quoted."""
_INSIDE_DOUBLE = frozenset("$`\\!")


def needs_shell(text: str) -> bool:
    """Tell whether a command is more than words: then only a shell understands it."""
    states = quotes(text)
    special = {"": _OUTSIDE, '"': _INSIDE_DOUBLE, "'": frozenset[str]()}
    if any(character in special[quote] for character, quote in zip(text, states, strict=False)):
        return True
    first = text.split()[0] if text.split() else ""
    return states[-1] != "" or first in _BUILT_IN or re.match(r"\w+=", first) is not None


def is_one_program(text: str) -> bool:
    """Tell whether a shell would start one program only, with nothing before or behind it."""
    return not any(
        character in "|&;\n" and not quote
        for character, quote in zip(text, quotes(text), strict=False)
    )


def _is_quoted(text: str, place: int) -> bool:
    return quotes(text)[place] != ""


# -- what is taken off the end


def _background(command: Carried) -> Carried:
    match = re.fullmatch(r"(.*[^&\s])\s*&", command.text, re.DOTALL)
    if match is None or match[1].endswith((">", "\\")) or _is_quoted(command.text, len(match[1])):
        return command
    return command.noted(
        match[1], "`&` at the end is taken off: the run would end before its program."
    )


_LOG = r"(?:/dev/null|/dev/std(?:out|err)|/var/log/[^\s;|&]+|[^\s;|&<>'\"]+\.(?:log|out|err))"
_TO_LOG = re.compile(rf"(?:\s+|(?<=[^\s\\])(?=[>&]))(?:&>>?|[12]?>>?)\s*{_LOG}\s*$")
_TO_OTHER = re.compile(r"(?:\s+|(?<=[^\s\\])(?=>))[12]?>&[12]\s*$")


def _redirections(command: Carried) -> Carried:
    """Let the output be the run's log, where it went into one or nowhere."""
    rest, taken = command.text, ""
    while match := _TO_LOG.search(rest) or _TO_OTHER.search(rest):
        rest, taken = rest[: match.start()], rest[match.start() :].strip() + " " + taken
    if not taken or not rest:
        return command
    to_file = re.search(r"[12]?>>?\s*[^\s&|;<>]+\s*$", rest)
    if to_file and not _is_quoted(rest, to_file.start()):
        return command  # what is left of it would mean something else
    return command.noted(rest, f"`{taken.strip()}` is taken off: the output is the run's log.")


def _logger(command: Carried) -> Carried:
    match = re.fullmatch(
        r"(.*?)(?:\s*2>&1)?\s*\|\s*((?:/usr/bin/)?logger\b[^|;&]*)", command.text, re.DOTALL
    )
    if match is None or _is_quoted(command.text, len(match[1])) or not is_one_program(match[1]):
        return command
    return command.noted(match[1], f"`| {match[2]}` is taken off: the output is the run's log.")


# -- what is taken off the beginning

_PATH = r"(?:/usr)?(?:/local)?(?:/s?bin/)?"
_NICE = re.compile(rf"{_PATH}nice(?:\s+(?:-n\s*|-{{1,2}}|--adjustment=)-?\d+)?\s+(?=[\w./])")
_IONICE = re.compile(rf"{_PATH}ionice(?:\s+-[cn]\s*\w+|\s+-t)*\s+(?=[\w./])")
_FLOCK = re.compile(
    rf"{_PATH}flock(?P<options>(?:\s+(?:-[wE]\s*[\d.]+|--(?:timeout|wait|conflict-exit-code)[= ]"
    r"[\d.]+|-[nxesoFv]+|--(?:nonblock|nb|exclusive|shared|close|no-fork|verbose)))*)"
    r"\s+(?P<lock>[^\s'\"$-][^\s'\"$]*)\s+(?P<rest>.+)",
    re.DOTALL,
)
_TIMEOUT = re.compile(
    rf"{_PATH}timeout(?:\s+(?:-[sk]\s*\w+|--(?:signal|kill-after)[= ]\w+|--foreground"
    r"|--preserve-status|-v|--verbose))*\s+(?P<time>\d+(?:\.\d+)?)(?P<unit>[smhd]?)\s+(?P<rest>.+)",
    re.DOTALL,
)


def _niceness(command: Carried) -> Carried:
    for pattern in (_NICE, _IONICE):
        if match := pattern.match(command.text):
            return command.noted(
                command.text[match.end() :],
                f"`{match[0].strip()}` is taken off: a run has its processor to itself.",
            )
    return command


def _lock(command: Carried) -> Carried:
    match = _FLOCK.fullmatch(command.text)
    if match is None or not is_one_program(match["rest"]):
        return command
    rest = match["rest"]
    if re.match(r"(-c|--command)\s", rest):
        parts = shlex.split(rest) if not quotes(rest)[-1] else []
        if len(parts) != 2:
            return command
        rest = parts[1]
    waits = "" if re.search(r"-\w*n|--nb", match["options"]) else ", where flock waited its turn"
    command = replace(command, lock=match["lock"])
    return command.noted(
        rest,
        f"`flock {match['lock']}` is taken off: overlap: forbid, the default, skips a run while an "
        f"older one goes{waits}.",
    )


def _limit(command: Carried) -> Carried:
    match = _TIMEOUT.fullmatch(command.text)
    if match is None or not is_one_program(match["rest"]):
        return command
    limit = math.ceil(float(match["time"]) * durations.SECONDS_PER_UNIT[match["unit"] or "s"])
    if not 1 <= limit <= MAX_TIMEOUT_SECONDS:
        return command
    return command.noted(
        match["rest"],
        "`timeout` is taken off: the job's timeout does it, and counts from before Fargate has "
        "started the container, which takes a minute or so.",
        timeout=durations.text(limit),
    )


# -- what is left in, and needs a look

_HOST_PROGRAMS = frozenset(
    ("anacron", "at", "crontab", "docker", "docker-compose", "flock", "logrotate", "podman")
) | {"run-parts", "service", "systemctl", "mail", "mailx", "sendmail", "sudo", "su"}
_WAYS_TO_WAIT = re.compile(r"\bsleep\b|\bwhile\s+(?:true|:|\[)|\bwatch\s+-n")


def _observations(text: str) -> Iterator[str]:
    for program in dict.fromkeys(_programs(text)):
        if program in _HOST_PROGRAMS:
            yield f"`{program}` is of a machine that stays: most images do not have it."
    if match := re.match(r"cd\s+([^\s;&|]+)\s*(?:&&|;)", text):
        yield f"The image must have the directory {match[1]}: its WORKDIR makes `cd` needless."
    if re.search(r"\bsleep\b.*\b(?:RANDOM|rand)\b|\bRANDOM\b.*\bsleep\b", text):
        yield "It waits at random: flexibleWindow does so, and waiting costs nothing."
    elif _WAYS_TO_WAIT.search(text):
        yield "It waits or loops: a run is paid for meanwhile; a worker may be what it is."
    if match := re.search(r"(?<![>&\d])\d?>>?\s*(/(?!dev/)[^\s;|&'\"$()]+)", text):
        yield f"It writes to {match[1]}: files are gone when a run ends, a bucket keeps them."


def _programs(text: str) -> Iterator[str]:
    """Yield the names of programs, as far as they can be seen from outside."""
    for part in re.split(r"[|&;(]+|\bthen\b|\bdo\b|\belse\b", text):
        for word in part.split():
            if not re.match(r"\w+=", word):
                yield PurePosixPath(word.strip("'\"")).name
                if PurePosixPath(word).name not in ("sudo", "exec", "env", "time", "nohup"):
                    break


# -- what it may be called

_LEAD_IN = (
    frozenset(
        (
            "bash",
            "bundle",
            "chronic",
            "dash",
            "dotnet",
            "env",
            "exec",
            "flock",
            "gosu",
            "java",
            "ksh",
        )
    )
    | frozenset(
        (
            "ionice",
            "nice",
            "node",
            "nohup",
            "npx",
            "perl",
            "php",
            "pipenv",
            "poetry",
            "python",
            "ruby",
        )
    )
    | frozenset(
        ("run", "setsid", "sh", "sudo", "time", "timeout", "uv", "zsh", "if", "then", "test")
    )
)
"""Programs that only start another one, and words before one."""
_WITH_VERB = frozenset(
    ("artisan", "aws", "console", "curl", "drush", "gcloud", "git", "kubectl", "make", "manage")
) | frozenset(("dbt", "docker", "npm", "occ", "rails", "rake", "run-parts", "wget", "wp", "yarn"))
"""Programs of which the next word says what they do."""


def name_of(text: str) -> str:
    """Return what a command may be called, by its program: ``backup``, ``artisan schedule:run``."""
    text = re.sub(r"^\s*cd\s+\S+\s*(?:&&|;)\s*", "", text)
    text = re.sub(r"^\s*(?:\[.*?\]|test\s.*?)\s*(?:&&|\|\||;)\s*", "", text)
    found: list[str] = []
    skip_value = False
    for word in re.split(r"[\s;|&()<>]+", text):
        plain = word.strip("'\"")
        program = re.sub(r"[\d.]+$", "", PurePosixPath(plain).name)
        if skip_value:
            skip_value = False
        elif not found and plain in ("-u", "-n", "cd", "sleep"):
            skip_value = True
        elif not plain or plain.startswith(("-", "$", "`")) or re.match(r"\w+=", plain):
            continue
        elif found:
            found.append(re.sub(r"^\w+://", "", plain) if "://" in plain else _last(plain))
            break
        elif program in _LEAD_IN or plain.isdigit():
            continue
        else:
            found.append(_program_name(plain))
            if found[0] not in _WITH_VERB:
                break
    return " ".join(found)


_DULL = frozenset(("cron", "cronjob", "index", "job", "main", "run", "script", "start"))


def _program_name(word: str) -> str:
    """Return a program's name without its ending; with its directory where it says too little."""
    name = re.sub(r"\.(sh|bash|py|php|pl|rb|js|jar)$", "", _last(word))
    directory = PurePosixPath(word).parent.name
    return f"{directory}-{name}" if name in _DULL and directory not in ("", "bin") else name


def _last(word: str) -> str:
    return PurePosixPath(word).name or word

"""Crontabs: of people, of systems (with the user in the sixth field), and Jenkins' schedules.

What a line means is cronie's ``load_env`` and ``load_entry`` (``env.c``, ``entry.c``): it is a
variable for the lines below it if it reads as one, else five fields or ``@daily``, and a command.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from definitions.schedules import check_zone
from ops.errors import OpsError
from ops.importing import cron_expressions, shell_commands
from ops.importing.cron_expressions import NICKNAMES
from ops.importing.job_file import Draft, Imported, LeftOut, slug, unique
from ops.importing.secret_values import SecretValues, cleaned, is_secret, remedy
from stacks.settings.environment import OWN_VARIABLES

_NICKNAME = re.compile(r"(@\w+)\s+(.*)", re.DOTALL)
_ENTRY = re.compile(r"(-?)(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?", re.DOTALL)
_VARIABLE = re.compile(
    r"(?:\"(?P<double>[^\"=]*)\"|'(?P<single>[^'=]*)'|(?P<bare>[^\s='\"][^\s=]*))\s*=\s*"
    r"(?:\"(?P<in_double>[^\"]*)\"\s*|'(?P<in_single>[^']*)'\s*|(?P<plain>(?![\"']).*?)\s*)"
)
_MOST_TITLE_WORDS = 4
_NAMED = re.compile(r"(?:Ansible:|Puppet Name:|Chef Name:)\s*(.+)")
"""Comments by which programs that write crontabs find their lines again."""
_USERS = frozenset(("root", "www-data", "nobody", "postgres", "mysql", "apache", "nginx", "daemon"))
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_DELAY_MINUTES = 1_440

_OF_CRON = {
    "SHELL": "the commands that need a shell are given to it: the image must have it",
    "PATH": "the image has its own: write whole paths, or set it there",
    "HOME": "the image has its own",
    "LOGNAME": "the image has its own user",
    "USER": "the image has its own user",
    "MAILFROM": "notify says who is told, in the stack file",
    "CONTENT_TYPE": "no mail is made of the output: it is the run's log",
    "CONTENT_TRANSFER_ENCODING": "no mail is made of the output: it is the run's log",
    "MLS_LEVEL": "a container has no SELinux level",
    "XDG_SESSION_CLASS": "a container has no sessions",
    "CRON_TZ": "is the zone of the times below it, as in cronie; other crons pass it over",
    "TZ": "is the zone of the times below it, as in Jenkins",
    "MAILTO": "",
    "RANDOM_DELAY": "",
}
"""Variables by which people speak to cron; what is to be said of each where it stands."""

_EVERY_JOB = (
    "overlap: cron starts a run while an older one goes, here it is skipped (overlap: forbid); "
    "overlap: allow does as cron did.",
    "timeout: cron knows no limit, here an attempt ends after 1h; timeout allows up to 14d.",
    "The image of the container must have the programs, files and directories that commands name.",
)


@dataclass
class _Table:
    """What is known while the lines are read, from the top down."""

    source: str
    zone: str
    system: bool
    jenkins: bool
    drafts: list[Draft] = field(default_factory=list[Draft])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    look_at: list[str] = field(default_factory=lambda: list(_EVERY_JOB))
    secrets: SecretValues = field(default_factory=SecretValues)
    environment: dict[str, str] = field(default_factory=dict[str, str])
    shell: str = "/bin/sh"
    delay_minutes: int = 0
    above: list[str] = field(default_factory=list[str])
    """The comment lines right above."""
    locks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Jobs by the file that their ``flock`` took."""
    users: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Users that a line may name where a command was read."""

    def leave_out(self, number: int, what: str, reason: str) -> None:
        """Say that something is not carried over, and why."""
        self.left_out.append(
            LeftOut(where=f"{self.source}:{number}", what=what, reason=reason.strip())
        )

    def note(self, number: int, text: str) -> None:
        """Say something of a line that several jobs depend on."""
        self.look_at.append(f"{self.source}:{number}: {text}")


def read(text: str, *, source: str, zone: str | None = None, system: bool = False) -> Imported:
    """Read a crontab.

    Args:
        text: what it holds.
        source: its name in messages.
        zone: the time zone of the machine that it comes from; UTC if nobody says.
        system: whether a user stands before each command, as in ``/etc/crontab``.

    Raises:
        OpsError: it has no line of a crontab.
    """
    lines = text.split("\n")  # cron knows no other end of a line
    jenkins = any(
        (match := _ENTRY.fullmatch(line.strip()))
        and cron_expressions.is_jenkins(match.group(2, 3, 4, 5, 6))
        for line in lines
    )
    table = _Table(source=source, zone=zone or "UTC", system=system, jenkins=jenkins)
    if zone is None:
        table.look_at.append(
            "timezone: nobody said in which zone the times are, so they are UTC; --timezone says "
            "that of the machine."
        )
    known = 0
    continued = False
    for number, line in enumerate(lines, 1):
        if continued and line.strip():
            table.leave_out(
                number,
                _shown(table, line),
                "the line above ends in a backslash, and cron knows no continued lines: write both "
                "in one",
            )
            continued = line.endswith("\\")
            continue
        known += _read_line(table, number, line.strip(" \t"))
        continued = line.endswith("\\") and not line.lstrip().startswith("#")
    if not known:
        raise OpsError(f"{source}: has no line of a crontab: give a file as crontab -l prints it")
    _tell_of_locks(table)
    _tell_of_users(table)
    return Imported(
        source=source,
        drafts=tuple(table.drafts),
        left_out=tuple(table.left_out),
        look_at=tuple(table.look_at),
    )


def _read_line(table: _Table, number: int, line: str) -> bool:
    """Read one line, and tell whether it is one of a crontab: comments may stand anywhere."""
    if not line:
        table.above = []
        return False
    if line.startswith("#"):
        _read_comment(table, number, line.lstrip("# \t").rstrip())
        return False
    variable = _VARIABLE.fullmatch(line)
    if variable:
        table.above = []
        name = variable["double"] or variable["single"] or variable["bare"] or ""
        value = variable["in_double"] or variable["in_single"] or variable["plain"] or ""
        _read_variable(table, number, name, value)
        return bool(_VARIABLE_NAME.fullmatch(name))
    remarks, table.above = table.above, []
    return _read_entry(table, number, line, remarks)


def _read_comment(table: _Table, number: int, text: str) -> None:
    match = _ENTRY.fullmatch(text)
    if match and match[7] and _is_readable(match.group(2, 3, 4, 5, 6)):
        table.note(number, f"is commented out there, and not carried over: {_shown(table, text)}")
        table.above = []
    elif text:
        table.above.append(_shown(table, text))


def _is_readable(fields: tuple[str | Any, ...]) -> bool:
    try:
        cron_expressions.crontab_times(fields, "")
    except ValueError:
        return False
    return True


def _shown(table: _Table, line: str) -> str:
    return cleaned(line.strip(), table.secrets).shown


# -- variables


def _read_variable(table: _Table, number: int, name: str, value: str) -> None:
    table.environment.pop(name, None)  # a line below means its own value, or none
    if name in _OF_CRON and (name != "TZ" or table.jenkins):
        _read_setting(table, number, name, value)
    elif refusal := _refusal(name, value):
        table.leave_out(number, name, refusal)
        if is_secret(name, value):
            table.secrets.variable(name, value)
    else:
        table.environment[name] = value
        if name == "TZ":
            table.note(
                number,
                f"TZ={value} is what programs see; it moved no schedule in cron, as CRON_TZ does: "
                "--timezone says the zone of the times",
            )
        elif "$" in value:
            table.note(number, f"{name}={value}: cron fills in no variables, and none is here")


def _refusal(name: str, value: str) -> str | None:
    """Say why a variable cannot stand in a job file."""
    if not _VARIABLE_NAME.fullmatch(name):
        return "is not a name for an environment variable: take another one"
    if name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        return "a run has the role of its container: say what it may do with grants"
    if name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        return "Fargate sets AWS_REGION to the stack's region: give another one to the program"
    if name.startswith(("AWS_", "ECS_")):
        return "begins as those that AWS sets itself do: take another name"
    if name in OWN_VARIABLES:
        return "is set by every run itself: take another name"
    return remedy(name) if is_secret(name, value) else None


def _read_setting(table: _Table, number: int, name: str, value: str) -> None:
    """Read a variable that is for cron itself."""
    match name:
        case "CRON_TZ" | "TZ":
            try:
                check_zone(value)
            except ValueError as error:
                table.leave_out(number, f"{name}={value}", str(error))
            else:
                table.zone = value
                table.note(number, f"{name}={value}: {_OF_CRON[name]}")
        case "SHELL":
            table.shell = value
            if value != "/bin/sh":
                table.note(number, f"SHELL={value}: {_OF_CRON[name]}")
        case "MAILTO":
            whom = f"{value} got the output by mail" if value else "nobody was mailed"
            remedy_ = f": notify: {{emails: [{value}]}}" if "@" in value else ""
            table.note(
                number,
                f"MAILTO: {whom}; failures are told to whom the stack file says{remedy_}",
            )
        case "RANDOM_DELAY":
            table.delay_minutes = int(value) if value.isdecimal() else 0
            if not 0 <= table.delay_minutes <= _MAX_DELAY_MINUTES:
                table.delay_minutes = 0
                table.leave_out(number, f"{name}={value}", "write flexibleWindow, at most 24h")
        case _:
            table.note(number, f"{name}={value} is not carried over: {_OF_CRON[name]}")


# -- entries


def _read_entry(table: _Table, number: int, line: str, remarks: list[str]) -> bool:
    """Carry a line over, or say why not; tell whether it looks like one of a crontab at all."""
    shown = _shown(table, line)
    nickname, entry = _NICKNAME.fullmatch(line), _ENTRY.fullmatch(line)
    if line.startswith("@"):
        word = line.split()[0]
        if word not in NICKNAMES:
            table.leave_out(number, shown, _unknown_nickname(word))
            return True
        if nickname is None:
            table.leave_out(number, shown, "has no command: write it behind")
            return True
        fields, command = NICKNAMES[word].split(), nickname[2]
    elif entry is None:
        table.leave_out(number, shown, "is no line of a crontab: correct it, or take it out")
        return False
    else:
        fields, command = list(entry.group(2, 3, 4, 5, 6)), entry[7] or ""
    try:
        times = cron_expressions.crontab_times(fields, command or line)
        written = cron_expressions.written(times)
    except ValueError as error:
        looks = re.match(r"[-@*\d~H]", line) is not None
        table.leave_out(number, shown, str(error) if looks else "is no line of a crontab")
        return looks
    look_at: list[str] = []
    try:
        command = _command(table, number, command, look_at)
    except ValueError as error:
        fires = " and ".join(written.expressions)
        table.leave_out(number, shown, f"{error} (its times are {fires})")
        return True
    _draft(table, number, shown, remarks, fields, written, command, look_at)
    return True


def _unknown_nickname(word: str) -> str:
    if word == "@reboot":
        return "nothing boots here: run it by hand after a deploy, or let the image's start do it"
    if word == "@every_second" or word[1:].isdigit():
        return "counts seconds from the last end, AWS minutes at best: write a rate(), or a worker"
    return f"{word} is not known: write five fields"


def _command(table: _Table, number: int, command: str, look_at: list[str]) -> str:
    """Return what the shell gets of the rest of a line.

    Raises:
        ValueError: a container cannot be given that.
    """
    if table.system:
        user, _, command = command.partition(" ") if command else ("", "", "")
        command = command.strip()
        if user:
            look_at.append(f"It ran as {user}: here it is the user of the image (USER).")
    while option := re.match(r"-([nqs])\s+", command):
        command = command[option.end() :]
        look_at.append(
            "-s is taken off: overlap: forbid does it."
            if option[1] == "s"
            else f"-{option[1]} is taken off: only failures are told anyway."
        )
    if not command.strip():
        raise ValueError('has no command, as in Jenkins\' "Build periodically": write it behind')
    if command.startswith("*") or (command[0] == "?" and " " in command):
        raise ValueError("has six fields, and cron has five: take the seconds or the year out")
    if command.rstrip().endswith("\\"):
        raise ValueError("ends in a backslash, and cron knows no continued lines: write one line")
    before, percent, _ = _at_percent(command)
    if percent:
        raise ValueError(
            "cron ends the command at the first % and gives it the rest to read, which a run has "
            "not: write \\% where % is meant, or let the command read a file"
        )
    if not table.system:
        table.users.append((number, command.split()[0]))
    return before


def _at_percent(command: str) -> tuple[str, str, str]:
    """Divide a command at its first bare ``%``; an escaped one is one (``child_process``)."""
    match = re.search(r"(?<!\\)%", command)
    before = command[: match.start()] if match else command
    return before.replace("\\%", "%"), "%" if match else "", command[match.end() :] if match else ""


def _draft(
    table: _Table,
    number: int,
    shown: str,
    remarks: list[str],
    fields: list[str],
    written: cron_expressions.Written,
    command: str,
    look_at: list[str],
) -> None:
    secret = cleaned(command, table.secrets)
    for variable in secret.variables:
        table.leave_out(number, f"the value of {variable}", remedy(variable))
    taken = shell_commands.carried(secret.text)
    name = unique(
        _title(remarks) or slug(shell_commands.name_of(taken.text)) or "job",
        (draft.name for draft in table.drafts),
    )
    settings: dict[str, Any] = {
        "schedule": written.expressions[0]
        if len(written.expressions) == 1
        else list(written.expressions)
    }
    if table.zone != "UTC":
        settings["timezone"] = table.zone
    if written.business_days:
        settings["businessDays"] = True
        look_at.append("Saturdays and Sundays are skipped, and each skipped run is listed.")
    if table.delay_minutes:
        settings["flexibleWindow"] = f"{table.delay_minutes}m"
        look_at.append(f"RANDOM_DELAY={table.delay_minutes} is its flexibleWindow.")
    look_at += _observations(fields, written)
    settings["command"] = shell_commands.words(taken.text, table.shell)
    settings |= taken.settings
    if table.environment:
        settings["environment"] = dict(table.environment)
    if taken.lock:
        table.locks.setdefault(taken.lock, []).append(name)
    table.drafts.append(
        Draft(
            name=name,
            settings=settings,
            where=f"{table.source}:{number}",
            origin=shown,
            remarks=tuple(remarks),
            look_at=(*look_at, *taken.look_at),
        )
    )


def _title(remarks: list[str]) -> str:
    """Return the name that a comment gives: a short title, or what a program wrote to find it."""
    if not remarks:
        return ""
    if match := _NAMED.fullmatch(remarks[-1]):
        return slug(match[1])
    words = re.findall(r"\w+", remarks[-1])
    is_title = len(remarks) == 1 and 0 < len(words) <= _MOST_TITLE_WORDS
    return slug(remarks[-1]) if is_title and re.fullmatch(r"[\w\s/.-]+\w", remarks[-1]) else ""


def _observations(fields: list[str], written: cron_expressions.Written) -> Iterator[str]:
    if cron_expressions.is_random(fields):
        yield "cron drew a number for ~ itself; here it is one for ever, drawn from the command."
    if cron_expressions.is_jenkins(fields):
        yield "H is one number for ever, drawn from the command; Jenkins drew another."
    if len(written.expressions) > 1 and "#" not in written.expressions[0]:
        yield "Both day fields are set: it runs on days of either, once where both mean the same."
    if fields[0] in ("*", "*/1") and fields[1] in ("*", "*/1"):
        yield "Every minute: a run takes about a minute to start; a worker may be what it is."


def _tell_of_locks(table: _Table) -> None:
    for lock, names in table.locks.items():
        if len(names) > 1:
            table.left_out.append(
                LeftOut(
                    where=table.source,
                    what=f"flock {lock}",
                    reason=f"{', '.join(names)} wait for one another by it, and jobs here do not: "
                    "make them steps of one flow, or give them times apart",
                )
            )


def _tell_of_users(table: _Table) -> None:
    firsts = [word for _, word in table.users if word in _USERS]
    if firsts and len(firsts) == len(table.users):
        table.look_at.append(
            f"{firsts[0]} stands before each command: is this a system's crontab? --system says so."
        )

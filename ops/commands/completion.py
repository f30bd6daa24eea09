"""``completion``: the command ``ops`` for a shell, with what Tab offers."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ops.completing import WORDS

_PROJECT = Path(__file__).resolve().parents[2]

# A function and not an alias: scripts and other functions can call it too. PYTHONPATH, so that it
# is found from the project's subdirectories; where there is another project, its own comes first.
_BASH = """\
ops () { PYTHONPATH=%(project)s %(python)s -m ops "$@"; }
_ops () {
    local IFS=$'\\n' found
    found=$(%(words)s=1 ops "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)
    COMPREPLY=($found)
}
complete -o default -F _ops ops
"""
_ZSH = """\
ops () { PYTHONPATH=%(project)s %(python)s -m ops "$@" }
_ops () {
    local -a found
    found=("${(@f)$(%(words)s=1 ops "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found ]]; then
        found=("${(@)found//:/\\:}")
        found=("${(@)found/$'\\t'/:}")
        _describe ops found
    else
        _files
    fi
}
compdef _ops ops
"""
_FISH = """\
function ops; PYTHONPATH=%(project)s %(python)s -m ops $argv; end
function __ops_words
    set -l typed (commandline -opc) (commandline -ct)
    set -l found (%(words)s=1 ops $typed[2..] 2>/dev/null)
    if set -q found[1]
        printf '%%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command ops --no-files --arguments '(__ops_words)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

Shell = Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell it is for.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("completion", epilog='Example: `eval "$(python -m ops completion bash)"`')(show)


def show(shell: Shell) -> None:
    """Print the command `ops` for a shell, which completes commands, options and jobs' names."""
    script = _SCRIPTS[shell] % {
        "project": shlex.quote(str(_PROJECT)),
        "python": shlex.quote(sys.executable),
        "words": WORDS,
    }
    sys.stdout.write(script)

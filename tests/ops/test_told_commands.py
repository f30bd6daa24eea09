"""The commands in messages, typed as somebody copies them."""

import re
import shlex

from tests.ops.conftest import Account


def test_what_a_message_says_to_type_runs_the_job_again(account: Account) -> None:
    (failed, *_) = account.ops("history", "broken", "--failed", "--json").json
    (message, *_) = account.stage.messages(failed["run"])
    said = "\n".join(message.notification["content"]["nextSteps"])
    command = re.search(r"Run it again: `python -m ops (.*)`", said)
    assert command, said
    again = account.ops(*shlex.split(command[1]), "--no-wait", "--json")
    assert again.code == 0, again.err
    assert (again.json["job"], again.json["run"] != failed["run"]) == ("broken", True)

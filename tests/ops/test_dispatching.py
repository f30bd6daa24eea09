"""A start that is interrupted."""

from types import SimpleNamespace
from typing import Any

import pytest

from ops import dispatching


def test_ctrl_c_amid_a_start_says_that_there_may_be_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dispatching, "_dispatched", interrupted)
    stack: Any = SimpleNamespace(name="dev")
    entry: Any = SimpleNamespace(name="report")
    with pytest.raises(KeyboardInterrupt):
        dispatching.started(stack, entry, {})
    assert "may have started: python -m ops -s dev history report" in capsys.readouterr().err

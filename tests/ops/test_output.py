"""Tables: what a terminal of any width shows of them."""

import pytest
from rich.console import Console

from ops import output

RUN = "manual-list-files-now-20261122T143335Z-8cef"
COLUMNS = ("started, Asia/Tokyo", "took", "outcome", "exit", "run", "note")
ROW = ("Sun 23:29", "3 min", "succeeded", "0", RUN, "by hand: stopped by somebody with ops")


def _printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> list[str]:
    monkeypatch.setattr(output, "console", lambda: Console(width=width, soft_wrap=True))
    output.put_table(
        COLUMNS, [ROW], right=("exit",), whole=("took", "outcome", "exit", "run"), aside=True
    )
    return capsys.readouterr().out.splitlines()


def test_a_wide_terminal_has_a_note_beside_its_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = (line for line in _printed(monkeypatch, capsys, 200) if RUN in line)
    assert ROW[-1] in row


def test_a_narrow_terminal_has_a_note_below_its_run_and_breaks_no_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _printed(monkeypatch, capsys, 81)
    assert max(map(len, lines)) <= 81
    (number,) = (number for number, line in enumerate(lines) if RUN in line)
    assert all(cell in lines[number] for cell in ROW[:-1])
    assert lines[number + 1].strip() == ROW[-1]


def test_a_name_is_whole_in_a_terminal_that_is_narrower_than_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _printed(monkeypatch, capsys, 30)
    assert any(RUN in line for line in lines)
    assert any("succeeded" in line for line in lines)

"""The pictures in the documents are those of the examples."""

import sys
from pathlib import Path

import pytest

from stacks.flow_pictures import main, pictures, with_pictures
from tests.deploying import ROOT

FLOWS = ROOT / "docs" / "features" / "flows.md"


def test_the_pictures_of_the_documents_are_drawn_from_the_examples() -> None:
    text = FLOWS.read_text()
    assert with_pictures(text, ROOT) == text, "run make generate"


def test_the_flow_that_the_documents_explain_is_drawn() -> None:
    picture = pictures(ROOT / "examples" / "flow.yaml")["nightly"]
    assert 'job4("check")' in picture, "rounded: the flow goes on past it"
    assert f"```mermaid\n{picture}\n```" in FLOWS.read_text()


def test_anybody_can_draw_the_flows_of_a_stack_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config: {my-batch:flows: {weekly: {jobs: {b: {after: [a]}, a: {}}}}}")
    monkeypatch.setattr(sys, "argv", ["flow_pictures", str(file)])
    main()
    assert capsys.readouterr().out.splitlines() == [
        "%% weekly",
        "flowchart LR",
        '  job1["b"]',
        '  job2["a"]',
        "  job2 --> job1",
    ]

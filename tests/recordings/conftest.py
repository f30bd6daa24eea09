"""Plays recordings of AWS against the embedded AWS, where they are at hand."""

from typing import Any

import pytest

from tests.recordings import recorded
from tests.recordings.agreement import Agreement

collect_ignore_glob = [] if recorded.folder() else ["test_*.py"]


@pytest.fixture
def agreement(record_property: Any) -> Agreement:
    return Agreement(record_property)

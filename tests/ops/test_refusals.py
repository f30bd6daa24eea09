"""What is said of a rehearsal that is gone."""

# botocore has no types:
# pyright: reportMissingTypeStubs=false

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ops.aws import explained

UNREACHED = EndpointConnectionError(endpoint_url="http://127.0.0.1:7500/")
UNKNOWN = ClientError({"Error": {"Code": "InvalidClientTokenId"}}, "GetCallerIdentity")


@pytest.mark.parametrize("error", [UNREACHED, UNKNOWN])
def test_a_rehearsal_that_is_gone_is_to_be_served_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:7500")
    (line,) = explained(error).lines
    assert "python -m rehearsal serve dev --deployed, then source .rehearsal/env" in line
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    (line,) = explained(error).lines
    assert "rehearsal" not in line

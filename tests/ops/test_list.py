"""``python -m ops list``."""

from tests.ops.conftest import Account


def test_every_job_flow_and_worker_is_listed_with_its_last_result(account: Account) -> None:
    said = account.ops("list", "--json")
    assert said.code == 0, said.err
    last = {row["name"]: row["last"] for row in said.json}
    assert last["hourly"] == "succeeded"
    assert last["broken"] == "failed"
    assert last["nightly"] == "never"

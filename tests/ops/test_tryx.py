from tests.ops.conftest import Account
def test_x(account: Account) -> None:
    said = account.ops("doctor"); print(said.code, said.out, said.err)
    account.ops("pause", "hourly", "--until", "2h", "--reason", "why")
    said = account.ops("doctor"); print(said.code, said.out, said.err)
    assert 0

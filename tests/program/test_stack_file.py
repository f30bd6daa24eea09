import json
from pathlib import Path

import pytest

from stacks.stack_file import StackFile, StackFileError, known_stacks, read_stack_file


def read(
    directory: Path, config: str, project: str = "name: batch\nruntime: python\n"
) -> StackFile:
    (directory / "Pulumi.yaml").write_text(project)
    (directory / "Pulumi.dev.yaml").write_text(config)
    return read_stack_file(directory, "dev")


def value_of(directory: Path, written: str) -> str:
    return read(directory, f"config:\n  batch:key: {written}\n").config["batch:key"]


def refusal(directory: Path, config: str) -> str:
    with pytest.raises(StackFileError) as refused:
        read(directory, config)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("written", "handed_over"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("true", "true"),
        ("False", "false"),
        ("'true'", "true"),
        ("5", "5"),
        ("1_000", "1000"),
        ("0777", "511"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("0b101", "5"),
        ("-7", "-7"),
        ("012345678901", "12345678901"),
        ("'012345678901'", "012345678901"),
        ("1.50", "1.5"),
        ("2.0", "2"),
        ("99999999999999999999", "100000000000000000000"),
        ("1:30", "1:30"),
        ("12e", "12e"),
        ("~", ""),
        ("", ""),
        ("'~'", "~"),
        ("2026-12-24", "2026-12-24 00:00:00 +0000 UTC"),
        ("'2026-12-24'", "2026-12-24"),
        ("2026-12-24T01:02:03Z", "2026-12-24 01:02:03 +0000 UTC"),
        ("2026-12-24T01:02:03.50+09:00", "2026-12-24 01:02:03.5 +0900 +0900"),
        ("2026-12-24 01:02:03", "2026-12-24 01:02:03 +0000 UTC"),
        ("2026-12-24T01:02:03", "2026-12-24T01:02:03"),
        ("2026-13-01", "2026-13-01"),
        ("cron(0 3 * * ? *)", "cron(0 3 * * ? *)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
        ("!!str 5", "5"),
    ],
)
def test_a_plain_word_means_what_the_cli_makes_of_it(
    tmp_path: Path, written: str, handed_over: str
) -> None:
    assert value_of(tmp_path, written) == handed_over


def test_what_is_not_text_arrives_as_json_with_sorted_keys(tmp_path: Path) -> None:
    handed_over = value_of(tmp_path, "{b: [1, 2.5, no], a: {on: true, none: ~}, c: é}")
    assert handed_over == '{"a":{"none":null,"on":true},"b":[1,2.5,"no"],"c":"é"}'


def test_a_date_inside_a_list_is_text_too(tmp_path: Path) -> None:
    assert json.loads(value_of(tmp_path, "[2026-12-24]")) == ["2026-12-24 00:00:00 +0000 UTC"]


def test_keys_become_text_as_go_writes_them(tmp_path: Path) -> None:
    keys = json.loads(value_of(tmp_path, "{5: a, true: b, 0x10: c, 2.0: d, ~: e}"))
    assert keys == {"5": "a", "true": "b", "16": "c", "2": "d", "<nil>": "e"}


def test_a_key_without_a_namespace_is_the_projects(tmp_path: Path) -> None:
    config = read(tmp_path, "config:\n  size: small\n  aws:region: eu-west-1\n").config
    assert config == {"aws:region": "eu-west-1", "batch:size": "small"}


def test_an_old_config_key_is_read_like_a_new_one(tmp_path: Path) -> None:
    assert read(tmp_path, "config:\n  batch:config:size: small\n").config == {"batch:size": "small"}


def test_defaults_of_the_project_hold_where_the_stack_is_silent(tmp_path: Path) -> None:
    project = (
        "name: batch\nruntime: python\nconfig:\n  size: small\n  zone: {type: string, default: a}\n"
        "  aws:region: {value: eu-west-1}\n  must: {type: string}\n"
    )
    config = read(tmp_path, "config:\n  batch:size: large\n", project).config
    assert config == {"aws:region": "eu-west-1", "batch:size": "large", "batch:zone": "a"}


def test_an_empty_stack_file_configures_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == StackFile("batch", "dev", {}, [])


def test_the_placeholder_of_a_secret_address_is_an_address(tmp_path: Path) -> None:
    stack = read(tmp_path, "config:\n  batch:notify: {webhook: {url: {secure: AAAABother}}}\n")
    assert json.loads(stack.config["batch:notify"]) == {
        "webhook": {"url": "https://rehearsal-secret-batch-notify.webhook.url"}
    }


def test_a_secret_leaves_a_placeholder_and_its_key(tmp_path: Path) -> None:
    stack = read(
        tmp_path,
        "encryptionsalt: v1:salt\nconfig:\n  batch:token:\n    secure: AAABciphertext\n"
        "  batch:apps: {one: [{secure: AAABother}], two: 2}\n  batch:plain: text\n",
    )
    assert stack.secret_keys == ["batch:apps", "batch:token"]
    assert stack.config["batch:token"] == "rehearsal-secret-batch-token"
    apps = json.loads(stack.config["batch:apps"])
    assert apps == {"one": ["rehearsal-secret-batch-apps.one[0]"], "two": 2}
    assert "AAAB" not in repr(stack)


def test_a_map_with_more_than_the_word_secure_is_a_map(tmp_path: Path) -> None:
    stack = read(tmp_path, "config:\n  batch:door: {secure: x, open: y}\n")
    assert stack.secret_keys == []
    assert json.loads(stack.config["batch:door"]) == {"secure": "x", "open": "y"}


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    stack = read(
        tmp_path,
        "config:\n  batch:a: &a {x: 1, y: 2}\n  batch:b: {<<: *a, y: 3}\n"
        "  batch:c: {<<: [{x: 5}, *a]}\n",
    )
    assert json.loads(stack.config["batch:b"]) == {"x": 1, "y": 3}
    assert json.loads(stack.config["batch:c"]) == {"x": 5, "y": 2}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffconfig:\n  batch:a: b\n").config == {"batch:a": "b"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("config:\n  batch:a: 1\n  batch:a: 2\n", "line 3: key 'batch:a' is written twice"),
        ("config:\n  batch:a: {b: 1, 'b': 2}\n", "line 2: key 'b' is written twice"),
        ("config:\n\tbatch:a: 1\n", "line 2: a tab; YAML is indented with spaces"),
        ("config:\n  batch:a: {schedule: cron(0 3 * * ? *)}\n", "line 2: a ? or * inside braces"),
        ("config:\n  batch:a: [cron(0 3 ? * MON 2026)]\n", "line 2: a ? or * inside braces"),
        ("config:\n  batch:a: *nobody\n", "line 2: found undefined alias 'nobody'"),
        ("config:\n  batch:a: &a [*a]\n", "line 2: an anchor's value contains itself"),
        ("config:\n  batch:a: 'b\n", "line 3: found unexpected end of stream"),
        ("config:\n  batch:a: {<<: 5}\n", "line 2: <<: takes a map"),
        ("config:\n  batch:a: !!binary aGk=\n", "line 2: the tag !!binary is not read here"),
        ("config:\n  batch:a: {[1]: 2}\n", "line 2: a map's key must be text"),
        ("config:\n  batch:a: .inf\n", "batch:a holds .inf or .nan"),
        ("config:\n  a:b:c:d: 1\n", "config key 'a:b:c:d' has too many colons"),
        ("config: [1]\n", "config: is not a map"),
        ("- a\n", "line 1: the file is not a map"),
        ("environment: [prod]\n", "environment: is kept by Pulumi ESC"),
        ("config:\n  batch:a: \x01\n", "unacceptable character"),
    ],
)
def test_what_the_cli_refuses_is_refused_in_one_line(
    tmp_path: Path, config: str, words: str
) -> None:
    refused = refusal(tmp_path, config)
    assert refused.startswith("Pulumi.dev.yaml")
    assert words in refused


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    read(tmp_path, "")
    (tmp_path / "Pulumi.dev.yaml").write_bytes(b"config: \xff")
    with pytest.raises(StackFileError, match=r"Pulumi\.dev\.yaml: not UTF-8"):
        read_stack_file(tmp_path, "dev")


def test_an_unknown_stack_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    read(tmp_path, "")
    (tmp_path / "Pulumi.prod.yaml").write_text("")
    assert known_stacks(tmp_path) == ["dev", "prod"]
    with pytest.raises(StackFileError, match=r"no stack 'qa'.*known are dev, prod"):
        read_stack_file(tmp_path, "qa")


def test_a_project_needs_a_file_and_a_name(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match=r"Pulumi\.yaml is missing"):
        read_stack_file(tmp_path, "dev")
    with pytest.raises(StackFileError, match="write the project's name"):
        read(tmp_path, "", project="runtime: python\n")


def test_on_is_a_key_like_any_other(tmp_path: Path) -> None:
    made = read(tmp_path, "config:\n  p:jobs:\n    load:\n      on: {message: {queue: on}}\n")
    assert json.loads(made.config["p:jobs"]) == {"load": {"on": {"message": {"queue": "on"}}}}

"""Reading a bucket, against moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from list_files.files import pages, s3_client
from moto import mock_aws


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "ap-northeast-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="files")
        yield client


def test_a_file_has_a_key_a_size_and_a_time(s3: Any) -> None:
    s3.put_object(Bucket="files", Key="in/a.txt", Body=b"abc")
    [[file]] = pages(s3_client(), "files")
    head = s3.head_object(Bucket="files", Key="in/a.txt")
    assert (file.key, file.size_bytes) == ("in/a.txt", 3)
    assert file.last_modified == head["LastModified"]


@pytest.mark.usefixtures("s3")
def test_an_empty_bucket_has_no_files() -> None:
    assert [file for page in pages(s3_client(), "files") for file in page] == []


def test_a_bucket_is_read_to_its_last_page(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        s3.put_object(Bucket="files", Key=f"{number}.txt", Body=b"")
    keys = [[file.key for file in page] for page in pages(s3_client(), "files")]
    assert keys == [["0.txt", "1.txt"], ["2.txt", "3.txt"], ["4.txt"]]


def test_a_key_is_what_the_user_called_the_file(s3: Any) -> None:
    for key in ("請求書 2026+11.csv", "a\nb"):
        s3.put_object(Bucket="files", Key=key, Body=b"")
    assert [file.key for page in pages(s3_client(), "files") for file in page] == [
        "a\nb",
        "請求書 2026+11.csv",
    ]


@pytest.mark.usefixtures("s3")
def test_the_client_calls_s3_in_the_region_of_the_task() -> None:
    assert s3_client().meta.region_name == "ap-northeast-1"


@pytest.mark.usefixtures("s3")
def test_the_client_gives_up_before_a_job_of_a_minute_times_out() -> None:
    config = s3_client().meta.config
    assert config.connect_timeout * config.retries["total_max_attempts"] <= 30

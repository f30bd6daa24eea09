"""Reading a bucket: one page of files after the other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - it has none
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - it has none

CLIENT = Config(
    connect_timeout=5,  # seconds
    read_timeout=20,  # seconds without a byte
    # The first call included. Waits between are short but for throttling (up to 1, 2, 4 and 8 s),
    # so an endpoint that swallows packets is reported within half a minute.
    retries={"mode": "standard", "total_max_attempts": 5},
)


@dataclass(frozen=True, kw_only=True)
class File:
    """One object of a bucket."""

    key: str
    size_bytes: int
    last_modified: datetime


def s3_client() -> Any:
    """Return a client for S3 in the region that ECS names.

    AWS_REGION is handed on because boto3 itself reads AWS_DEFAULT_REGION only, and without a
    region it calls us-east-1, to which a private network elsewhere has no way.
    """
    region = os.environ.get("AWS_REGION") or None
    session: Any = boto3.Session(region_name=region)  # boto3 has no types
    return session.client("s3", config=CLIENT)


def pages(client: Any, bucket: str) -> Iterator[list[File]]:
    """Return the bucket's files in the order of their keys, a page (1,000 of them) at a time."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield [
            File(key=entry["Key"], size_bytes=entry["Size"], last_modified=entry["LastModified"])
            for entry in page.get("Contents", [])  # an empty bucket has none
        ]

"""The work: how many files and bytes there are, in a bucket and in each of its folders."""

from collections import Counter
from typing import Any

from list_files.files import pages, s3_client

TOP = "/"
"""Name of the folder of files that are in none."""


def sums(bucket: str) -> dict[str, Any]:
    """Add up the files of a bucket by the first part of their keys."""
    files: Counter[str] = Counter()
    size_bytes: Counter[str] = Counter()
    for page in pages(s3_client(), bucket):
        for file in page:
            folder, slash, _ = file.key.partition("/")
            name = folder + slash if slash else TOP
            files[name] += 1
            size_bytes[name] += file.size_bytes
    return {
        "bucket": bucket,
        "files": files.total(),
        "bytes": size_bytes.total(),
        "folders": {
            name: {"files": files[name], "bytes": size_bytes[name]} for name in sorted(files)
        },
    }

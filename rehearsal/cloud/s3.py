"""S3: objects are encrypted."""

from typing import Any

from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

from rehearsal.cloud.repairs import Repairs


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    encrypt_every_object(repairs)


def encrypt_every_object(repairs: Repairs) -> None:
    """Moto encrypts only what it is told to, AWS every object (since 2023).

    And it leaves out of PutObject's answer what kind of checksum it gives.
    """
    initialise = FakeKey.__init__
    checksum_of = S3Response._get_checksum  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - moto's own method

    def encrypted(self: Any, *args: Any, **more: Any) -> None:
        initialise(self, *args, **more)
        self.encryption = self.encryption or "AES256"

    def with_type(self: Any, response_headers: dict[str, Any]) -> Any:
        algorithm, value = checksum_of(self, response_headers)
        if algorithm:
            response_headers["x-amz-checksum-type"] = "FULL_OBJECT"
        return algorithm, value

    repairs.put(FakeKey, "__init__", encrypted)
    repairs.put(S3Response, "_get_checksum", with_type)

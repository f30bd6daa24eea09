import re

import pytest

from definitions import sizes

GIB = 1_024


@pytest.mark.parametrize(
    ("cpu_units", "memories"),
    [
        (256, (512, GIB, 2 * GIB)),
        (512, (GIB, 2 * GIB, 3 * GIB, 4 * GIB)),
        (1_024, (2 * GIB, 5 * GIB, 8 * GIB)),
        (2_048, (4 * GIB, 9 * GIB, 16 * GIB)),
        (4_096, (8 * GIB, 9 * GIB, 30 * GIB)),
        (8_192, (16 * GIB, 20 * GIB, 60 * GIB)),
        (16_384, (32 * GIB, 40 * GIB, 120 * GIB)),
    ],
)
def test_fargate_offers_these_sizes(cpu_units: int, memories: tuple[int, ...]) -> None:
    for memory_mib in memories:
        sizes.check_size(cpu_units, memory_mib)


@pytest.mark.parametrize(
    ("cpu_units", "memory_mib", "message"),
    [
        (
            256,
            4_096,
            "Fargate has no size of 256 CPU units with 4096 MiB: write memoryMib 512, 1024 or "
            "2048, or cpuUnits 512, 1024 or 2048",
        ),
        (
            512,
            512,
            "Fargate has no size of 512 CPU units with 512 MiB: write memoryMib 1024, 2048, 3072 "
            "or 4096, or cpuUnits 256",
        ),
        (
            2_048,
            3_000,
            "Fargate has no size of 2048 CPU units with 3000 MiB: write memoryMib 4096 to 16384 in "
            "steps of 1024",
        ),
        (
            8_192,
            17 * GIB,
            "Fargate has no size of 8192 CPU units with 17408 MiB: write memoryMib 16384 to 61440 "
            "in steps of 4096, or cpuUnits 4096",
        ),
        (
            300,
            512,
            "Fargate has no size of 300 CPU units: write one of 256, 512, 1024, 2048, 4096, 8192 "
            "or 16384",
        ),
    ],
)
def test_an_impossible_size_names_the_possible_ones(
    cpu_units: int, memory_mib: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sizes.check_size(cpu_units, memory_mib)

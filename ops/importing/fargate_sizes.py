"""The smallest size of Fargate that holds what something had elsewhere."""

import re

from definitions.sizes import MEMORY_MIB_BY_CPU_UNITS

_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:e(\d+)|(m|k|[KMGT]i?))?", re.ASCII)
_UNITS = {None: 1.0, "m": 0.001, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} | {
    f"{letter}i": 2.0 ** (10 * power) for power, letter in enumerate("KMGT", 1)
}


def quantity(text: str) -> float:
    """Read a quantity of Kubernetes: ``500m``, ``1.5``, ``128Mi``, ``1e9``.

    Raises:
        ValueError: one line; it is none.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no quantity: write one such as 500m or 512Mi')
    return float(match[1]) * 10 ** int(match[2] or 0) * _UNITS[match[3]]


def size_for(cpu_units: float, memory_mib: float) -> dict[str, int]:
    """Return ``cpuUnits`` and ``memoryMib`` of the smallest size with at least so much.

    Raises:
        ValueError: one line; Fargate has none so large.
    """
    for cpu, memories in MEMORY_MIB_BY_CPU_UNITS.items():
        fitting = [memory for memory in memories if memory >= memory_mib]
        if cpu >= cpu_units and fitting:
            return {"cpuUnits": cpu, "memoryMib": fitting[0]}
    raise ValueError(
        f"Fargate has no size with {cpu_units:g} CPU units and {memory_mib:g} MiB: ask for less"
    )

"""The sizes that Fargate offers: which memory goes with which CPU."""

MIB_PER_GIB = 1_024

MEMORY_MIB_BY_CPU_UNITS: dict[int, tuple[int, ...]] = {
    256: (512, 1_024, 2_048),
    512: tuple(range(1 * MIB_PER_GIB, 4 * MIB_PER_GIB + 1, MIB_PER_GIB)),
    1_024: tuple(range(2 * MIB_PER_GIB, 8 * MIB_PER_GIB + 1, MIB_PER_GIB)),
    2_048: tuple(range(4 * MIB_PER_GIB, 16 * MIB_PER_GIB + 1, MIB_PER_GIB)),
    4_096: tuple(range(8 * MIB_PER_GIB, 30 * MIB_PER_GIB + 1, MIB_PER_GIB)),
    8_192: tuple(range(16 * MIB_PER_GIB, 60 * MIB_PER_GIB + 1, 4 * MIB_PER_GIB)),
    16_384: tuple(range(32 * MIB_PER_GIB, 120 * MIB_PER_GIB + 1, 8 * MIB_PER_GIB)),
}
"""CPU units (1,024 are one vCPU) and the memory in MiB that may go with them.

From "Task CPU and memory" in the Amazon ECS Developer Guide, Linux containers.
"""


def check_size(cpu_units: int, memory_mib: int) -> None:
    """Refuse a CPU and memory pair that Fargate does not offer.

    Raises:
        ValueError: one line that names the memories that go with this CPU, or, where Fargate does
            not know the CPU, the CPUs.
    """
    memories = MEMORY_MIB_BY_CPU_UNITS.get(cpu_units)
    if memories is None:
        raise ValueError(
            f"Fargate has no size of {cpu_units} CPU units: write one of "
            f"{_series(tuple(MEMORY_MIB_BY_CPU_UNITS))}"
        )
    if memory_mib in memories:
        return
    raise ValueError(
        f"Fargate has no size of {cpu_units} CPU units with {memory_mib} MiB: write memoryMib "
        f"{_series(memories)}{_other_cpus(memory_mib)}"
    )


def _other_cpus(memory_mib: int) -> str:
    """Return the other way out: the CPUs that this memory goes with."""
    cpus = tuple(cpu for cpu, memories in MEMORY_MIB_BY_CPU_UNITS.items() if memory_mib in memories)
    return f", or cpuUnits {_series(cpus)}" if cpus else ""


def _series(numbers: tuple[int, ...]) -> str:
    """Write numbers out, or as a range where they are evenly spaced and many."""
    if len(numbers) > len(MEMORY_MIB_BY_CPU_UNITS):
        return f"{numbers[0]} to {numbers[-1]} in steps of {numbers[1] - numbers[0]}"
    *most, last = (str(number) for number in numbers)
    return f"{', '.join(most)} or {last}" if most else last
